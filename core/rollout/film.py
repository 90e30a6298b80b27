"""The sequence as a film: its frames as the viewer shows them, and the MP4 with its recipe."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from core.media.encode import RECIPE_KEY, ExportProgress, ExportSettings, export_mp4
from core.media.errors import MediaError
from core.media.reader import FrameReader
from core.project import queries
from core.project.model import Project
from core.rollout.recipe import recipe_of

PathOf = Callable[[str], Path | None]
_READERS = 4  # files kept open


def sequence_frames(p: Project, path_of: PathOf, start: int, stop: int) -> Iterator[np.ndarray]:
    """RGB frames [start, stop); black where nothing is, or where a file is missing."""
    black = np.zeros((p.height, p.width, 3), np.uint8)
    readers: OrderedDict[str, FrameReader] = OrderedDict()
    try:
        for at in range(start, stop):
            found = queries.source_at(p, at)
            path = path_of(found[0]) if found is not None else None
            if found is None or path is None:
                yield black
                continue
            if found[0] not in readers:
                readers[found[0]] = FrameReader(path, cache_bytes=32 << 20)
                while len(readers) > _READERS:
                    readers.popitem(last=False)[1].close()
            readers.move_to_end(found[0])
            reader = readers[found[0]]
            yield np.ascontiguousarray(reader.frame(min(found[1], len(reader) - 1)))
    finally:
        for reader in readers.values():
            reader.close()


def film_metadata(p: Project, path_of: PathOf) -> dict[str, str]:
    """What goes into an exported file beside its pictures."""
    return {
        "title": p.name,
        "software": "SlowFast Studio",
        "comment": "Generated with SlowFast Studio",
        RECIPE_KEY: json.dumps(recipe_of(p, path_of), ensure_ascii=False),
    }


def export_film(
    p: Project,
    path_of: PathOf,
    target: Path,
    settings: ExportSettings | None = None,
    stop: int | None = None,
    progress: Callable[[ExportProgress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write frames [0, stop) of the sequence. Raises MediaError, or Cancelled where asked to."""
    end = queries.sequence_end(p)
    stop = end if stop is None else min(stop, end)
    if stop < 1:
        raise MediaError("There is nothing to export yet. Set a start and generate first.")
    export_mp4(
        target, sequence_frames(p, path_of, 0, stop), size=(p.width, p.height), rate=p.rate,
        total=stop, settings=settings or ExportSettings(), metadata=film_metadata(p, path_of),
        progress=progress, cancelled=cancelled,
    )
