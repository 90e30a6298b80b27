"""Dragging clips: moving, putting them in another order, trimming."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from app.state import timecode
from app.timeline.gestures import Gesture, Shape
from app.timeline.snapping import free_start
from app.timeline.words import tr
from core.project import queries
from core.project.model import Clip

if TYPE_CHECKING:
    from app.timeline.view import TimelineView


class MoveClip(Gesture):
    """Where the clip fits it goes to that frame; over other clips it takes a place among them."""

    cursor = Shape.ClosedHandCursor

    def __init__(self, view: TimelineView, press: QPointF, clip: Clip, track_id: str) -> None:
        super().__init__(view, press)
        self.clip, self.home = clip, track_id
        self.track_id = track_id
        self.start = clip.start
        self.index = -1  # place among the clips of the track, or -1: at ``start``
        self.line: int | None = None
        self.grab = view.scale.frame(press.x()) - clip.start
        self.here = [c.id for c in view.index.tracks[track_id].clips].index(clip.id)
        self.snapper = view.snapper(without=(clip.start, clip.end), home=False)

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        view, clip = self.view, self.clip
        self.track_id = self.home
        lane = view.lane_at(at.y())
        if lane is not None and lane.kind == "track" and lane.id in view.index.tracks:
            if not view.index.tracks[lane.id].track.locked:
                self.track_id = lane.id
        want = view.scale.frame(at.x()) - self.grab
        start, point = self.snapper.snap_range(want, clip.frames, view.scale.ppf)
        self.start = max(0, start)
        others = [c for c in view.index.tracks[self.track_id].clips if c.id != clip.id]
        overlaps = any(c.start < self.start + clip.frames and self.start < c.end for c in others)
        self.index, self.line = -1, None
        if overlaps and self.track_id != self.home:
            taken = [(c.start, c.end) for c in others]
            self.start = free_start(taken, self.start, clip.frames)
        elif overlaps:
            centre = self.start + clip.frames / 2
            self.index = sum(1 for c in others if c.start + c.frames / 2 < centre)
            if self.index > self.here:
                self.line = others[self.index - 1].end
            elif self.index < self.here:
                self.line = others[self.index].start
        landed = point is not None and self.start == start and self.index < 0
        view.snap_line = point if landed else None

    def finish(self) -> None:
        if not self.begun:
            return
        if self.track_id == self.home:
            if self.index == self.here or (self.index < 0 and self.start == self.clip.start):
                return
        self.view.clip_move_requested.emit(self.clip.id, self.start, self.index, self.track_id)

    def paint(self, painter: QPainter) -> None:
        view = self.view
        lane = next(lane for lane in view.rows if lane.id == self.track_id and lane.kind == "track")
        rect = view.lane_rect(lane)
        left = view.scale.x(self.start)
        wide = view.scale.x(self.start + self.clip.frames) - left
        box = QRectF(left, rect.top(), max(2.0, wide - 1), rect.height())
        painter.setOpacity(0.75)
        view.tiles.paint(painter, view.index.look(self.clip), box, box, view.scale.ratio)
        painter.setOpacity(1.0)
        view.lanes.clips.outline(painter, box)
        if self.index == self.here and self.track_id == self.home:
            text = tr("stays here")
        elif self.line is not None:
            x = view.scale.x(self.line)
            painter.fillRect(
                QRectF(x - 2, rect.top() - 3, 4, rect.height() + 6), view.colours.accent
            )
            text = tr("put here in the order")
        else:
            text = timecode.to_timecode(self.start, view.project.rate)
        self.badge(painter, left, rect.top() + 24, text)


class TrimClip(Gesture):
    """Shift while pressing closes the gap (ripple)."""

    cursor = Shape.SizeHorCursor

    def __init__(
        self, view: TimelineView, press: QPointF, clip: Clip, track_id: str, edge: str, ripple: bool
    ) -> None:
        super().__init__(view, press)
        self.clip, self.track_id, self.edge, self.ripple = clip, track_id, edge, ripple
        self.in_frame, self.out_frame = clip.in_frame, clip.out_frame
        grabbed = clip.start if edge == "left" else clip.end
        self.grab = view.scale.frame(press.x()) - grabbed
        self.snapper = view.snapper(without=(grabbed,), home=False)
        clips = view.index.tracks[track_id].clips
        here = next(i for i, c in enumerate(clips) if c.id == clip.id)
        before = clips[here - 1].end if here else 0
        after = clips[here + 1].start if here + 1 < len(clips) else None
        self.lowest = 0 if ripple else max(0, clip.in_frame - (clip.start - before))
        self.highest = queries.source_frames(view.project, clip)
        if after is not None and not ripple:
            self.highest = min(self.highest, clip.out_frame + after - clip.end)

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        want = self.view.scale.frame(at.x()) - self.grab
        frame, point = self.snapper.snap(want, self.view.scale.ppf)
        if self.edge == "left":
            moved = self.clip.in_frame + frame - self.clip.start
            self.in_frame = max(self.lowest, min(moved, self.out_frame - 1))
            landed = self.in_frame == moved
        else:
            moved = self.clip.out_frame + frame - self.clip.end
            self.out_frame = min(self.highest, max(moved, self.in_frame + 1))
            landed = self.out_frame == moved
        self.view.snap_line = point if landed else None

    def finish(self) -> None:
        if self.begun and (self.in_frame, self.out_frame) != (
            self.clip.in_frame,
            self.clip.out_frame,
        ):
            self.view.clip_trim_requested.emit(
                self.clip.id, self.in_frame, self.out_frame, self.ripple
            )

    def paint(self, painter: QPainter) -> None:
        view, clip = self.view, self.clip
        rect = view.lane_rect(view.lane_of_track(self.track_id))
        start = clip.start + (0 if self.ripple else self.in_frame - clip.in_frame)
        end = start + self.out_frame - self.in_frame
        painter.fillRect(self._box(clip.start, clip.end, rect), view.colours.lane)
        box = self._box(start, end, rect)
        view.tiles.paint(painter, view.index.look(clip), box, box, view.scale.ratio)
        view.lanes.clips.outline(painter, box)
        change = (self.out_frame - self.in_frame) - clip.frames
        text = tr("{0:+d} frames · {1} long").format(
            change, timecode.short(self.out_frame - self.in_frame, view.project.rate)
        )
        if self.ripple:
            text += tr(" · closes the gap")
        self.badge(
            painter, box.left() if self.edge == "left" else box.right() - 120, rect.top() + 24, text
        )

    def _box(self, start: int, end: int, lane: QRectF) -> QRectF:
        left = self.view.scale.x(start)
        wide = max(2.0, self.view.scale.x(end) - left - 1)
        return QRectF(left, lane.top(), wide, lane.height())
