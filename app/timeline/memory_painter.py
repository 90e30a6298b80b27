"""Paints the memory lane: a dot for what was learned, joined by a line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.timeline.colours import mix
from app.timeline.memory_points import MemoryPoint
from app.timeline.stamps import Stamps
from app.timeline.words import tr
from core.project.memory_use import silent

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

DOT = 5.0
SIDE = 24  # pixels that a dot with its halo takes at most
_CUTS = ("reset", "episode")  # the thread is cut where the memory was replaced


class MemoryPainter:
    def __init__(self, view: TimelineView) -> None:
        self.view = view
        self._stamps = Stamps()

    def paint(self, painter: QPainter, rect: QRectF, dirty: QRectF) -> None:
        view, scale = self.view, self.view.scale
        if view.index is None:
            return
        points = view.index.memory
        if not points:
            self._hint(painter, rect)
            return
        low, high = view.index.memory_between(
            scale.frame(dirty.left() - 16), scale.frame(dirty.right() + 16)
        )
        around = points[max(0, low - 1) : high + 1]
        if muted := silent(view.project.memory):
            painter.setOpacity(0.45)
        if len(around) > 60 and (around[-1].frame - around[0].frame) * scale.ppf < 5 * len(around):
            self._ticks(painter, around, rect)
        else:
            self._thread(painter, around, rect)
        if muted:
            painter.setOpacity(1.0)

    def _thread(self, painter: QPainter, around: list[MemoryPoint], rect: QRectF) -> None:
        view, c, x, y = self.view, self.view.colours, self.view.scale.x, rect.center().y()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(mix(c.lane, c.memory, 0.6), 2))
        lines = [
            QLineF(x(a.frame), y, x(b.frame), y)
            for a, b in zip(around, around[1:])
            if b.kind not in _CUTS
        ]
        painter.drawLines(lines)
        for point in around:
            at, hovered = QPointF(x(point.frame), y), point.take == view.hovered_memory
            key = (point.kind, hovered, c.lane.rgb(), c.memory.rgb())
            self._stamps.draw(painter, at, SIDE, key, partial(self._dot, point.kind, hovered))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _ticks(self, painter: QPainter, around: list[MemoryPoint], rect: QRectF) -> None:
        """Zoomed out: the line, and a tick only where something is out of the ordinary."""
        c, x, y = self.view.colours, self.view.scale.x, rect.center().y()
        left, right = x(around[0].frame), x(around[-1].frame)
        painter.fillRect(QRectF(left, y - 2, right - left, 4), mix(c.lane, c.memory, 0.8))
        for point in around:
            if point.kind != "learned":
                painter.fillRect(QRectF(x(point.frame) - 1, y - 8, 2, 16), c.memory)

    def _dot(self, kind: str, hovered: bool, painter: QPainter, at: QPointF) -> None:
        c = self.view.colours
        if hovered:
            halo = QColor(c.memory)
            halo.setAlpha(80)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(halo)
            painter.drawEllipse(at, DOT + 5, DOT + 5)
        if kind == "learned":
            painter.setPen(QPen(c.lane, 2))
            painter.setBrush(c.memory)
            painter.drawEllipse(at, DOT + 1, DOT + 1)
        elif kind == "skipped":
            painter.setPen(QPen(c.memory, 1.5))
            painter.setBrush(c.lane)
            painter.drawEllipse(at, DOT, DOT)
        else:  # a diamond: an episode loaded (filled), or the memory reset (hollow)
            painter.setPen(QPen(c.memory, 1.5))
            painter.setBrush(c.memory if kind == "episode" else c.lane)
            d = DOT + 1.5
            painter.drawPolygon(
                [at + QPointF(0, -d), at + QPointF(d, 0), at + QPointF(0, d), at + QPointF(-d, 0)]
            )

    def _hint(self, painter: QPainter, rect: QRectF) -> None:
        view = self.view
        if view.index.empty:
            return
        text = tr("What the memory keeps of accepted chunks appears here")
        if view.project.memory.preset == "off":
            text = tr("The memory is off")
        y = rect.center().y() - view.text.height / 2
        view.lanes.words(painter, 12, y, text, view.viewport().width() - 20, view.colours.dim)
