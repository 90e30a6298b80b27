"""The slow adapter of the open project: what was learned from a person's own footage."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.state.document import Document
from app.state.worlds import Worlds
from app.widgets.notice_bar import Notice
from app.workers.background import Background
from core.project import edits
from core.project.errors import EditError, ProjectError
from core.project.model import Project
from core.worlds.catalogue import WorldError

log = logging.getLogger(__name__)


class SlowAdapters(QObject):
    notice = Signal(object)  # Notice
    busy = Signal(str)

    def __init__(
        self, document: Document, worlds: Worlds, background: Background,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._document, self._worlds, self._background = document, worlds, background

    def choose(self, path: Path) -> None:
        """Take the adapter in ``path`` into the project, or say why it is not for its world."""
        p, store = self._document.project, self._document.store
        if p is None or store is None:
            self.notice.emit(
                Notice(self.tr("Open a project first, then choose a slow adapter for it."), "info")
            )
            return

        def work() -> Callable[[Project], Project]:
            from core.rollout.adopting import adopt_slow_adapter

            return adopt_slow_adapter(store, self._worlds.find(p.world.id), path)

        def done(edit: Callable[[Project], Project]) -> None:
            self.busy.emit("")
            if self._document.store is not store:
                return
            before = self._document.project
            label = self.tr("Slow adapter “%1”").replace("%1", path.stem)
            if self._document.do(label, edit):
                self._tell(before)

        self.busy.emit(self.tr("Reading the slow adapter…"))
        self._background.run(work, done, self._refused)

    def remove(self) -> None:
        p = self._document.project
        if p is None or p.slow_adapter is None:
            return
        label = self.tr("Remove slow adapter “%1”").replace("%1", p.slow_adapter.name)
        if self._document.do(label, edits.remove_slow_adapter):
            self._tell(p)

    def _tell(self, before: Project) -> None:
        """What it means for what is there."""
        p = self._document.project
        if p.world == before.world:
            words = self.tr("“%1” is this project's slow adapter already.")
            self.notice.emit(Notice(words.replace("%1", p.slow_adapter.name), "info"))
            return
        words = self.tr("New chunks walk through “%1”.").replace("%1", p.world.name)
        kept = []
        if p.takes:
            kept.append(self.tr("What was made before is kept and marked as stale."))
        if any(before.memory_bases.values()):
            kept.append(self.tr("A loaded episode fits the former world only and is not used."))
        kept.append(self.tr("Undo takes it back."))
        self.notice.emit(Notice(words, "info", kept=" ".join(kept)))

    def _refused(self, error: Exception) -> None:
        self.busy.emit("")
        known = isinstance(error, (WorldError, EditError, ProjectError, OSError))
        if not known:
            log.error("slow adapter", exc_info=error)
        words = str(error) if known else self.tr("The slow adapter cannot be used: %1.").replace(
            "%1", str(error) or type(error).__name__
        )
        self.notice.emit(Notice(words, kept=self.tr("The project is as it was.")))
