"""The jobs of a project in their order, written down in its journal at every change."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from app.workers.saver import Saver
from core.project import jobs
from core.project.errors import ProjectError
from core.project.jobs import Job, JobState
from core.project.store import ProjectStore


class JobList(QObject):
    changed = Signal()  # the list, or the state of a job
    problem = Signal(str)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._jobs: tuple[Job, ...] = ()
        self._saver: Saver | None = None

    @property
    def jobs(self) -> tuple[Job, ...]:
        return self._jobs

    def job(self, id: str) -> Job | None:
        return next((j for j in self._jobs if j.id == id), None)

    def add(self, job: Job, first: bool = False) -> None:
        self._put((job, *self._jobs) if first else (*self._jobs, job))

    def set_state(self, id: str, state: JobState) -> None:
        self._put(tuple(replace(j, state=state) if j.id == id else j for j in self._jobs))

    def move(self, id: str, by: int) -> None:
        """Sooner (-1) or later (+1) among what has not ended."""
        order = list(self._jobs)
        at = next((i for i, j in enumerate(order) if j.id == id), None)
        if at is None:
            return
        to = at + by
        while 0 <= to < len(order) and order[to].ended:
            to += by
        if 0 <= to < len(order):
            order.insert(to, order.pop(at))
            self._put(tuple(order))

    def clear(self, id: str | None = None) -> None:
        """Forget ended jobs: one, or all of them."""
        self._put(tuple(j for j in self._jobs if not (j.ended and id in (None, j.id))))

    def end_waiting(self, but: Container[str] = ()) -> bool:
        """Jobs that wait for a draft end, unless its take is in ``but``; and with them those queued
        behind to go on from a new chunk that is gone. True if there were any."""
        over = [j for j in self._jobs if isinstance(j.state, jobs.Waiting) and j.state.take not in but]
        new = False  # a draft of a new chunk is dropped: a redo's leaves the take before it there
        for job in self._jobs:
            follows = new and job.kind == "generate" and isinstance(job.state, jobs.Queued)
            new = new or (job in over and job.kind == "generate")
            if job in over or follows:
                self.set_state(job.id, jobs.Cancelled())
        return bool(over)

    # -- the journal --------------------------------------------------------------------------

    def open(self, store: ProjectStore, read_only: bool) -> None:
        self._saver = None
        try:
            found = store.journal.load()
        except (ProjectError, OSError) as error:
            found = ()
            self.problem.emit(str(error))
        if store.journal.problem:
            self.problem.emit(store.journal.problem)
        # What waited for a decision is found again by asking; what was queued waits for a click.
        self._jobs = tuple(
            replace(j, state=jobs.Paused(interrupted=True))
            if isinstance(j.state, jobs.Queued | jobs.Waiting)
            else j
            for j in found
        )
        if not read_only:
            self._saver = Saver(store.journal.save, self)
            self._saver.failed.connect(self.problem)

    def let_go(self) -> None:
        """The journal stays as it is; what changes from here on is not written."""
        if self._saver is not None:
            self._saver.close()
            self._saver = None

    def forget(self) -> None:
        self._jobs = ()

    def flush(self) -> None:
        if self._saver is not None:
            self._saver.flush()

    def _put(self, found: tuple[Job, ...]) -> None:
        self._jobs = found
        if self._saver is not None:
            self._saver.save(found)
        self.changed.emit()
