"""What a drag does. Its state lives here and nowhere else; on release it emits one intent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.state import timecode
from app.timeline.geometry import RULER
from app.timeline.snapping import free_start
from app.timeline.words import tr
from core.project.model import ActionSpan, Marker

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

Shape = Qt.CursorShape


class Gesture:
    cursor: Shape | None = None
    threshold = 4  # pixels before a press becomes a drag
    scrolls = True  # the view follows the pointer past its edges
    hidden_actions: frozenset[str] = frozenset()  # their ghosts stand for them

    def __init__(self, view: TimelineView, press: QPointF) -> None:
        self.view = view
        self.press = press
        self.begun = False

    def drag(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if not self.begun:
            if (at - self.press).manhattanLength() < self.threshold:
                return
            self.begun = True
        self.move(at, modifiers)
        self.view.viewport().update()

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None: ...

    def finish(self) -> None: ...

    def cancel(self) -> None: ...

    def paint(self, painter: QPainter) -> None: ...

    def badge(self, painter: QPainter, x: float, y: float, text: str) -> None:
        """A small label beside what is dragged: where it will be."""
        c, label = self.view.colours, self.view.text
        wide = label.width(text) + 12
        x = max(4.0, min(x, self.view.viewport().width() - wide - 4))
        box = QRectF(x, y, wide, label.height + 6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(c.line, 1))
        painter.setBrush(c.background)
        painter.drawRoundedRect(box, 4, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        label.draw(painter, x + 6, y + 3, text, wide, c.text)


class Scrub(Gesture):
    threshold = 0

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.view.seek_requested.emit(self.view.scale.nearest(at.x()))


class Pan(Gesture):
    cursor = Shape.ClosedHandCursor
    threshold = 0
    scrolls = False

    def __init__(self, view: TimelineView, press: QPointF) -> None:
        super().__init__(view, press)
        self.left = view.scale.left
        self.top = view.verticalScrollBar().value()

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.view.scroll_to(self.left + self.press.x() - at.x())
        self.view.verticalScrollBar().setValue(round(self.top + self.press.y() - at.y()))


class RubberBand(Gesture):
    """Selects what it touches; with Shift or Ctrl it adds to what is selected."""

    def __init__(self, view: TimelineView, press: QPointF, adding: bool) -> None:
        super().__init__(view, press)
        self.anchor = view.scale.frame(press.x())  # stays with the content while it scrolls
        self.anchor_y = press.y() + view.verticalScrollBar().value()
        self.before = (
            (view.selection.clips, view.selection.actions) if adding else (frozenset(), frozenset())
        )
        self.adding = adding
        self.box = QRectF()

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        view = self.view
        x = view.scale.x(self.anchor)
        y = self.anchor_y - view.verticalScrollBar().value()
        self.box = QRectF(QPointF(x, y), QPointF(at.x(), max(RULER, at.y()))).normalized()
        clips, actions = view.inside(self.box)
        view.selection.set(self.before[0] | clips, self.before[1] | actions)

    def finish(self) -> None:
        if not self.begun and not self.adding:
            self.view.selection.clear()

    def cancel(self) -> None:
        self.view.selection.set(*self.before)

    def paint(self, painter: QPainter) -> None:
        fill = QColor(self.view.colours.accent)
        fill.setAlpha(36)
        painter.fillRect(self.box, fill)
        painter.setPen(QPen(self.view.colours.accent, 0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self.box)


class MoveAction(Gesture):
    cursor = Shape.ClosedHandCursor

    def __init__(self, view: TimelineView, press: QPointF, action: ActionSpan) -> None:
        super().__init__(view, press)
        self.action = action
        self.start = action.start
        self.grab = view.scale.frame(press.x()) - action.start
        self.snapper = view.snapper(without=(action.start, action.end))
        self.taken = view.index.taken(action.id)
        self.hidden_actions = frozenset([action.id])

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        frames = self.action.end - self.action.start
        want = self.view.scale.frame(at.x()) - self.grab
        start, point = self.snapper.snap_range(want, frames, self.view.scale.ppf)
        self.start = free_start(self.taken, max(0, start), frames)
        landed = self.start == start and point is not None
        self.view.snap_line = point if landed else None

    def finish(self) -> None:
        if self.begun and self.start != self.action.start:
            self.view.action_move_requested.emit(self.action.id, self.start)

    def paint(self, painter: QPainter) -> None:
        end = self.start + self.action.end - self.action.start
        self.view.paint_action_ghost(painter, self.start, end, self.action.text)
        rate = self.view.project.rate
        box = self.view.action_rect(self.start, end)
        self.badge(painter, box.left(), box.bottom() + 4, timecode.to_timecode(self.start, rate))


class ResizeAction(Gesture):
    cursor = Shape.SizeHorCursor

    def __init__(self, view: TimelineView, press: QPointF, action: ActionSpan, edge: str) -> None:
        super().__init__(view, press)
        self.action, self.edge = action, edge
        self.start, self.end = action.start, action.end
        grabbed = action.start if edge == "left" else action.end
        self.grab = view.scale.frame(press.x()) - grabbed
        self.snapper = view.snapper(without=(grabbed,))
        taken = view.index.taken(action.id)
        self.low = max((end for _, end in taken if end <= action.start), default=0)
        self.high = min((start for start, _ in taken if start >= action.end), default=None)
        self.hidden_actions = frozenset([action.id])

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        want = self.view.scale.frame(at.x()) - self.grab
        frame, point = self.snapper.snap(want, self.view.scale.ppf)
        if self.edge == "left":
            self.start = max(self.low, min(frame, self.end - 1))
            landed = self.start
        else:
            self.end = max(frame, self.start + 1)
            if self.high is not None:
                self.end = min(self.end, self.high)
            landed = self.end
        self.view.snap_line = point if landed == point else None

    def finish(self) -> None:
        if self.begun and (self.start, self.end) != (self.action.start, self.action.end):
            self.view.action_resize_requested.emit(self.action.id, self.start, self.end)

    def paint(self, painter: QPainter) -> None:
        self.view.paint_action_ghost(painter, self.start, self.end, self.action.text)
        box = self.view.action_rect(self.start, self.end)
        frames = self.end - self.start
        length = timecode.short(frames, self.view.project.rate)
        x = box.left() if self.edge == "left" else box.right() - 90
        self.badge(painter, x, box.bottom() + 4, tr("{0} · {1} frames").format(length, frames))


class MoveMarker(Gesture):
    cursor = Shape.SizeHorCursor

    def __init__(self, view: TimelineView, press: QPointF, marker: Marker) -> None:
        super().__init__(view, press)
        self.marker, self.frame = marker, marker.frame
        self.snapper = view.snapper(without=(marker.frame,))

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        want = max(0.0, self.view.scale.frame(at.x()))
        self.frame, self.view.snap_line = self.snapper.snap(want, self.view.scale.ppf)

    def finish(self) -> None:
        if not self.begun:
            self.view.seek_requested.emit(self.marker.frame)
        elif self.frame != self.marker.frame:
            self.view.marker_move_requested.emit(self.marker.id, self.frame)


class MoveRangeEdge(Gesture):
    """An end of the in/out range."""

    cursor = Shape.SizeHorCursor

    def __init__(self, view: TimelineView, press: QPointF, edge: str) -> None:
        super().__init__(view, press)
        p = view.project
        self.edge = edge
        self.range = (p.in_point, p.out_point)
        self.before = self.range
        self.snapper = view.snapper(without=tuple(f for f in self.range if f is not None))

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        want = max(0.0, self.view.scale.frame(at.x()))
        frame, self.view.snap_line = self.snapper.snap(want, self.view.scale.ppf)
        first, stop = self.before
        if self.edge == "in":
            first = frame if stop is None else min(frame, stop - 1)
        else:
            stop = max(frame, (first or 0) + 1)
        self.range = (first, stop)

    def finish(self) -> None:
        if self.begun and self.range != self.before:
            self.view.in_out_requested.emit(*self.range)

    def paint(self, painter: QPainter) -> None:
        frame = self.range[0] if self.edge == "in" else self.range[1]
        self.view.ruler.line(painter, frame, self.view.colours.text)
        at = timecode.to_timecode(frame, self.view.project.rate)
        self.badge(painter, self.view.scale.x(frame) + 6, RULER + 2, at)
