"""Paints the ruler: timecode, in/out range, markers, and the head of the playhead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.state import timecode
from app.timeline.geometry import RULER, ruler_step

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

HEAD = 11  # width of the head of the playhead


class RulerPainter:
    def __init__(self, view: "TimelineView") -> None:
        self.view = view

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        view, c = self.view, self.view.colours
        rect = QRectF(0, 0, view.viewport().width(), RULER)
        if not rect.intersects(dirty):
            return
        painter.fillRect(rect.intersected(dirty), c.panel)
        painter.fillRect(QRectF(dirty.left(), RULER - 1, dirty.width(), 1), c.line)
        if view.project is not None:
            self._ticks(painter, dirty)
            self._range(painter, dirty)
            self._markers(painter, dirty)

    def _ticks(self, painter: QPainter, dirty: QRectF) -> None:
        view, c, scale = self.view, self.view.colours, self.view.scale
        rate = view.project.rate
        fps = timecode.nominal(rate)
        label, tick = ruler_step(scale.ppf, fps)
        half = 0.5 / scale.ratio
        first = max(0, int(scale.frame(dirty.left() - 100)) // tick * tick)
        last = int(scale.frame(dirty.right())) + tick
        minor, major = [], []
        for frame in range(first, last + 1, tick):
            x = scale.x(frame) + half
            if frame % label:
                minor.append(QLineF(x, RULER - 7, x, RULER - 2))
                continue
            major.append(QLineF(x, RULER - 14, x, RULER - 2))
            text = timecode.to_timecode(frame, rate)
            text = text[3:] if frame < 3600 * fps else text  # no hours before there are any
            if label % fps == 0:
                text = text[:-3]
            view.small.draw(painter, x + 4, 5, text, 96, c.dim)
        painter.setPen(QPen(c.line, 0))
        painter.drawLines(minor)
        painter.setPen(QPen(c.dim, 0))
        painter.drawLines(major)

    def _range(self, painter: QPainter, dirty: QRectF) -> None:
        view, c, p = self.view, self.view.colours, self.view.project
        if p.in_point is None and p.out_point is None:
            return
        left = view.scale.x(p.in_point or 0)
        right = view.scale.x(p.out_point if p.out_point is not None else view.index.end)
        painter.fillRect(QRectF(left, 0, right - left, 4), c.dim)
        for point, x, inward in ((p.in_point, left, 5), (p.out_point, right, -5)):
            if point is not None:
                painter.fillRect(QRectF(x - 1, 0, 2, RULER - 1), c.text)
                painter.fillRect(QRectF(min(x, x + inward), 0, 5, 6), c.text)

    def _markers(self, painter: QPainter, dirty: QRectF) -> None:
        view, c = self.view, self.view.colours
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for marker in view.project.markers:
            x = view.marker_x(marker)
            if not dirty.left() - 140 <= x <= dirty.right() + 10:
                continue
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c.marker)
            y = RULER - 13
            painter.drawPolygon(
                [QPointF(x - 4, y), QPointF(x + 4, y), QPointF(x + 4, y + 6),
                 QPointF(x, y + 11), QPointF(x - 4, y + 6)]
            )  # fmt: skip
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def playhead(self, painter: QPainter, dirty: QRectF) -> None:
        """The line through every lane; light text colour, so that the accent stays for choices."""
        view, c, scale = self.view, self.view.colours, self.view.scale
        if view.project is None:
            return
        x = scale.x(view.playhead)
        if not dirty.left() - HEAD <= x <= dirty.right() + HEAD:
            return
        pixel = max(1.0, round(scale.ratio) / scale.ratio)
        painter.fillRect(QRectF(x, RULER - 14, pixel, view.viewport().height()), c.accent)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.accent)
        mid, h = x + pixel / 2, HEAD / 2
        painter.drawPolygon(
            [QPointF(mid - h, RULER - 22), QPointF(mid + h, RULER - 22),
             QPointF(mid + h, RULER - 15), QPointF(mid, RULER - 8), QPointF(mid - h, RULER - 15)]
        )  # fmt: skip
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def line(self, painter: QPainter, frame: int, colour: QColor, dashed: bool = False) -> None:
        """A line through all lanes: where a drag snaps, where the blade would cut."""
        x = self.view.scale.x(frame) + 0.5 / self.view.scale.ratio
        pen = QPen(colour, 0)
        if dashed:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawLine(QLineF(x, RULER, x, self.view.viewport().height()))
