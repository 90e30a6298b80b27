"""Paints the lanes. Only what lies inside the dirty rectangle is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from app.timeline.action_painter import ActionPainter
from app.timeline.clip_painter import ClipPainter
from app.timeline.colours import mix
from app.timeline.consistency_painter import ConsistencyPainter
from app.timeline.memory_painter import MemoryPainter

if TYPE_CHECKING:
    from app.timeline.view import TimelineView


class LanePainter:
    def __init__(self, view: TimelineView) -> None:
        self.view = view
        self.clips = ClipPainter(view)
        self.actions = ActionPainter(view)
        self.memory = MemoryPainter(view)
        self.consistency = ConsistencyPainter(view)

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        view = self.view
        rows = [(lane, view.lane_rect(lane)) for lane in view.rows]
        rows = [(lane, rect) for lane, rect in rows if rect.intersects(dirty)]
        y, left, wide = dirty.top(), dirty.left(), dirty.width()
        for _, rect in rows:  # every pixel once: filling is half of what a repaint costs
            painter.fillRect(QRectF(left, y, wide, rect.top() - y), view.colours.background)
            painter.fillRect(QRectF(left, rect.top(), wide, rect.height()), view.colours.lane)
            y = rect.bottom()
        painter.fillRect(QRectF(left, y, wide, dirty.bottom() - y), view.colours.background)
        if view.index is None:
            return
        self._outside(painter, dirty)
        self._grid(painter, dirty)
        for lane, rect in rows:
            if lane.kind == "actions":
                self.actions.paint(painter, rect, dirty)
            elif lane.kind == "memory":
                self.memory.paint(painter, rect, dirty)
            elif lane.kind == "consistency":
                self.consistency.paint(painter, rect, dirty)
            elif (track := view.index.tracks.get(lane.id)) is not None:
                self.clips.paint(painter, track, rect, dirty)

    def _shade(self) -> int:
        return 60 if self.view.colours.background.lightness() < 128 else 22

    def ground(self, frame: int) -> QColor:
        """The colour of an empty lane there, inside or outside the range."""
        p, lane = self.view.project, self.view.colours.lane
        outside = (p.in_point is not None and frame < p.in_point) or (
            p.out_point is not None and frame >= p.out_point
        )
        return mix(lane, QColor(0, 0, 0), self._shade() / 255) if outside else lane

    def words(
        self, painter: QPainter, x: float, y: float, text: str, room: float, colour: QColor
    ) -> None:
        """Words on a ground of their own, so that no grid line runs through them."""
        wide = min(self.view.text.width(text), room)
        if wide >= 24:
            ground = QRectF(x - 3, y - 1, wide + 6, self.view.text.height + 2)
            painter.fillRect(ground, self.ground(self.view.scale.frame_at(x)))
            self.view.text.draw(painter, x, y, text, room, colour)

    def _outside(self, painter: QPainter, dirty: QRectF) -> None:
        """Outside the in/out range it is darker."""
        p, scale = self.view.project, self.view.scale
        shade = QColor(0, 0, 0, self._shade())
        if p.in_point is not None and scale.x(p.in_point) > dirty.left():
            wide = scale.x(p.in_point) - dirty.left()
            box = QRectF(dirty.left(), dirty.top(), wide, dirty.height())
            painter.fillRect(box.intersected(dirty), shade)
        if p.out_point is not None and scale.x(p.out_point) < dirty.right():
            x = max(dirty.left(), scale.x(p.out_point))
            painter.fillRect(QRectF(x, dirty.top(), dirty.right() - x, dirty.height()), shade)

    def _grid(self, painter: QPainter, dirty: QRectF) -> None:
        """Chunk boundaries, faintly through every lane."""
        view = self.view
        if view.project.chunk_frames * view.scale.ppf < 7:
            return
        bottom = view.lane_rect(view.rows[-1]).bottom()
        top, pixel, x_of = dirty.top(), 1 / view.scale.ratio, view.scale.x
        for frame in view.grid_between(dirty.left() - 2, dirty.right() + 2):
            painter.fillRect(QRectF(x_of(frame), top, pixel, bottom - top), view.colours.grid)
