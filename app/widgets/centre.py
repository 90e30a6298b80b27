"""The middle of the window: the picture or the welcome page, and what has to be said above it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.widgets.notice_bar import NoticeBar


class Centre(QWidget):
    """What passes lies over the top of the picture, which so never jumps; what stays until it is
    read or mended gets room of its own."""

    def __init__(self, notices: NoticeBar, body: QWidget):
        super().__init__()
        self.setObjectName("centre")
        self._notices = notices
        notices.setParent(self)
        self._room = QWidget()
        self._room.setFixedHeight(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._room)
        column.addWidget(body, 1)
        notices.installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.LayoutRequest):
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        bar, notice = self._notices, self._notices.current
        height = bar.heightForWidth(self.width())
        bar.setGeometry(0, 0, self.width(), height)
        bar.raise_()
        passes = notice is None or notice.level == "info"
        self._room.setFixedHeight(0 if passes or bar.isHidden() else height)
