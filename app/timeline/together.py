"""Dragging everything that is selected at once."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from app.state import timecode
from app.timeline.gestures import Gesture, Shape
from app.timeline.words import tr

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

_Range = tuple[int, int]


class MoveTogether(Gesture):
    """All of it goes as far as the block that was grabbed, where there is room. Clips of one track
    held over other clips take a place among them, side by side, as a single one does."""

    cursor = Shape.ClosedHandCursor

    def __init__(
        self, view: TimelineView, press: QPointF, start: int, frames: int, track_id: str = ""
    ) -> None:
        """``start`` and ``frames``: the block that was grabbed; ``track_id``: "" for an action."""
        super().__init__(view, press)
        self.start, self.frames, self.track_id = start, frames, track_id
        self.grab = view.scale.frame(press.x()) - start
        self.by = 0
        self.index = -1  # place among the other clips of the track, or -1: moved by ``by``
        self.line: int | None = None
        chosen = view.selection
        self.clips = {
            t.id: [c for c in t.clips if c.id in chosen.clips]
            for t in view.index.tracks.values()
            if not t.track.locked
        }
        self.clips = {id: clips for id, clips in self.clips.items() if clips}
        self.actions = [a for a in view.project.actions if a.id in chosen.actions]
        self.hidden_actions = frozenset(a.id for a in self.actions)
        self.moved = {id: [(c.start, c.end) for c in clips] for id, clips in self.clips.items()}
        self.moved[""] = [(a.start, a.end) for a in self.actions]
        self.still = {
            id: [(c.start, c.end) for c in view.index.tracks[id].clips if c.id not in chosen.clips]
            for id in self.clips
        }
        self.still[""] = [
            (a.start, a.end) for a in view.project.actions if a.id not in chosen.actions
        ]
        ranges = [r for some in self.moved.values() for r in some]
        self.first = min((a for a, _ in ranges), default=0)
        edges = {edge for r in ranges for edge in r}
        self.snapper = view.snapper(without=edges, home=False)
        self.in_order = set(self.clips) == {track_id}  # clips of one track: an order can be meant

    @property
    def clip_ids(self) -> list[str]:
        return [c.id for clips in self.clips.values() for c in clips]

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        view = self.view
        want = view.scale.frame(at.x()) - self.grab
        start, point = self.snapper.snap_range(want, self.frames, view.scale.ppf)
        by = max(start - self.start, -self.first)
        self.index, self.line = -1, None
        if self.in_order and not _free(self.moved[self.track_id], self.still[self.track_id], by):
            self._place(self.start + by + self.frames / 2)
        elif all(_free(self.moved[id], self.still[id], by) for id in self.moved):
            self.by = by
        landed = self.index < 0 and self.by == start - self.start
        view.snap_line = point if landed else None

    def _place(self, centre: float) -> None:
        """A place in the order, where the middle of the grabbed clip is."""
        others = self.still[self.track_id]
        self.index = sum(1 for a, b in others if (a + b) / 2 < centre)
        if self.index < len(others):
            self.line = others[self.index][0]
        else:
            self.line = others[-1][1]

    def finish(self) -> None:
        if not self.begun:
            return
        if self.index >= 0:
            self.view.together_order_requested.emit(self.clip_ids, self.index)
        elif self.by:
            ids = [a.id for a in self.actions]
            self.view.together_move_requested.emit(self.clip_ids, ids, self.by)

    # -- painting -----------------------------------------------------------------------------

    def paint(self, painter: QPainter) -> None:
        view = self.view
        width = view.viewport().width()
        for track_id, clips in self.clips.items():
            rect = view.lane_rect(view.lane_of_track(track_id))
            for clip in clips:
                left = view.scale.x(clip.start + self.by)
                wide = max(2.0, view.scale.x(clip.end + self.by) - left - 1)
                if left > width or left + wide < 0:
                    continue
                box = QRectF(left, rect.top(), wide, rect.height())
                if self.index < 0:
                    painter.setOpacity(0.75)
                    view.tiles.paint(painter, view.index.look(clip), box, box, view.scale.ratio)
                    painter.setOpacity(1.0)
                view.lanes.clips.outline(painter, box)
        for action in self.actions:
            view.paint_action_ghost(
                painter, action.start + self.by, action.end + self.by, action.text
            )
        self._say(painter)

    def _say(self, painter: QPainter) -> None:
        view, count = self.view, len(self.clip_ids) + len(self.actions)
        if self.track_id:
            rect = view.lane_rect(view.lane_of_track(self.track_id))
        else:
            rect = view.lane_rect(view.lane_of("actions"))
        if self.line is not None:
            x = view.scale.x(self.line)
            mark = QRectF(x - 2, rect.top() - 3, 4, rect.height() + 6)
            painter.fillRect(mark, view.colours.accent)
            self.badge(
                painter, x + 6, rect.top() + 24, tr("{0} put here in the order").format(count)
            )
            return
        rate = view.project.rate
        far = timecode.short(abs(self.by), rate)
        text = tr("{0} together · {1}{2}").format(count, "+" if self.by >= 0 else "−", far)
        left = view.scale.x(self.start + self.by)
        self.badge(painter, left, rect.top() + (24 if self.track_id else rect.height()), text)


def _free(moved: list[_Range], still: list[_Range], by: int) -> bool:
    """Whether ``moved``, shifted, lies beside all of the sorted ``still`` ranges."""
    for start, end in moved:
        i = bisect_left(still, start + by, key=lambda r: r[1])
        if i < len(still) and still[i][1] == start + by:
            i += 1
        if i < len(still) and still[i][0] < end + by:
            return False
    return True
