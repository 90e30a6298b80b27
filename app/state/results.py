"""What becomes of the engine's results: files into the project, then one change of the document."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.state.document import Document
from app.workers.background import Background
from core.project import edits, queries
from core.project.model import Project
from core.project.steps import ChunkStep, LearnStep, learned_edit, take_edit
from core.rollout.events import Learned, TakeReady

log = logging.getLogger(__name__)

Edit = Callable[[Project], Project]


class Results(QObject):
    arrived = Signal(str)  # take id
    learned = Signal(str)  # take id
    failed = Signal(str, str)  # job id, one sentence
    ended = Signal()  # whatever came of it: the next step can begin

    def __init__(
        self,
        document: Document,
        background: Background,
        wanted: Callable[[str], bool],
        parent: QObject | None = None,
    ):
        """``wanted(job id)``: asked when the files are there."""
        super().__init__(parent)
        self._document, self._background, self._wanted = document, background, wanted
        self.busy = False  # files are on their way into the project
        self._epoch = 0  # counts projects, so that late answers find the right one

    def forget(self) -> None:
        """The project was closed or another one opened."""
        self._epoch += 1
        self.busy = False

    def take_in(self, job: str, step: ChunkStep | LearnStep, event: TakeReady | Learned) -> None:
        """Hash and move the files beside the interface thread, then change the document."""
        self.busy = True
        epoch, store = self._epoch, self._document.store

        def work() -> Edit:
            if isinstance(event, TakeReady):
                return take_edit(step, event, store)
            return learned_edit(step, event, store)

        def done(edit: Edit) -> None:
            if epoch != self._epoch:
                return
            self.busy = False
            if self._document.project is not None and self._wanted(job):
                self._apply(job, edit, step)
            self.ended.emit()

        def failed(error: Exception) -> None:
            if epoch != self._epoch:
                return
            self.busy = False
            self.failed.emit(job, str(error) or type(error).__name__)
            self.ended.emit()

        self._background.run(work, done, failed)

    def accept(self, take: str) -> bool:
        """Keep a draft; what the memory learns from it later joins this change."""
        return self._document.do(
            self._accepting(take), lambda p: edits.accept_take(p, take), merge_id=f"take:{take}"
        )

    def drop(self, step: ChunkStep | LearnStep) -> None:
        """What a task has written is not wanted."""
        store = self._document.store
        try:
            if store is not None and step.task is not None:
                store.drop_staging(step.task.out_dir)
        except Exception:
            log.info("a staging folder was left", exc_info=True)

    def _accepting(self, take: str) -> str:
        p = self._document.project
        number = queries.chunk_number(p, p.takes[take].chunk) if take in p.takes else None
        return self.tr("Accept chunk %1").replace("%1", str(number or "–"))

    def _apply(self, job: str, edit: Edit, step: ChunkStep | LearnStep) -> None:
        p = self._document.project
        if isinstance(step, LearnStep):
            take = p.takes.get(step.take_id)
            if take is None or take.status != "accepted":
                return  # taken back meanwhile; the memory stays as it was
            if self._document.do(self._accepting(take.id), edit, merge_id=f"take:{step.take_id}"):
                self.learned.emit(step.take_id)
            return
        number = queries.chunk_number(p, step.chunk) if step.chunk else None
        word = self.tr("Redo chunk %1") if step.chunk else self.tr("Generate chunk %1")
        word = self.tr("Another take of chunk %1") if step.aside else word
        if self._document.do(word.replace("%1", str(number or chunks_made(p) + 1)), edit):
            self.arrived.emit(step.take_id)
        else:
            self.failed.emit(job, self.tr("The new take did not fit into the project any more."))


def chunks_made(p: Project) -> int:
    return len({c.source for c in queries.track_clips(p) if c.kind == "chunk"})
