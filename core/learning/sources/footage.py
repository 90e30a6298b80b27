"""A folder of one's own videos, cut into chunks that stay within a shot."""

from __future__ import annotations

import math
import sys
from functools import cache
from pathlib import Path

import numpy as np

from core.learning.footage.sheets import span_of
from core.learning.footage.shots import Scan, fingerprint, fitted, scan, videos
from core.learning.footage.table import Span, read_table
from core.learning.sources.source import FPS, Recording
from core.media.errors import MediaError
from core.media.probe import probe

SHORTEST = 17  # frames of a chunk: some past and two chunks of future
PLACE = "own footage"
_HELD_OUT_OF = 8  # one file of so many is held out


class Footage:
    """Chunks of the videos in ``folder``; actions from the CSV, else estimated.

    Split by file, by what is in it: a copy under another name is on the same side, and files
    that come later change nothing for those that were there. Videos that cannot be read are
    named and left out. Raises ValueError for a folder without videos, TableError for a CSV
    with faults.
    """

    name = "footage"

    def __init__(self, folder: Path, actions: Path | None = None):
        self.folder = Path(folder)
        self._files: dict[str, Path] = {}
        durations: dict[str, float] = {}
        for path in videos(self.folder):
            name = path.relative_to(self.folder).as_posix()
            try:
                info = probe(path)
            except MediaError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
                continue
            self._files[name], durations[name] = path, info.duration_s
        self._table = None if actions is None else read_table(actions, durations)
        self._scan = cache(self._scan_of)
        self._chunks = cache(self._chunks_of)

    def held_out(self, name: str) -> bool:
        """Whether a file is kept from training."""
        return int(fingerprint(self._files[name])[:8], 16) % _HELD_OUT_OF == 0

    def count(self, frames: int, held_out: bool = False) -> int:
        return len(self._chunks(frames, held_out))

    def record(
        self, number: int, frames: int, held_out: bool = False, size: int = 128
    ) -> Recording:
        name, first, end = self._chunks(frames, held_out)[number]
        pictures = np.stack(list(fitted(self._files[name], size, first, end - first)))
        spans = self._spans(name)
        at = [self._at(spans, i) for i in range(first, first + len(pictures))]
        places = [s.place for s in at if s is not None and s.place]
        return Recording(
            pictures, None, tuple("" if s is None else s.action for s in at),
            places[0] if places else PLACE, name, f"{first / FPS:.3f} s",
        )

    def _spans(self, name: str) -> list[Span]:
        if self._table is not None:
            return self._table.get(name, [])
        return [span_of(name, s) for s in self._scan(name).stretches]

    @staticmethod
    def _at(spans: list[Span], frame: int) -> Span | None:
        """What led to a frame: asked for the middle of the time before it."""
        moment = max(0.0, (frame - 0.5) / FPS)
        return next((s for s in spans if s.start <= moment < s.end), None)

    def _scan_of(self, name: str) -> Scan:
        return scan(self._files[name], estimate=self._table is None)

    def _chunks_of(self, frames: int, held_out: bool) -> list[tuple[str, int, int]]:
        """(file, first, end): every shot in parts of at most ``frames`` frames."""
        chunks = []
        for name in self._files:
            if self.held_out(name) != held_out:
                continue
            if self._table is not None and name not in self._table:
                continue  # a person said nothing of it
            for first, end in self._scan(name).shots:
                parts = math.ceil((end - first) / frames)
                if parts > 1 and (end - first) / parts < SHORTEST:
                    # Equal parts would all be too short: one whole one, and the rest is left.
                    parts, end = 1, first + frames
                edges = np.linspace(first, end, parts + 1).round().astype(int).tolist()
                chunks += [(name, a, b) for a, b in zip(edges, edges[1:])
                           if b - a >= min(SHORTEST, frames)]
        return chunks
