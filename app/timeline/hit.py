"""What lies under the pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.timeline.geometry import GRIP, RULER, Lane

if TYPE_CHECKING:
    from app.timeline.view import TimelineView

DOT = 9  # how near a memory point counts
FLAG = 7


@dataclass(frozen=True)
class Hit:
    """``kind``: ruler, marker, in, out, clip, action, memory, consistency, making, planned, or
    empty."""

    kind: str
    frame: int
    id: str = ""
    edge: str = ""  # "left" | "right" of a clip or an action
    lane: Lane | None = None


def edge_of(x: float, left: float, right: float) -> str:
    """Narrow blocks keep a middle to be grabbed by."""
    grip = min(GRIP, (right - left) / 4)
    if grip < 2:
        return ""
    return "left" if x - left <= grip else "right" if right - x <= grip else ""


def hit(view: TimelineView, x: float, y: float) -> Hit:
    frame = view.scale.frame_at(x)
    if y < RULER:
        return _ruler(view, x, y, frame)
    lane = next(
        (
            lane
            for lane in view.rows
            if view.lane_rect(lane).top() <= y < view.lane_rect(lane).bottom()
        ),
        None,
    )
    if lane is None or view.index is None:
        return Hit("empty", frame, lane=lane)
    exact = view.scale.frame(x)
    if lane.kind == "actions":
        action = view.index.action_at(exact)
        if action is None:
            return Hit("empty", frame, lane=lane)
        edge = edge_of(x, view.scale.x(action.start), view.scale.x(action.end))
        return Hit("action", frame, action.id, edge, lane)
    if lane.kind == "consistency":
        return _cell(view, x, frame, exact, lane)
    if lane.kind == "memory":
        low, high = view.index.memory_between(view.scale.frame(x - DOT), view.scale.frame(x + DOT))
        near = min(
            view.index.memory[low:high],
            key=lambda point: abs(view.scale.x(point.frame) - x),
            default=None,
        )
        if near is None:
            return Hit("empty", frame, lane=lane)
        return Hit("memory", near.frame, near.take, lane=lane)
    track = view.index.tracks.get(lane.id)
    poster = view.index.poster
    if poster is not None and track is view.index.main:
        if view.block_rect(poster, view.lane_rect(lane)).contains(x, y):
            return Hit("clip", 0, poster.id, lane=lane)
    made = view.progress
    if made is not None and track is view.index.main and made.start >= view.index.sequence_end:
        if made.start <= exact < made.start + made.frames:
            return Hit("making", frame, lane=lane)
    clip = track.at(exact) if track else None
    if clip is not None:
        edge = edge_of(x, view.scale.x(clip.start), view.scale.x(clip.end))
        return Hit("clip", frame, clip.id, edge, lane)
    if track is view.index.main and any(a <= exact < b for a, b in view.index.planned):
        return Hit("planned", frame, lane=lane)
    return Hit("empty", frame, lane=lane)


def _cell(view: TimelineView, x: float, frame: int, exact: float, lane: Lane) -> Hit:
    """The nearest cut or return of a cell, where one is near; else the frame itself."""
    cell = view.cells.at(exact)
    if cell is None:
        return Hit("empty", frame, lane=lane)
    near = min(cell.notable, key=lambda f: abs(view.scale.x(f) - x), default=None)
    if near is not None and abs(view.scale.x(near + 0.5) - x) <= DOT + view.scale.ppf / 2:
        frame = near
    return Hit("consistency", frame, cell.clip.id, lane=lane)


def _ruler(view: TimelineView, x: float, y: float, frame: int) -> Hit:
    p = view.project
    if p is not None:
        for marker in reversed(p.markers):
            if abs(view.scale.x(marker.frame) - x) <= FLAG and y >= RULER / 2:
                return Hit("marker", marker.frame, marker.id)
        for kind, point in (("in", p.in_point), ("out", p.out_point)):
            if point is not None and abs(view.scale.x(point) - x) <= GRIP and y < RULER / 2:
                return Hit(kind, point)
    return Hit("ruler", frame)
