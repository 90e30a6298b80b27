"""Paints the ruler: timecode, in/out range, markers, and the head of the playhead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.state import timecode
from app.timeline.colours import mix
from app.timeline.geometry import RULER, ruler_step

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

HEAD = 11  # width of the head of the playhead


class RulerPainter:
    def __init__(self, view: TimelineView) -> None:
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
        first = max(0, int(scale.frame(dirty.left() - 100)) // tick * tick)
        last = int(scale.frame(dirty.right())) + tick
        hours = last >= 3600 * fps
        frames = range(first // label * label, last + 1, label)
        major = scale.xs(np.array(frames))
        marks = [
            (scale.xs(np.arange(first, last + 1, tick)), mix(c.line, c.dim, 0.35)),
            (major, c.dim),
        ]
        self._comb(painter, dirty, RULER - 6, 4, marks)
        self._comb(painter, dirty, RULER - 14, 8, marks[1:])
        painter.setPen(c.dim)
        painter.setFont(view.small.font)
        for frame, x in zip(frames, major.tolist()):
            seconds, rest = divmod(frame, fps)
            text = f"{seconds // 60 % 60:02d}:{seconds % 60:02d}"
            if hours:
                text = f"{seconds // 3600:02d}:{text}"
            if label % fps:
                text = f"{text}:{rest:02d}"
            painter.drawStaticText(QPointF(x + 4, 6), view.small.get(text, 96)[0])

    def _comb(self, painter: QPainter, dirty: QRectF, y: float, height: float, marks) -> None:
        """Many thin lines as one stretched row of pixels: a tenth of the time of drawing them."""
        ratio, left = self.view.scale.ratio, int(dirty.left())
        width = int((dirty.right() - left + 1) * ratio)
        row = np.full(width, self.view.colours.panel.rgb(), np.uint32)
        for xs, colour in marks:
            columns = np.rint((xs - left) * ratio).astype(np.intp)
            row[columns[(columns >= 0) & (columns < width)]] = colour.rgb()
        image = QImage(row.data, width, 1, width * 4, QImage.Format.Format_RGB32)
        painter.drawImage(QRectF(left, y, width / ratio, height), image)

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
        """The line through every lane; in the colour of text, so that the accent means a choice."""
        view, c, scale = self.view, self.view.colours, self.view.scale
        if view.project is None:
            return
        x = scale.x(view.playhead)
        if not dirty.left() - HEAD <= x <= dirty.right() + HEAD:
            return
        pixel = max(1.0, round(scale.ratio) / scale.ratio)
        # Opaque, because Qt hands tall see-through fills to other threads and waits for them.
        below = QRectF(x - 1, RULER, pixel + 2, view.viewport().height())
        painter.fillRect(below, c.background)
        painter.fillRect(QRectF(x, RULER - 14, pixel, view.viewport().height()), c.text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.text)
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
