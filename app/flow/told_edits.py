"""What was said of an edit is taken back with it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from app.state.document import Document
from app.widgets.notice_bar import Notice, NoticeBar


class ToldEdits(QObject):
    """An info notice that comes in the same moment as an edit speaks of it: “…is among the episodes
    now”. Once that edit is undone it is no longer true, and goes. Warnings stay until they are
    read, and what is said at another time (a film is written) has nothing to do with the history.
    """

    def __init__(self, document: Document, notices: NoticeBar, parent: QObject | None = None):
        super().__init__(parent)
        self._notices = notices
        self._at = 0  # where the history stands
        self._edited = False  # in this moment
        self._told: tuple[Notice, int] | None = None  # and where the history stood then
        self._moment = QTimer(self)
        self._moment.setSingleShot(True)
        self._moment.setInterval(0)
        self._moment.timeout.connect(self._pass)
        document.stack.indexChanged.connect(self._moved)
        notices.shown.connect(self._heard)

    def _moved(self, index: int) -> None:
        self._edited = index >= self._at  # the same: the edit became one with the last
        self._at = index
        if self._edited:
            self._moment.start()
        elif self._told is not None and index < self._told[1]:
            self._notices.withdraw(self._told[0])
            self._told = None

    def _pass(self) -> None:
        self._edited = False

    def _heard(self, notice: Notice) -> None:
        if notice.level == "info":  # there is but one
            self._told = (notice, self._at) if self._edited else None
