"""What the timeline has to know about one version of the document, ready for painting.

Built anew for every version; anything a view does not look at is never computed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PySide6.QtCore import QCoreApplication

from app.state import timecode
from core.project import queries
from core.project.model import AT_START, ActionSpan, Clip, Project, Take, Track

#: Order matters: where several clips share a pixel column, the highest is shown.
STATES = ("start", "accepted", "stale", "draft", "missing")


def tr(text: str) -> str:
    return QCoreApplication.translate("timeline", text)


@dataclass(frozen=True, slots=True)
class ClipLook:
    """How a clip is drawn; two equal looks of one size are one picture."""

    state: str
    title: str
    badge: str = ""  # take "2/3"
    thumbnail: str = ""
    reason: str = ""  # why it is stale or missing
    changed: bool = False  # its actions are not those it was made with
    first: float = 0.0  # part of the source that is shown, for strips of thumbnails
    last: float = 1.0


@dataclass(frozen=True, slots=True)
class MemoryPoint:
    frame: int
    take: str  # take id, or AT_START
    kind: str  # "learned" | "skipped" | "reset" | "episode"
    sentence: str


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
        """One point a chosen take, at the end of its last clip on the main track."""
        p = self.project
        points = []
        if AT_START in p.memory_bases:
            first = next((c for c in self.main.clips if c.kind == "start"), None) if self.main else None
            points.append(self._base_point(AT_START, first.end if first else 0))
        last: dict[str, Clip] = {}
        for clip in self.main.clips if self.main else ():
            if clip.kind == "chunk":
                last[clip.source] = clip
        for chunk, clip in last.items():
            take = queries.chosen_take(p, chunk)
            if take.id in p.memory_bases:
                points.append(self._base_point(take.id, clip.end))
            elif take.snapshot:
                points.append(self._learned_point(take, chunk, clip.end))
        return sorted(points, key=lambda point: point.frame)

    def _base_point(self, key: str, frame: int) -> MemoryPoint:
        base = self.project.memory_bases[key]
        where = timecode.short(frame, self.project.rate)
        if not base:
            return MemoryPoint(frame, key, "reset", tr("The memory was reset here, at {0}.").format(where))
        asset = self.project.assets.get(base)
        name = asset.name if asset and asset.name else tr("a saved episode")
        return MemoryPoint(
            frame, key, "episode", tr("The memory goes on from “{0}” here, at {1}.").format(name, where)
        )

    def _learned_point(self, take: Take, chunk: str, frame: int) -> MemoryPoint:
        title, record = self.chunk_title(chunk), take.learning
        if record and record.skipped:
            return MemoryPoint(
                frame,
                take.id,
                "skipped",
                tr("{0} was not learned: {1}").format(title, record.skipped),
            )
        sentence = tr("The memory after {0}, at {1}.").format(
            title, timecode.short(frame, self.project.rate)
        )
        if record:
            sentence += tr(" {0} learning steps; error {1:.3f} → {2:.3f}.").format(
                record.steps, record.loss_before, record.loss_after
            )
        return MemoryPoint(frame, take.id, "learned", sentence)

    @cached_property
    def _memory_frames(self) -> list[int]:
        return [point.frame for point in self.memory]

    def memory_between(self, first: float, last: float) -> tuple[int, int]:
        return bisect_left(self._memory_frames, first), bisect_right(self._memory_frames, last)

    # -- sentences ----------------------------------------------------------------------------

    def describe_clip(self, clip: Clip) -> str:
        """For tooltips and screen readers."""
        p, look = self.project, self.look(clip)
        when = tr("{0}, {1} to {2}").format(
            look.title,
            timecode.to_timecode(clip.start, p.rate),
            timecode.to_timecode(clip.end, p.rate),
        )
        lines = [when]
        if look.badge:
            lines.append(tr("Take {0} of {1}.").format(*look.badge.split("/")))
        take = self.take_of(clip)
        if take and (said := [part.text for part in take.actions if part.text]):
            lines.append(tr("Made with: {0}.").format(", ".join(dict.fromkeys(said))))
        if look.state == "draft":
            lines.append(tr("A draft: accept it (Enter), redo it (R) or discard it (Backspace)."))
        if look.reason:
            stale = look.state in ("stale", "draft")
            lines.append(tr("Stale: {0}").format(look.reason) if stale else look.reason)
        if look.changed:
            lines.append(tr("Its actions have changed since it was made: redo it (Ctrl+R)."))
        return "\n".join(lines)

    def describe_action(self, action: ActionSpan) -> str:
        p = self.project
        length = timecode.short(action.end - action.start, p.rate)
        lines = [
            tr("“{0}”, {1} from {2}").format(
                action.text, length, timecode.to_timecode(action.start, p.rate)
            )
        ]
        if self.too_short(action):
            lines.append(
                tr(
                    "Shorter than a chunk ({0}): the chunk it lies in carries out more than one action."
                ).format(timecode.short(p.chunk_frames, p.rate))
            )
        lines.append(tr("Drag to move, drag an edge to resize, double-click to write."))
        return "\n".join(lines)
