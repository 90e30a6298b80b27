"""Where things are: frames to pixels, lanes to rows. Pure, so that tests need no window.

Every x is a multiple of one device pixel, so that edges stay crisp at a scaling of 1.5, and the
width of a clip does not depend on where the view is scrolled to (its cached picture stays valid).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.project.model import Project, Track

HEADER_WIDTH = 152
RULER = 36
ACTIONS = 40
MEMORY = 36
CONSISTENCY = 28
GAP = 4  # between lanes
PAD = 12  # pixels before frame 0, so that its edge can be seen and grabbed
POSTER = 56  # width of the start picture, which lies before frame 0: one frame would be a sliver
GRIP = 6  # how near an edge counts as the edge
MIN_TRACK, MAX_TRACK = 32, 240
DEFAULT_TRACK = Track.height  # nobody has chosen one
MIN_PPF, MAX_PPF = 0.0005, 80.0

LaneKind = Literal["actions", "track", "memory", "consistency"]


@dataclass(frozen=True)
class Lane:
    kind: LaneKind
    id: str  # track id, or ""
    top: int  # below the ruler, before scrolling
    height: int

    @property
    def bottom(self) -> int:
        return self.top + self.height


def lanes(
    project: Project | None,
    heights: dict[str, int] | None = None,
    room: int = 0,
    consistency: bool = False,
) -> list[Lane]:
    """Rows from top to bottom; ``heights`` overrides tracks that are being dragged.

    Tracks whose height nobody has chosen share what is left of ``room`` (pixels, 0: not known),
    so that a tall timeline shows larger pictures instead of empty ground. Later tracks lie over
    earlier ones in the picture, so they are above them here too.
    """
    heights = heights or {}
    known = reversed(project.tracks) if project else ()
    tracks = [(t.id, heights.get(t.id, t.height)) for t in known] or [("", DEFAULT_TRACK)]
    tracks = [(id, max(MIN_TRACK, min(MAX_TRACK, height))) for id, height in tracks]
    free = [id for id, height in tracks if height == DEFAULT_TRACK and id not in heights]
    used = GAP + ACTIONS + sum(GAP + height for _, height in tracks) + GAP + MEMORY + GAP
    used += (CONSISTENCY + GAP) * consistency
    more = max(0, room - used) // len(free) if free else 0
    rows = [Lane("actions", "", GAP, ACTIONS)]
    for track_id, height in tracks:
        height = min(MAX_TRACK, height + more) if track_id in free else height
        rows.append(Lane("track", track_id, rows[-1].bottom + GAP, height))
    rows.append(Lane("memory", "", rows[-1].bottom + GAP, MEMORY))
    if consistency:
        rows.append(Lane("consistency", "", rows[-1].bottom + GAP, CONSISTENCY))
    return rows


def content_height(rows: list[Lane]) -> int:
    return rows[-1].bottom + GAP


@dataclass
class TimeScale:
    """Frames to x in the viewport. ``left`` is how far it is scrolled, in pixels."""

    ppf: float = 8.0  # pixels a frame
    left: float = 0.0
    ratio: float = 1.0  # device pixels a pixel
    pad: float = PAD  # pixels before frame 0

    def x(self, frame: float) -> float:
        return round(frame * self.ppf * self.ratio) / self.ratio + self.pad - self.left

    def xs(self, frames: np.ndarray) -> np.ndarray:
        return np.rint(frames * (self.ppf * self.ratio)) / self.ratio + (self.pad - self.left)

    def frame(self, x: float) -> float:
        return (x - self.pad + self.left) / self.ppf

    def frame_at(self, x: float) -> int:
        """The frame whose cell holds ``x``, never below 0."""
        return max(0, int((x - self.pad + self.left) // self.ppf))

    def nearest(self, x: float) -> int:
        """The frame boundary nearest to ``x``, never below 0."""
        return max(0, round(self.frame(x)))

    def scroll_to(self, left: float, limit: float) -> None:
        left = max(0.0, min(left, limit))
        self.left = round(left * self.ratio) / self.ratio

    def zoom(self, factor: float, x: float) -> None:
        """Change the scale, keeping the frame under ``x`` where it is (scrolling may clamp)."""
        frame = self.frame(x)
        self.ppf = max(MIN_PPF, min(MAX_PPF, self.ppf * factor))
        self.left = round((frame * self.ppf + self.pad - x) * self.ratio) / self.ratio

    def fit(self, frames: int, width: int) -> None:
        room = max(80, width - self.pad - PAD - 24)
        self.ppf = max(MIN_PPF, min(MAX_PPF, room / max(1, frames)))
        self.left = 0.0


TICK = 12  # pixels between ticks at least

#: Label distances of the ruler, in seconds above one second.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 36000)


def ruler_step(ppf: float, fps: int, label: int = 84) -> tuple[int, int]:
    """(frames between labels, frames between ticks) so that labels are ``label`` px apart."""
    for frames in sorted({d for d in (1, 2, 5, 10, fps // 2) if d and fps % d == 0 and d < fps}):
        if frames * ppf >= label:
            return frames, 1 if ppf >= TICK else frames
    for seconds in _STEPS:
        if seconds * fps * ppf >= label:
            frames = seconds * fps
            for parts in (fps, fps // 2, fps // 3, 10, 5, 4, 2):
                if parts and frames % parts == 0 and frames // parts * ppf >= TICK:
                    return frames, frames // parts
            return frames, frames
    return _STEPS[-1] * fps, _STEPS[-1] * fps
