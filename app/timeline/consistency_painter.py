"""Paints the consistency lane: a bar of drift a chunk, a tick for a cut, a dot for a return."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from app.state.consistency_words import MUCH
from app.timeline.colours import TimelineColours, mix
from app.timeline.columns import ROWS, paint_columns
from app.timeline.consistency_cells import LEVELS, Cell
from app.timeline.stamps import Stamps
from app.timeline.words import tr

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

DOT = 3.5
SIDE = 10  # pixels that a dot takes
LOD = 12.0  # pixels a cell, below which cells become columns
SAME = 0.7  # from here on a return is a full dot


class ConsistencyPainter:
    def __init__(self, view: TimelineView) -> None:
        self.view = view
        self._colours: TimelineColours | None = None
        self._stamps = Stamps()

    def paint(self, painter: QPainter, rect: QRectF, dirty: QRectF) -> None:
        view, scale = self.view, self.view.scale
        cells = view.cells
        self._mix()
        if not cells.cells:
            self._hint(painter, rect)
            return
        around = cells.between(scale.frame(dirty.left() - 12), scale.frame(dirty.right() + 12))
        if not around:
            return
        wide = (around[-1].clip.end - around[0].clip.start) * scale.ppf
        if wide < LOD * len(around):
            inside = QRectF(dirty.left(), rect.top() + 3, dirty.width(), rect.height() - 6)
            paint_columns(painter, scale, cells.arrays, cells.codes, self._table, inside)
        else:
            self._bars(painter, around, rect)
            self._marks(painter, around, rect)
        self._held(painter, rect)

    def _bars(self, painter: QPainter, around: list[Cell], rect: QRectF) -> None:
        x = self.view.scale.x
        room, floor = rect.height() - 12, rect.bottom() - 3
        calm, strong = [], []
        for cell in around:
            left, tall = x(cell.clip.start) + 2, max(2.0, round(cell.drift * room))
            box = QRectF(left, floor - tall, x(cell.clip.end) - 3 - left, tall)
            (strong if cell.drift >= MUCH else calm).append(box)
        painter.setPen(Qt.PenStyle.NoPen)
        for boxes, colour in ((calm, self._calm), (strong, self._strong)):
            if boxes:
                painter.setBrush(colour)
                painter.drawRects(boxes)

    def _marks(self, painter: QPainter, around: list[Cell], rect: QRectF) -> None:
        c, x, half = self.view.colours, self.view.scale.x, self.view.scale.ppf / 2
        dots = [(x(f) + half, same) for cell in around for f, _, same in cell.returns]
        for cell in around:
            for frame in cell.cuts:
                tick = QRectF(x(frame) - 1, rect.top() + 2, 2, rect.height() - 4)
                painter.fillRect(tick, c.warning)
        if not dots:
            return
        for at, same in dots:
            full = same >= SAME
            key, middle = (full, c.lane.rgb(), c.memory.rgb()), QPointF(at, rect.top() + DOT + 4)
            self._stamps.draw(painter, middle, SIDE, key, partial(self._dot, full))

    def _dot(self, full: bool, painter: QPainter, at: QPointF) -> None:
        c = self.view.colours
        painter.setPen(self._pen)
        painter.setBrush(c.memory if full else c.lane)
        painter.drawEllipse(at, DOT, DOT)

    def _held(self, painter: QPainter, rect: QRectF) -> None:
        """What is under the pointer: where it comes back to; what the keyboard holds: a frame."""
        view, c, x = self.view, self.view.colours, self.view.scale.x
        cell = view.cells.by_id.get(view.hovered_cell or view.cell)
        if cell is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(c.memory, 1.2))
        half, floor = view.scale.ppf / 2, rect.bottom() - 4
        for frame, to, _ in cell.returns:
            a, b = x(to) + half, x(frame) + half
            path = QPainterPath(QPointF(a, floor))
            path.cubicTo(QPointF(a, rect.top() - 2), QPointF(b, rect.top() - 2), QPointF(b, floor))
            painter.drawPath(path)
        if cell.clip.id == view.cell:
            painter.setPen(QPen(c.accent, 1))
            left = x(cell.clip.start) + 0.5
            wide = x(cell.clip.end) - left - 1.5
            painter.drawRoundedRect(QRectF(left, rect.top() + 0.5, wide, rect.height() - 1), 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _mix(self) -> None:
        c = self.view.colours
        if self._colours is not c:
            self._colours, self._table = c, column_table(c)
            self._calm, self._strong = mix(c.lane, c.dim, 0.45), mix(c.lane, c.warning, 0.6)
            self._pen = QPen(c.memory, 1.5)

    def _hint(self, painter: QPainter, rect: QRectF) -> None:
        view = self.view
        if view.index is None or view.index.empty:
            return
        clips = view.index.main.clips if view.index.main else ()
        made = any(clip.kind == "chunk" for clip in clips)
        text = tr("Looking at what was made…") if made else (
            tr("Drift, cuts and places that come back appear here")
        )
        y = rect.center().y() - view.text.height / 2
        view.lanes.words(painter, 12, y, text, view.viewport().width() - 20, view.colours.dim)


def column_table(c: TimelineColours) -> np.ndarray:
    """Colours [2 · code + parity, row] of columns: nothing, levels of drift, a cut."""
    table = np.full(((LEVELS + 2) * 2 + 1, ROWS), c.lane.rgb(), np.uint32)
    for level in range(1, LEVELS + 1):
        strong = (level - 1) / LEVELS >= MUCH
        ink = mix(c.lane, c.warning, 0.6) if strong else mix(c.lane, c.dim, 0.45)
        table[2 * level : 2 * level + 2, ROWS - level :] = ink.rgb()
    table[2 * (LEVELS + 1) : 2 * (LEVELS + 1) + 2] = c.warning.rgb()
    return table
