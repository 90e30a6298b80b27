"""The mouse over the lanes: which gesture a press begins, cursors, tooltips, the wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt, QTimer
from PySide6.QtWidgets import QToolTip

from app.timeline import drops, tips
from app.timeline.clip_gestures import MoveClip, TrimClip
from app.timeline.gestures import (
    Gesture,
    MoveAction,
    MoveMarker,
    MoveRangeEdge,
    Pan,
    ResizeAction,
    RubberBand,
    Scrub,
)
from app.timeline.hit import Hit, hit
from app.timeline.together import MoveTogether
from core.project.model import Marker

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

Shape = Qt.CursorShape
Button = Qt.MouseButton
_ADDING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier


class Pointer(QObject):
    def __init__(self, view: TimelineView) -> None:
        super().__init__(view)
        self.view = view
        self.gesture: Gesture | None = None
        self._button = Button.NoButton  # the one that the gesture began with, and ends with
        self.blade: int | None = None  # frame the blade would cut at
        self._narrow: Hit | None = None  # selects only this one if the press was no drag
        self._last = QPointF()
        self._modifiers = Qt.KeyboardModifier.NoModifier
        self._scroller = QTimer(view)
        self._scroller.setInterval(25)
        self._scroller.timeout.connect(self._scroll_on)

    def hit(self, at: QPointF) -> Hit:
        return hit(self.view, at.x(), at.y())

    def document_changed(self) -> None:
        """The ground moved under a drag: drop it, its ids may be gone."""
        if self.gesture is not None and not isinstance(self.gesture, (Scrub, Pan)):
            self.cancel()
        self.blade = None

    def marker_frame(self, marker: Marker) -> int:
        g = self.gesture
        return g.frame if isinstance(g, MoveMarker) and g.marker.id == marker.id else marker.frame

    # -- press, move, release -----------------------------------------------------------------

    def press(self, event) -> None:
        if self.gesture is not None:  # a second button ends nothing and begins nothing
            return
        at = event.position()
        if self.view.editor is not None:
            self.view.editor.commit()
        if event.button() == Button.MiddleButton:
            self.gesture = Pan(self.view, at)
        elif event.button() == Button.LeftButton:
            self.gesture = self._begin(at, event.modifiers())
        if self.gesture is not None:
            self._button = event.button()
            QToolTip.hideText()
            self.refresh_cursor()
            self.gesture.drag(at, event.modifiers())

    def _begin(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> Gesture | None:
        view, where = self.view, self.hit(at)
        self._narrow = None
        if view.project is None:
            return None
        if where.kind in ("in", "out"):
            return MoveRangeEdge(view, at, where.kind)
        if where.kind == "marker":
            marker = next(m for m in view.project.markers if m.id == where.id)
            return MoveMarker(view, at, marker)
        if where.kind == "ruler":
            return Scrub(view, at)
        if where.kind == "memory":
            view.memory_point_clicked.emit(where.id)
            return None
        if where.kind == "consistency":
            view.set_cell(where.id)
            return None
        if where.kind == "clip":
            return self._begin_clip(at, modifiers, where)
        if where.kind == "action":
            return self._begin_action(at, modifiers, where)
        return RubberBand(view, at, bool(modifiers & _ADDING))

    def _begin_clip(self, at: QPointF, modifiers, where: Hit) -> Gesture | None:
        view = self.view
        clip, track_id = view.index.clip_by_id[where.id]
        locked = view.index.tracks[track_id].track.locked
        if view.tool == "blade":
            frame = self.blade_frame(at)
            if not locked and clip.start < frame < clip.end:
                view.clip_split_requested.emit(clip.id, frame)
            return None
        edge = where.edge
        ripple = bool(edge) and modifiers == Qt.KeyboardModifier.ShiftModifier
        if modifiers & _ADDING and not ripple:
            view.selection.toggle_clip(clip.id)
            return None
        if clip.id not in view.selection.clips:
            view.selection.set(clips=[clip.id])
        else:
            self._narrow = where
        if locked:
            return None
        if edge:
            return TrimClip(view, at, clip, track_id, edge, ripple)
        if self._several():
            return MoveTogether(view, at, clip.start, clip.frames, track_id)
        return MoveClip(view, at, clip, track_id)

    def _begin_action(self, at: QPointF, modifiers, where: Hit) -> Gesture | None:
        view, action = self.view, self.view.index.action_by_id[where.id]
        if modifiers & _ADDING:
            view.selection.toggle_action(action.id)
            return None
        if action.id not in view.selection.actions:
            view.selection.set(actions=[action.id])
        else:
            self._narrow = where
        if where.edge:
            return ResizeAction(view, at, action, where.edge)
        if self._several():
            return MoveTogether(view, at, action.start, action.end - action.start)
        return MoveAction(view, at, action)

    def _several(self) -> bool:
        return len(self.view.selection.clips) + len(self.view.selection.actions) > 1

    def move(self, event) -> None:
        at = event.position()
        self._last, self._modifiers = at, event.modifiers()
        if self.gesture is None:
            self._hover(at)
            return
        self.gesture.drag(at, event.modifiers())
        outside = not 0 <= at.x() < self.view.viewport().width()
        if outside and self.gesture.begun and self.gesture.scrolls:
            if not self._scroller.isActive():
                self._scroller.start()
        else:
            self._scroller.stop()

    def release(self, event) -> None:
        if self.gesture is not None and event.button() != self._button:
            return
        gesture, self.gesture = self.gesture, None
        if gesture is None:
            return
        self._scroller.stop()
        self.view.snap_line = None
        if not gesture.begun and self._narrow is not None:
            chosen = [self._narrow.id]
            if self._narrow.kind == "clip":
                self.view.selection.set(clips=chosen)
            else:
                self.view.selection.set(actions=chosen)
        gesture.finish()
        self.refresh_cursor()
        self.view.viewport().update()

    def cancel(self) -> bool:
        """Esc: as if it had never begun."""
        gesture, self.gesture = self.gesture, None
        if gesture is None:
            return False
        self._scroller.stop()
        self.view.snap_line = None
        gesture.cancel()
        self.refresh_cursor()
        self.view.viewport().update()
        return True

    def _scroll_on(self) -> None:
        """The pointer is past an edge: scroll, faster the further it is."""
        view = self.view
        x, width = self._last.x(), view.viewport().width()
        past = x if x < 0 else max(0.0, x - width)
        if self.gesture is None or past == 0:
            self._scroller.stop()
            return
        view.scroll_to(view.scale.left + max(-60.0, min(60.0, past * 0.6)))
        self.gesture.drag(self._last, self._modifiers)

    def double_click(self, event) -> None:
        if event.button() != Button.LeftButton or self.view.project is None:
            return
        if self.gesture is not None:
            return
        where = self.hit(event.position())
        if where.kind == "action":
            self.view.edit_action(where.id)
        elif where.kind == "empty" and where.lane and where.lane.kind == "actions":
            if cell := drops.cell(self.view, self.view.scale.frame(event.position().x())):
                self.view.write_action(*cell)
        elif where.kind == "consistency":
            self.view.seek_requested.emit(where.frame)
        elif where.kind == "clip":
            self.view.seek_requested.emit(self.view.index.clip_by_id[where.id][0].start)

    def blade_frame(self, at: QPointF) -> int:
        view = self.view
        snapper = view.snapper()
        return snapper.snap(max(0.0, view.scale.frame(at.x())), view.scale.ppf)[0]

    # -- hovering -----------------------------------------------------------------------------

    def _hover(self, at: QPointF) -> None:
        view, where = self.view, self.hit(at)
        memory = where.id if where.kind == "memory" else ""
        view.hover_cell(where.id if where.kind == "consistency" else "")
        blade = self.blade_frame(at) if view.tool == "blade" and where.kind == "clip" else None
        if memory != view.hovered_memory or blade != self.blade:
            view.hovered_memory, self.blade = memory, blade
            view.viewport().update()
        view.viewport().setCursor(self._cursor(where))

    def refresh_cursor(self) -> None:
        shape = self.gesture.cursor if self.gesture is not None else None
        if shape is None:
            shape = self._cursor(self.hit(self._last))
        self.view.viewport().setCursor(shape)

    def _cursor(self, where: Hit) -> Shape:
        if where.kind == "memory":
            return Shape.PointingHandCursor
        if where.kind in ("in", "out", "marker"):
            return Shape.SizeHorCursor
        if where.kind == "clip" and self.view.tool == "blade":
            return Shape.CrossCursor
        return Shape.SizeHorCursor if where.edge else Shape.ArrowCursor

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            at = QPointF(event.pos())
            where = self.hit(at)
            text = tips.tip(self.view, where)
            if text:
                x, y = event.pos().x(), event.pos().y()
                QToolTip.showText(
                    event.globalPos(), text, self.view.viewport(), QRect(x - 6, y - 6, 12, 12)
                )
            else:
                QToolTip.hideText()
            return True
        if event.type() == QEvent.Type.Leave:
            self.view.hover_cell("")
        if event.type() == QEvent.Type.Leave and (
            self.view.hovered_memory or self.blade is not None
        ):
            self.view.hovered_memory, self.blade = "", None
            self.view.viewport().update()
        return False

    # -- wheel, menus ------------------------------------------------------------------

    def wheel(self, event) -> None:
        view, turn = self.view, event.angleDelta()
        pixels = event.pixelDelta()
        modifiers = event.modifiers()
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            view.zoom_at(1.0015 ** (turn.y() or turn.x()), event.position().x())
        elif modifiers & Qt.KeyboardModifier.AltModifier:
            bar = view.verticalScrollBar()
            bar.setValue(bar.value() - (turn.y() or turn.x()) // 2)
        elif not pixels.isNull():
            view.scroll_to(view.scale.left - (pixels.x() or pixels.y()))
        else:
            view.scroll_to(view.scale.left - (turn.y() or turn.x()) * 0.8)
        event.accept()

    def context_menu(self, event) -> None:
        view = self.view
        if self.gesture is not None:  # it would take the release that ends the drag
            return
        at = QPointF(view.viewport().mapFromGlobal(event.globalPos()))
        where = self.hit(at)
        if where.kind == "clip" and where.id not in view.selection.clips:
            view.selection.set(clips=[where.id])
        elif where.kind == "action" and where.id not in view.selection.actions:
            view.selection.set(actions=[where.id])
        elif where.kind == "consistency":  # what is offered there is about this one chunk
            view.selection.set(clips=[where.id])
        kind, name = where.kind, where.id
        if kind in ("empty", "planned", "making") and where.lane is not None:
            kind, name = where.lane.kind, where.lane.id
        view.context_menu_requested.emit(kind, name, QPoint(event.globalPos()))
