"""The open project: the only writer of it, its undo history, and saving after every change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from app.commands.edit import EditCommand
from app.workers.saver import Saver
from core.project.edits import EditError
from core.project.model import Project
from core.project.store import ProjectStore

log = logging.getLogger(__name__)


class Document(QObject):
    """``project`` is None while nothing is open (the welcome page)."""

    opened = Signal(object)  # Project
    closed = Signal()
    changed = Signal(object)  # Project, after every edit, undo and redo
    saved = Signal()
    problem = Signal(str)  # one sentence for the artist

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.project: Project | None = None
        self.store: ProjectStore | None = None
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(400)
        self._saver: Saver | None = None
        self._unsaved = False

    # -- opening and closing -------------------------------------------------------------------

    def open(self, project: Project, store: ProjectStore) -> None:
        """Take over an open store; the caller has read the project from it."""
        self.close()
        self.project, self.store = project, store
        self.stack.clear()
        self._unsaved = False
        self._saver = Saver(store.save)
        self._saver.saved.connect(self._on_saved)
        self._saver.failed.connect(self._on_save_failed)
        self.opened.emit(project)
        self.changed.emit(project)

    def close(self) -> None:
        if self.store is None:
            return
        if self._saver is not None:
            self._saver.close()
            self._saver = None
        store, self.store, self.project = self.store, None, None
        self.stack.clear()
        try:
            store.close()
        except OSError:
            log.exception("closing the project")
        self.closed.emit()

    @property
    def folder(self) -> Path | None:
        return Path(self.store.folder) if self.store else None

    @property
    def read_only(self) -> bool:
        return bool(self.store and self.store.read_only)

    def path(self, asset_id: str) -> Path | None:
        """Where an asset lies; None when it is unknown or missing."""
        if self.store is None or self.project is None:
            return None
        asset = self.project.assets.get(asset_id)
        if asset is None:
            return None
        path = self.store.folder / asset.path
        return path if path.exists() else None

    # -- changing --------------------------------------------------------------------------------

    def do(
        self, label: str, edit: Callable[[Project], Project], merge_id: str | None = None
    ) -> bool:
        """Make one undoable change. False, and ``problem``, where it is refused."""
        if self.project is None:
            return False
        if self.read_only:
            self.problem.emit(
                self.tr("This project is open for reading only, so “%1” was not done.").replace(
                    "%1", label
                )
            )
            return False
        try:
            after = edit(self.project)
        except EditError as refused:
            self.problem.emit(str(refused))
            return False
        if after != self.project:
            self.stack.push(EditCommand(label, self.project, after, self._put, merge_id))
        return True

    def _put(self, project: Project) -> None:
        if self.project is None:
            return
        self.project = project
        self.save()
        self.changed.emit(project)

    def undo(self) -> None:
        self.stack.undo()

    def redo(self) -> None:
        self.stack.redo()

    # -- saving ------------------------------------------------------------------------------------

    @property
    def unsaved(self) -> bool:
        return self._unsaved

    def save(self) -> None:
        if self._saver is not None and self.project is not None and not self.read_only:
            self._unsaved = True
            self._saver.save(self.project)

    def flush(self) -> bool:
        """Wait until the disk has everything (closing, tests); False where it would not take it."""
        return self._saver.flush() if self._saver else True

    def kept(self) -> bool:
        """Whether the disk has everything. What it would not take before is tried once more."""
        if self.flush():
            return True
        if self._saver is None or not self._saver.idle:
            return False  # it hangs: another try would hang behind it
        self.save()
        return self.flush()

    def _on_saved(self) -> None:
        if self._saver is not None and self._saver.idle:
            self._unsaved = False
        self.saved.emit()

    def _on_save_failed(self, reason: str) -> None:
        self._unsaved = True
        self.problem.emit(
            self.tr("The project could not be saved: %1. Everything is kept in memory; "
                    "free some space or fix the folder, then "
                    "save again.").replace("%1", reason.rstrip("."))
        )  # fmt: skip
