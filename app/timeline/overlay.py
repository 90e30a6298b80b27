"""Paints what is only there for a moment: ghosts, the blade, drops; and the empty states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from app.timeline.geometry import RULER
from app.timeline.words import tr

if TYPE_CHECKING:
    from app.timeline.view import TimelineView


class OverlayPainter:
    def __init__(self, view: TimelineView) -> None:
        self.view = view

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        view, pointer, drops = self.view, self.view.pointer, self.view.drops
        if view.index is None or view.index.empty:
            self._empty(painter)
        if view.snap_line is not None:
            view.ruler.line(painter, view.snap_line, view.colours.accent)
        if pointer.blade is not None:
            view.ruler.line(painter, pointer.blade, view.colours.text, dashed=True)
        if drops.dropping is not None:
            self.action_ghost(painter, *drops.dropping)
        if drops.file_frame is not None:
            view.ruler.line(painter, drops.file_frame, view.colours.accent)
        if pointer.gesture is not None and pointer.gesture.begun:
            painter.save()
            painter.setClipRect(QRectF(0, RULER, view.viewport().width(), view.viewport().height()))
            pointer.gesture.paint(painter)
            painter.restore()
        if view.editor is not None and not view.editor.action_id:
            self.action_ghost(painter, view.editor.start, view.editor.end, "")

    def action_ghost(self, painter: QPainter, start: int, end: int, text: str) -> None:
        view = self.view
        box = view.action_rect(start, end)
        short = end - start < view.project.chunk_frames
        view.lanes.actions.block(painter, box, text or " ", short, True)

    def _empty(self, painter: QPainter) -> None:
        view, c = self.view, self.view.colours
        tracks = [view.lane_rect(lane) for lane in view.rows if lane.kind == "track"]
        rect = tracks[-1].adjusted(8, 4, -8, -4)
        text = tr("Drop a picture or a video here, or press Ctrl+N")
        pen = QPen(c.dim if view.drops.file_frame is None else c.accent, 1)
        pen.setStyle(Qt.PenStyle.DashLine)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        wide = min(rect.width() - 16, view.text.width(text) + 1)
        x = rect.center().x() - wide / 2
        view.text.draw(painter, x, rect.center().y() - view.text.height / 2, text, wide, c.dim)
