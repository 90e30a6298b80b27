"""Small marks that recur all over a lane, drawn once and then stamped."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPixmap

#: Kinds × colours × scales of a screen; more than this are never in use at once.
_MOST = 128


class Stamps:
    """A smooth circle costs twenty times a small picture of it."""

    def __init__(self) -> None:
        self._made: dict[Hashable, QPixmap] = {}

    def draw(
        self, painter: QPainter, at: QPointF, side: int, key: Hashable,
        mark: Callable[[QPainter, QPointF], None],
    ) -> None:
        """Stamp what ``mark`` draws around a point, with its middle ``at``; ``side`` is the width
        of the whole mark in pixels, ``key`` says everything that it depends on."""
        scale = painter.device().devicePixelRatioF()
        known = (key, side, scale)
        picture = self._made.get(known)
        if picture is None:
            if len(self._made) >= _MOST:
                self._made.clear()
            picture = QPixmap(round(side * scale), round(side * scale))
            picture.setDevicePixelRatio(scale)
            picture.fill(Qt.GlobalColor.transparent)
            inside = QPainter(picture)
            inside.setRenderHint(QPainter.RenderHint.Antialiasing)
            mark(inside, QPointF(side / 2, side / 2))
            inside.end()
            self._made[known] = picture
        painter.drawPixmap(QPointF(at.x() - side / 2, at.y() - side / 2), picture)
