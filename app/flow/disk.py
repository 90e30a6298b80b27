"""Whether what is asked for fits on the project's disk, said before it begins."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.state.document import Document
from app.state.jobs import JobQueue
from app.state.outlook import chunks_left
from app.state.worlds import Worlds
from app.widgets.notice_bar import Notice
from core.project.jobs import Job
from core.worlds.catalogue import WorldError


class DiskRoom(QObject):
    notice = Signal(object)

    def __init__(
        self, document: Document, queue: JobQueue, worlds: Worlds, parent: QObject | None = None
    ):
        super().__init__(parent)
        self._document, self._queue, self._worlds = document, queue, worlds

    def add(self, job: Job, first: bool = False) -> None:
        """Put ``job`` into the queue where it and what waits there fit on the disk; else say what
        is needed and what there is, and offer to begin all the same."""
        self.add_all([job], first)

    def add_all(self, jobs: list[Job], first: bool = False) -> None:
        words = self._short(jobs)
        if not words:
            return self._add(jobs, first)
        self.notice.emit(Notice(
            words, kept=self.tr("Nothing was begun."),
            fixes=((self.tr("Generate anyway"), lambda: self._add(jobs, first)),),
        ))  # fmt: skip

    def _add(self, jobs: list[Job], first: bool) -> None:
        for job in jobs:
            self._queue.add(job, first)

    def _short(self, jobs: list[Job]) -> str:
        from core.rollout.disk import shortage

        p, store = self._document.project, self._document.store
        if p is None or store is None or not any(chunks_left(p, j) for j in jobs):
            return ""  # what only learns is never held back
        try:
            entry = self._worlds.find(p.world.id)
        except WorldError:
            return ""  # said where the world is needed
        waiting = [j for j in self._queue.jobs if j.kind != "export" and not j.ended]
        # Two jobs that go to the same frame make its chunks once.
        all_ = (*waiting, *jobs)
        reach = max((chunks_left(p, j) for j in all_ if j.kind == "generate"), default=0)
        takes = sum(chunks_left(p, j) for j in all_ if j.kind in ("redo", "more"))
        found = shortage(p, entry, store.folder, reach + takes)
        return found.words if found is not None else ""
