"""The cells of the consistency lane: what was found in each clip, ready for painting."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.state.consistency_words import clip_sentences
from app.state.walks import Seen
from app.timeline.index import ProjectIndex
from app.timeline.words import tr
from core.project.model import Clip

LEVELS = 6  # of drift, zoomed out


@dataclass(frozen=True)
class Cell:
    """What was found in one clip; worked out once, when it is first painted."""

    clip: Clip
    seen: Seen

    @cached_property
    def drift(self) -> float:
        return self.seen.verdict.drift.amount

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        """Sequence frames."""
        return tuple(self.seen.start + cut for cut in self.seen.verdict.cuts)

    @cached_property
    def returns(self) -> tuple[tuple[int, int, float], ...]:
        """(sequence frame, the one it comes back to, how much the same)."""
        found = zip(self.seen.verdict.returns, self.seen.to)
        return tuple((self.seen.start + r.frame, to, r.same) for r, to in found)

    @cached_property
    def notable(self) -> tuple[int, ...]:
        return tuple(sorted((*self.cuts, *(frame for frame, _, _ in self.returns))))


class Cells:
    """One version of the document with what is known of it; clips moved since keep their verdict
    until they are judged anew."""

    def __init__(self, index: ProjectIndex | None, found: Mapping[str, Seen]) -> None:
        self.index = index
        clips = index.main.clips if index is not None and index.main is not None else ()
        self.cells = [
            Cell(c, _moved(found[c.id], c.start)) for c in clips
            if c.id in found and c.kind == "chunk"
        ]  # fmt: skip
        self.starts = [cell.clip.start for cell in self.cells]
        self.ends = [cell.clip.end for cell in self.cells]
        self.by_id = {cell.clip.id: cell for cell in self.cells}

    def between(self, first: float, last: float) -> list[Cell]:
        return self.cells[bisect_right(self.ends, first) : bisect_right(self.starts, last)]

    def at(self, frame: float) -> Cell | None:
        i = bisect_right(self.starts, frame) - 1
        return self.cells[i] if i >= 0 and frame < self.ends[i] else None

    @cached_property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.starts, np.int64), np.array(self.ends, np.int64)

    @cached_property
    def codes(self) -> np.ndarray:
        """Level of drift 1–LEVELS, above it a cut."""
        found = [
            LEVELS + 1 if cell.seen.verdict.cuts else 1 + min(LEVELS - 1, int(cell.drift * LEVELS))
            for cell in self.cells
        ]
        return np.array(found, np.uint8)

    def sentence(self, cell: Cell) -> str:
        """What a hover and a screen reader say."""
        title = self.index.chunk_title(cell.clip.source)
        return "\n".join(clip_sentences(title, cell.seen, self._name))

    def _name(self, frame: int) -> str:
        clip = self.index.main.at(frame)
        if clip is None:
            return ""
        return tr("the start") if clip.kind == "start" else self.index.chunk_title(clip.source)


def _moved(seen: Seen, start: int) -> Seen:
    if seen.start == start:
        return seen
    return Seen(seen.verdict, start, seen.to)
