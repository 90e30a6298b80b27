"""The queue: what is made, what waits, what is done. Drives one engine, one task at a time.

What a job does next follows from the document alone (``core.project.steps``), so a queue that was
cut off by a crash goes on where it stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.state.document import Document
from app.state.in_hand import Active, InHand
from app.state.job_list import JobList
from app.state.planned import planned_step
from app.state.results import Results
from app.workers.background import Background
from app.workers.engine_worker import EngineWorker
from core.project import jobs
from core.project.errors import EditError, ProjectError
from core.project.jobs import Job, JobState
from core.project.model import Project
from core.project.steps import (
    AcceptStep,
    AwaitDecision,
    ChunkStep,
    Finished,
    LearnStep,
)
from core.rollout.events import Cancelled, Failed, Learned, TakeReady

log = logging.getLogger(__name__)

_TICK_MS = 500


class JobQueue(QObject):
    changed = Signal()  # the list, or the state of a job
    progressed = Signal()  # words and bars
    preview = Signal(bytes)
    fitted = Signal(object)  # Fitted: how the engine made the world fit
    begun_again = Signal(str)  # a sentence: the engine was lost, and goes on with the same chunk
    remarked = Signal(str)  # a sentence: it goes on otherwise than was asked for
    take_arrived = Signal(str)  # take id
    learned = Signal(str)  # take id
    waiting = Signal(str)  # take id: a draft waits for the artist
    failed = Signal(object, str)  # Job, one sentence
    problem = Signal(str)
    through = Signal(object)  # Job: everything it was to make is made
    export_wanted = Signal(object)  # Job: the exporter runs it in its own thread

    def __init__(
        self,
        document: Document,
        worker: EngineWorker,
        world_folder: Callable[[str], Path],
        background: Background,
        controls: Callable[[], tuple[Any, Any]] | None = None,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._document = document
        self._world_folder = world_folder
        self._list = JobList(self)
        self._list.problem.connect(self.problem)
        self._list.changed.connect(self._on_list)
        self._hand = InHand(worker, controls, self)
        self._hand.progressed.connect(self.progressed)
        self._hand.preview.connect(self.preview)
        self._hand.fitted.connect(self.fitted)
        self._hand.begun_again.connect(self.begun_again)
        self._hand.remarked.connect(self.remarked)
        self._hand.ended.connect(self._on_ended)
        self._results = Results(document, background, self._wanted, self)
        self._results.arrived.connect(self.take_arrived)
        self._results.learned.connect(self.learned)
        self._results.failed.connect(lambda id, words: self._fail(self.job(id), words))
        self._results.ended.connect(self.advance)
        self._began: dict[str, int] = {}  # job id → takes there were when it began
        document.opened.connect(self._on_opened)
        document.closed.connect(self._on_closed)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self.progressed)

    # -- what it is ---------------------------------------------------------------------------

    @property
    def jobs(self) -> tuple[Job, ...]:
        return self._list.jobs

    @property
    def active(self) -> Active | None:
        return self._hand.active

    @property
    def busy(self) -> bool:
        """The engine works, or a result is being taken in."""
        return self.active is not None or self._results.busy

    @property
    def rests(self) -> bool:
        """Nothing goes on by itself: there is nothing to make, or it waits for the artist."""
        first = self._next_job()
        return not self.busy and (first is None or isinstance(first.state, jobs.Waiting))

    def job(self, id: str) -> Job | None:
        return self._list.job(id)

    def takes_before(self, id: str) -> int:
        """How many takes there were when the job began."""
        p = self._document.project
        return self._began.get(id, len(p.takes) if p is not None else 0)

    def spent(self, id: str) -> float:
        """Seconds the engine has worked for a job."""
        return self._hand.spent(id)

    @property
    def current(self) -> Job | None:
        """The generation job in hand, or the one whose draft waits."""
        if self.active is not None and not self.active.dropped:
            return self.job(self.active.job)
        return next(
            (j for j in self.jobs if j.kind != "export" and isinstance(j.state, jobs.Waiting)),
            None,
        )

    # -- commands -----------------------------------------------------------------------------

    def add(self, job: Job, first: bool = False) -> None:
        self._list.add(job, first)
        if job.kind == "export":
            self.export_wanted.emit(job)
        self.advance()

    def pause(self, id: str) -> None:
        job = self.job(id)
        if job is None or job.ended:
            return
        if self._hand.holds(id):
            self._hand.pause()
        self._set(id, jobs.Paused())
        self.advance()

    def resume(self, id: str) -> None:
        job = self.job(id)
        if job is None or not isinstance(job.state, jobs.Paused):
            return
        if self._hand.holds(id) and not self.active.dropped:
            self._hand.resume()
            self._set(id, jobs.Running())
            return
        self._set(id, jobs.Queued())
        if job.kind == "export":
            self.export_wanted.emit(self.job(id))
        self.advance()

    def toggle_pause(self, id: str) -> None:
        job = self.job(id)
        if job is not None:
            self.resume(id) if isinstance(job.state, jobs.Paused) else self.pause(id)

    def cancel(self, id: str) -> None:
        job = self.job(id)
        if job is None or job.ended:
            return
        if self._hand.holds(id):
            self.active.drop()
        self._set(id, jobs.Cancelled())
        self.progressed.emit()
        self.advance()

    def cancel_all(self) -> None:
        for job in self.jobs:
            self.cancel(job.id)

    def move(self, id: str, by: int) -> None:
        """Sooner (-1) or later (+1) among what has not ended."""
        self._list.move(id, by)

    def clear(self, id: str | None = None) -> None:
        """Forget ended jobs: one, or all of them."""
        self._list.clear(id)

    def set_state(self, id: str, state: JobState) -> None:
        """For the exporter, which runs its own jobs."""
        self._set(id, state)

    def resume_interrupted(self) -> None:
        for job in self.jobs:
            if isinstance(job.state, jobs.Paused) and job.state.interrupted:
                self.resume(job.id)

    # -- the loop -----------------------------------------------------------------------------

    def advance(self) -> None:
        """Go on with the first job that can: called after every event and every decision."""
        while not self.busy and self._document.project is not None and not self._document.read_only:
            job = self._next_job()
            if job is None or not self._step(job):
                break
        self._tick_if_busy()

    def _next_job(self) -> Job | None:
        """The first one that is neither held nor through."""
        going = jobs.Queued | jobs.Running | jobs.Waiting
        return next(
            (j for j in self.jobs if j.kind != "export" and isinstance(j.state, going)), None
        )

    def _step(self, job: Job) -> bool:
        """One step of ``job``. True when the next one can follow at once."""
        p, store = self._document.project, self._document.store
        if p is None or store is None:
            return False
        try:
            step = planned_step(p, job, store, self._world_folder)
        except (EditError, ProjectError, OSError) as error:
            return self._fail(job, str(error))
        except Exception as error:
            log.exception("planning job %s", job.id)
            return self._fail(job, str(error) or type(error).__name__)
        match step:
            case ChunkStep() | LearnStep():
                self._start(job, step)
                return False
            case AcceptStep(take_id=take):
                if not self._results.accept(take):
                    return self._fail(job, self.tr("The draft could not be accepted."))
                return True
            case AwaitDecision(take_id=take):
                if not isinstance(job.state, jobs.Waiting) or job.state.take != take:
                    self._set(job.id, jobs.Waiting(take))
                    self.waiting.emit(take)
                return False
            case Finished():
                self._set(job.id, jobs.Done())
                self.through.emit(job)
                return True
        raise AssertionError(f"no such step: {step!r}")

    def _start(self, job: Job, step: ChunkStep | LearnStep) -> None:
        self._hand.start(job.id, step)
        self._began.setdefault(job.id, len(self._document.project.takes))
        self._set(job.id, jobs.Running())
        self.progressed.emit()

    def _wanted(self, id: str) -> bool:
        """Whether what a job made is still to be taken in."""
        job = self.job(id)
        return job is not None and not isinstance(job.state, jobs.Cancelled)

    def _fail(self, job: Job, sentence: str) -> bool:
        self._set(job.id, jobs.Failed(sentence))
        self.failed.emit(job, sentence)
        return True

    # -- what the engine ended with -----------------------------------------------------------

    def _on_ended(self, active: Active, event: object) -> None:
        job = self.job(active.job)
        if active.dropped or job is None or self._document.store is None:
            self._results.drop(active.step)
            self.changed.emit()
            self.progressed.emit()
            self.advance()
            return
        match event:
            case TakeReady() | Learned():
                self._results.take_in(job.id, active.step, event)
            case Cancelled():
                self._results.drop(active.step)
                self._set(job.id, jobs.Cancelled())
            case Failed(message=message):
                self._results.drop(active.step)
                self._fail(job, message)
        self.progressed.emit()
        self.advance()

    # -- decisions ----------------------------------------------------------------------------

    def decided(self) -> None:
        """The artist accepted or brought back: whoever waited goes on."""
        self.advance()

    def stop_waiting(self) -> None:
        """The draft was dropped: jobs that waited for it end, what they made stays."""
        self._list.end_waiting()

    def check_waiting(self) -> None:
        """After undo: a job must not wait for a draft that was never made."""
        if self._document.project is not None and self._list.end_waiting(
            but=self._document.project.takes
        ):
            self.advance()

    # -- project, journal ---------------------------------------------------------------------

    def _on_opened(self, _project: Project) -> None:
        self._hand.new_project()
        self._results.forget()
        self._list.open(self._document.store, self._document.read_only)
        self.changed.emit()
        self.progressed.emit()

    def let_go(self) -> None:
        """Before the project closes: stop the engine, write the queue down as it is."""
        self._hand.let_go()
        self._list.let_go()

    def _on_closed(self) -> None:
        self._hand.new_project()
        self._hand.active = None
        self._results.forget()
        self._list.forget()
        self.changed.emit()
        self.progressed.emit()

    def _set(self, id: str, state: JobState) -> None:
        self._list.set_state(id, state)

    def _on_list(self) -> None:
        self._tick_if_busy()
        self.changed.emit()

    def flush(self) -> None:
        self._list.flush()

    def _tick_if_busy(self) -> None:
        if self.busy and not self._tick.isActive():
            self._tick.start()
        elif not self.busy and self._tick.isActive():
            self._tick.stop()
            self.progressed.emit()
