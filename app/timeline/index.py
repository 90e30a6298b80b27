"""What the timeline has to know about one version of the document, ready for painting.

Built anew for every version; anything a view does not look at is never computed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.timeline.memory_points import MemoryPoint, memory_points
from app.timeline.words import tr
from core.project import queries
from core.project.model import ActionSpan, Clip, Project, Take, Track

#: Order matters: where several clips share a pixel column, the highest is shown.
STATES = ("start", "accepted", "stale", "draft", "missing")


@dataclass(frozen=True, slots=True)
class ClipLook:
    """How a clip is drawn; two equal looks of one size are one picture."""

    state: str
    title: str
    badge: str = ""  # take "2/3"
    thumbnail: str = ""
    video: str = ""
    reason: str = ""  # why it is stale or missing
    changed: bool = False  # its actions are not those it was made with
    first: float = 0.0  # part of the source that is shown, for strips of thumbnails
    last: float = 1.0


class TrackIndex:
    def __init__(self, track: Track) -> None:
        self.id = track.id
        self.track = track
        self.clips = track.clips
        self.starts = [clip.start for clip in track.clips]
        self.ends = [clip.end for clip in track.clips]

    @cached_property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.starts, np.int64), np.array(self.ends, np.int64)

    def between(self, first: float, last: float) -> tuple[int, int]:
        """Indices [a, b) of the clips that touch frames [first, last]."""
        return bisect_right(self.ends, first), bisect_right(self.starts, last)

    def at(self, frame: float) -> Clip | None:
        i = bisect_right(self.starts, frame) - 1
        return self.clips[i] if i >= 0 and frame < self.ends[i] else None


class ProjectIndex:
    def __init__(self, project: Project, missing: frozenset[str] = frozenset()) -> None:
        self.project = project
        self.missing = missing
        self.tracks = {track.id: TrackIndex(track) for track in project.tracks}
        self.action_starts = [action.start for action in project.actions]
        self.action_ends = [action.end for action in project.actions]
        self._grid: list[int] = []
        self._looks: dict[str, ClipLook] = {}
        self._states: dict[str, np.ndarray] = {}

    # -- facts of the whole -------------------------------------------------------------------

    @cached_property
    def main(self) -> TrackIndex | None:
        """The track where chunks land."""
        return next(iter(self.tracks.values()), None)

    @cached_property
    def poster(self) -> Clip | None:
        """The start picture, where it opens the sequence: drawn wider than its one frame."""
        first = self.main.clips[0] if self.main and self.main.clips else None
        alone = first is not None and first.kind == "start" and first.start == 0
        return first if alone and first.frames == 1 else None

    @cached_property
    def sequence_end(self) -> int:
        return queries.sequence_end(self.project)

    @cached_property
    def action_end(self) -> int:
        return max(self.action_ends, default=0)

    @cached_property
    def planned(self) -> list[tuple[int, int]]:
        """Chunks that Generate would add to reach the end of the last action."""
        size, end = self.project.chunk_frames, self.sequence_end
        count = max(0, -(-(self.action_end - end) // size))
        return [(end + i * size, end + (i + 1) * size) for i in range(count)]

    @cached_property
    def end(self) -> int:
        """The last frame anything is drawn at."""
        p = self.project
        ends = [ends[-1] for t in self.tracks.values() if (ends := t.ends)]
        planned = [self.planned[-1][1]] if self.planned else []
        marks = [marker.frame for marker in p.markers] + [p.in_point or 0, p.out_point or 0]
        return max([0, *ends, *planned, *marks])

    def grid(self, until: int) -> list[int]:
        """Chunk boundaries up to ``until`` at least; the list is kept, do not change it."""
        if not self._grid or self._grid[-1] < until:
            self._grid = queries.chunk_grid(self.project, until)
        return self._grid

    def grid_between(self, first: float, last: float) -> list[int]:
        """Boundaries of everything that is made or planned."""
        grid = self.grid(max(self.action_end, self.sequence_end))
        stop = self.planned[-1][1] if self.planned else self.sequence_end
        return grid[bisect_left(grid, first) : bisect_right(grid, min(last, stop))]

    def chunk_title(self, chunk_id: str) -> str:
        number = queries.chunk_number(self.project, chunk_id)
        return tr("Chunk") if number is None else tr("Chunk {0}").format(number)

    @cached_property
    def clip_by_id(self) -> dict[str, tuple[Clip, str]]:
        return {clip.id: (clip, t.id) for t in self.tracks.values() for clip in t.clips}

    @cached_property
    def action_by_id(self) -> dict[str, ActionSpan]:
        return {action.id: action for action in self.project.actions}

    @property
    def empty(self) -> bool:
        return not any(t.clips for t in self.tracks.values())

    # -- clips --------------------------------------------------------------------------------

    def take_of(self, clip: Clip) -> Take | None:
        if clip.kind == "start":
            return None
        return queries.chosen_take(self.project, clip.source)

    def look(self, clip: Clip) -> ClipLook:
        found = self._looks.get(clip.id)
        if found is None:
            found = self._looks[clip.id] = self._make_look(clip)
        return found

    def state(self, clip: Clip) -> tuple[str, str]:
        """(state, why)."""
        p = self.project
        if clip.kind == "start":
            if p.start is not None and p.start.video in self.missing:
                return "missing", tr("The file of the start is missing from the project.")
            return "start", ""
        take = queries.chosen_take(p, clip.source)
        if take.video in self.missing:
            return "missing", tr("The video of this take is missing from the project.")
        stale = queries.stale_reason(p, take.id) or ""
        if take.status == "draft":
            return "draft", stale
        return ("stale", stale) if stale else ("accepted", "")

    def _make_look(self, clip: Clip) -> ClipLook:
        p = self.project
        state, reason = self.state(clip)
        if clip.kind == "start":
            frames = max(1, p.start.frames if p.start else 1)
            return ClipLook(
                state,
                tr("Start"),
                thumbnail=p.start.thumbnail if p.start else "",
                video=p.start.video if p.start and p.start.kind == "video" else "",
                reason=reason,
                first=clip.in_frame / frames,
                last=clip.out_frame / frames,
            )
        chunk, take = p.chunks[clip.source], queries.chosen_take(p, clip.source)
        kept = [t.id for t in queries.takes_of(p, chunk) if t.status != "discarded"]
        place = kept.index(take.id) + 1 if take.id in kept else 0
        return ClipLook(
            state,
            self.chunk_title(chunk.id),
            f"{place}/{len(kept)}" if len(kept) > 1 else "",
            take.thumbnail,
            take.video if state != "missing" else "",
            reason,
            state != "draft" and queries.actions_changed(p, clip),
            clip.in_frame / max(1, take.frames),
            clip.out_frame / max(1, take.frames),
        )

    def states(self, track: TrackIndex) -> np.ndarray:
        """State of every clip as an index into STATES, for the zoomed-out picture."""
        found = self._states.get(track.id)
        if found is None:
            found = np.array([STATES.index(self.state(c)[0]) for c in track.clips], np.uint8)
            self._states[track.id] = found
        return found

    # -- actions ------------------------------------------------------------------------------

    def action_at(self, frame: float) -> ActionSpan | None:
        i = bisect_right(self.action_starts, frame) - 1
        return self.project.actions[i] if i >= 0 and frame < self.action_ends[i] else None

    @cached_property
    def action_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.action_starts, np.int64), np.array(self.action_ends, np.int64)

    def actions_between(self, first: float, last: float) -> tuple[ActionSpan, ...]:
        a, b = bisect_right(self.action_ends, first), bisect_right(self.action_starts, last)
        return self.project.actions[a:b]

    def taken(self, without: str = "") -> list[tuple[int, int]]:
        """Ranges of the action lane that are taken."""
        return [(a.start, a.end) for a in self.project.actions if a.id != without]

    def too_short(self, action: ActionSpan) -> bool:
        """Shorter than a chunk: the chunk it lies in is shared with other actions."""
        return action.end - action.start < self.project.chunk_frames

    # -- memory -------------------------------------------------------------------------------

    @cached_property
    def memory(self) -> list[MemoryPoint]:
        clips = self.main.clips if self.main else ()
        return memory_points(self.project, clips, self.chunk_title)

    @cached_property
    def _memory_frames(self) -> list[int]:
        return [point.frame for point in self.memory]

    def memory_between(self, first: float, last: float) -> tuple[int, int]:
        return bisect_left(self._memory_frames, first), bisect_right(self._memory_frames, last)
