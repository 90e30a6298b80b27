"""A thumbnail with words beside or below it that can be chosen by a click, Enter or Space."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.widgets.basics import ElidedLabel
from app.widgets.pixmaps import Pixmaps

_PRESS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class Thumb(QWidget):
    """A picture that fills its place, whatever size that has."""

    def __init__(self, pixmaps: Pixmaps, path: Path | str | None):
        super().__init__()
        self._pixmaps, self._path = pixmaps, path

    def paintEvent(self, event) -> None:
        picture = self._pixmaps.get(
            self._path, self.width(), self.height(), self.devicePixelRatioF()
        )
        painter = QPainter(self)
        painter.drawPixmap(0, 0, picture)
        painter.end()


class Pressable(QFrame):
    """A frame that acts like a button."""

    clicked = Signal()

    def __init__(self, name: str):
        super().__init__()
        self.setProperty("role", "choice")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(name)

    def mouseReleaseEvent(self, event) -> None:
        inside = self.rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and inside:
            self.clicked.emit()

    def keyPressEvent(self, event) -> None:
        if event.key() in _PRESS:
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


class Choice(Pressable):
    """``size`` is that of the thumbnail; with ``below`` the words stand under it and it takes the
    width there is."""

    def __init__(
        self,
        pixmaps: Pixmaps,
        path: Path | str | None,
        size: tuple[int, int],
        name: str,
        facts: str = "",
        tip: str = "",
        below: bool = False,
        more: QWidget | None = None,
        note: str = "",
    ):
        super().__init__(", ".join(part for part in (name, facts, note) if part))
        self.setToolTip(tip)
        self.name = name
        self.thumb = Thumb(pixmaps, path)
        self.thumb.setFixedHeight(size[1])
        row: QBoxLayout = QVBoxLayout(self) if below else QHBoxLayout(self)
        row.setContentsMargins(6, 6, 6 if below else 10, 6)
        row.setSpacing(6 if below else 10)
        row.addWidget(self.thumb)
        words = QVBoxLayout()
        words.setSpacing(1)
        if not below:
            self.thumb.setFixedWidth(size[0])
            words.addStretch(1)
        words.addWidget(ElidedLabel(name))
        if facts:
            words.addWidget(ElidedLabel(facts, "dim"))
        if note:
            words.addWidget(ElidedLabel(note, "dim"))
        if not below:
            words.addStretch(1)
        row.addLayout(words, 0 if below else 1)
        if more is not None:
            row.addWidget(more)


def clear(layout: QBoxLayout) -> None:
    """Take every widget out of a layout at once, so that no ghost of it is painted."""
    while layout.count():
        old = layout.takeAt(0).widget()
        if old is not None:
            old.hide()
            old.deleteLater()
