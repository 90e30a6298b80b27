"""One undo step: the document before and after. Values are shared, so a step costs little."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

from core.project.model import Project


class EditCommand(QUndoCommand):
    """Puts ``after`` in place, undo ``before``. Steps with one ``merge_id`` become one."""

    def __init__(
        self,
        label: str,
        before: Project,
        after: Project,
        put: Callable[[Project], None],
        merge_id: str | None = None,
    ):
        super().__init__(label)
        self.before, self.after, self._put = before, after, put
        self._merge_id = merge_id

    def id(self) -> int:
        return zlib.crc32(self._merge_id.encode()) & 0x7FFFFFFF if self._merge_id else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, EditCommand) or other._merge_id != self._merge_id:
            return False
        self.after = other.after
        return True

    def redo(self) -> None:
        self._put(self.after)

    def undo(self) -> None:
        self._put(self.before)
