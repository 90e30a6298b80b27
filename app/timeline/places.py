"""Where everything of the timeline lies in its viewport, and what a drag sticks to."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRectF

from app.timeline import geometry
from app.timeline.geometry import RULER, Lane
from app.timeline.snapping import Snapper
from core.project.model import Clip, Marker


class Places:
    """Part of ``TimelineView``: uses its ``scale``, ``rows``, ``index`` and scroll bars."""

    def lane_rect(self, lane: Lane) -> QRectF:
        top = RULER + lane.top - self.verticalScrollBar().value()
        return QRectF(0, top, self.viewport().width(), lane.height)

    def lane_at(self, y: float) -> Lane | None:
        for lane in self.rows:
            rect = self.lane_rect(lane)
            if rect.top() <= y < rect.bottom():
                return lane
        return None

    def lane_of(self, kind: str) -> Lane:
        return next(lane for lane in self.rows if lane.kind == kind)

    def lane_of_track(self, track_id: str) -> Lane:
        return next(lane for lane in self.rows if lane.kind == "track" and lane.id == track_id)

    def block_rect(self, clip: Clip, lane: QRectF) -> QRectF:
        """A clip in its lane; the start picture reaches back before frame 0."""
        left, pixel = self.scale.x(clip.start), 1 / self.scale.ratio
        wide = max(pixel, self.scale.x(clip.end) - left - pixel)
        if clip is self.index.poster:
            left, wide = left - geometry.POSTER, wide + geometry.POSTER
        return QRectF(left, lane.top(), wide, lane.height())

    def action_rect(self, start: int, end: int, lane: QRectF | None = None) -> QRectF:
        rect = lane if lane is not None else self.lane_rect(self.lane_of("actions"))
        left = self.scale.x(start)
        wide = max(2.0, self.scale.x(end) - left - 1)
        return QRectF(left, rect.top() + 4, wide, rect.height() - 8)

    def marker_x(self, marker: Marker) -> float:
        return self.scale.x(self.pointer.marker_frame(marker))

    def grid_between(self, left: float, right: float) -> list[int]:
        """Chunk boundaries between two x, also those of what is planned."""
        return self.index.grid_between(self.scale.frame(left), self.scale.frame(right))

    def inside(self, box: QRectF) -> tuple[set[str], set[str]]:
        """Ids of the clips and actions that ``box`` touches."""
        clips: set[str] = set()
        actions: set[str] = set()
        if self.index is None:
            return clips, actions
        first, last = self.scale.frame(box.left()), self.scale.frame(box.right())
        for lane in self.rows:
            rect = self.lane_rect(lane)
            if rect.bottom() < box.top() or rect.top() > box.bottom():
                continue
            if lane.kind == "track" and lane.id in self.index.tracks:
                track = self.index.tracks[lane.id]
                a, b = track.between(first, last)
                clips |= {clip.id for clip in track.clips[a:b]}
            elif lane.kind == "actions":
                actions |= {action.id for action in self.index.actions_between(first, last)}
        return clips, actions

    def snapper(self, without: Iterable[int] = (), home: bool = True) -> Snapper:
        """Everything a drag sticks to, but the edges it moves itself; ``home`` keeps chunk
        boundaries even where it comes from."""
        if not self.snapping or self.index is None:
            return Snapper()
        p = self.project
        points = {0, self.playhead}
        for track in self.index.tracks.values():
            points.update(track.starts)
            points.update(track.ends)
        points.update(self.index.action_starts)
        points.update(self.index.action_ends)
        points.update(marker.frame for marker in p.markers)
        points.update(f for f in (p.in_point, p.out_point) if f is not None)
        seen = int(self.scale.frame(self.viewport().width() * 2)) + p.chunk_frames
        grid = self.index.grid(seen)
        grid = grid if home else set(grid) - set(without)
        return Snapper.of(points, without).joined(grid)
