"""What a job will write, before it begins: takes and memory, beside what the disk has. No torch.

What the project's own takes were counts; until there are any it is reckoned:

- a take: its latents in float32, and its film at 0.4 bytes a picture's pixel (H.264 at crf 6 of
  detailed pictures), and a thumbnail;
- its memory (``core.memory.snapshot``): the adapter in float32, and Adam's two moments of the same
  size where something is learned (zeros are not written), and the context's latents.

The bank of remembered frames is the takes' own latents, so it takes nothing more.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import mean

from core.memory.presets import PRESETS
from core.models.sizes import MB, size
from core.project.model import Project
from core.worlds.catalogue import WorldEntry, WorldError
from core.worlds.needs import RANK, latent_bytes, shape_of

#: Left free beside what is written: the document, the journal, and what other programs need.
RESERVE = 500 * MB
_FILM, _REST = 0.4, 150_000  # bytes a pixel; thumbnail and heads
_LATEST = 8  # takes that are looked at


@dataclass(frozen=True)
class ChunkSize:
    """Bytes that one more chunk takes. ``measured``: as the project's own takes were."""

    take: int
    memory: int
    measured: bool

    @property
    def both(self) -> int:
        return self.take + self.memory


@dataclass(frozen=True)
class Shortage:
    """A job that does not fit. Bytes; ``fitting``: chunks that do."""

    chunks: int
    each: ChunkSize
    free: int

    @property
    def needed(self) -> int:
        return self.chunks * self.each.both

    @property
    def fitting(self) -> int:
        return max(0, self.free - RESERVE) // max(1, self.each.both)

    @property
    def words(self) -> str:
        what = "1 chunk needs" if self.chunks == 1 else f"{self.chunks} chunks need"
        each = f"{size(self.each.take)} of film"
        if self.each.memory:
            each += f" and {size(self.each.memory)} of memory"
        fits = {0: "no chunk fits", 1: "1 chunk fits"}.get(
            self.fitting, f"{self.fitting} chunks fit"
        )
        return (
            f"{what} about {size(self.needed)} of disk ({each} each), and {size(self.free)} are "
            f"free where the project is: {fits}. Free some space, or make fewer."
        )


def shortage(
    p: Project, entry: WorldEntry, folder: Path, chunks: int, free: int | None = None
) -> Shortage | None:
    """Why ``chunks`` more do not fit on the disk of the project's ``folder``; None where they do,
    or where nothing can be told."""
    if chunks < 1:
        return None
    try:
        there = shutil.disk_usage(folder).free if free is None else free
        each = chunk_size(p, entry)
    except (OSError, WorldError):
        return None
    found = Shortage(chunks, each, there)
    return found if found.needed + RESERVE > there else None


def chunk_size(p: Project, entry: WorldEntry) -> ChunkSize:
    """Raises WorldError where the world's files can't be read and there is no take to go by."""
    takes = list(p.takes.values())[-_LATEST:]
    films = [_bytes(p, t.video, t.latents, t.thumbnail) for t in takes]
    learns = p.memory.preset != "off"  # a snapshot is written for each chunk
    memories = [
        _bytes(p, t.snapshot) for t in takes if t.snapshot and t.memory.preset == p.memory.preset
    ]
    if films and (memories or not learns):
        return ChunkSize(_most(films), _most(memories) if learns else 0, True)
    adapter, context, latents = _reckoned(entry)
    pixels = entry.width * entry.height * entry.chunk_frames
    film = _most(films) if films else latents + round(pixels * _FILM) + _REST
    preset = PRESETS.get(p.memory.preset)
    moments = 3 if preset is not None and preset.steps else 1
    memory = adapter * moments + context if learns else 0
    return ChunkSize(film, _most(memories) if memories else memory, bool(films))


def _most(sizes: list[int]) -> int:
    """Somewhat more than the mean, since scenes differ."""
    return round(1.1 * mean(sizes))


def _bytes(p: Project, *ids: str | None) -> int:
    return sum(p.assets[id].bytes for id in ids if id and id in p.assets)


@lru_cache(maxsize=8)
def _reckoned(entry: WorldEntry) -> tuple[int, int, int]:
    """(adapter, the context of a snapshot, a chunk's latents), from the heads of the files."""
    shape = shape_of(entry)
    frame = latent_bytes(shape)
    return RANK * shape.net.adapted * 4, frame * entry.n_past, frame * entry.n_new
