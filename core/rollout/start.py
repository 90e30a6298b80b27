"""The start of a project from the artist's file: copied in, cropped, fitted to the world."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.media import fit
from core.media.decode import read_frames, read_picture
from core.media.encode import write_take
from core.media.errors import cannot_read
from core.media.probe import MediaInfo, probe
from core.media.thumbs import thumbnail_jpeg
from core.project.model import Asset, Crop, Project, Start
from core.project.store import ProjectStore

#: Of a long video only the end can matter: what is continued, and a little to watch before it.
MOST_SECONDS = 20
#: A start below this has nothing in it to walk through.
LEAST_SIDE = 16


def make_start(
    store: ProjectStore, p: Project, source: Path, crop: Crop | None = None
) -> tuple[tuple[Asset, ...], Start]:
    """Reads and writes files. ``crop`` None: the largest centred part of the project's shape.
    Raises MediaError, ProjectError."""
    info = probe(source)
    if min(info.width, info.height) < LEAST_SIDE:
        raise cannot_read(
            Path(source), f"it is {info.width} × {info.height} pixels, too small to walk through",
            f"Choose one of at least {LEAST_SIDE} × {LEAST_SIDE} pixels.",
        )
    kept = fit.default_crop(info.width, info.height, p.width, p.height)
    if crop is not None:
        kept = fit.Crop(crop.x, crop.y, crop.w, crop.h)
    most = max(1, round(MOST_SECONDS * p.rate))
    frames: deque[np.ndarray] = deque(maxlen=most)
    for frame in _frames(source, info, p, most):
        frames.append(fit.fit_frame(frame, kept, p.width, p.height))
    with TemporaryDirectory(prefix="slowfast-start-") as temporary:
        folder = Path(temporary)
        write_take(folder / "start.mp4", frames, p.rate)
        (folder / "start.jpg").write_bytes(thumbnail_jpeg(frames[-1]))
        original = store.import_file(source, "source", name=Path(source).name)
        video = store.import_file(folder / "start.mp4", "video")
        thumbnail = store.import_file(folder / "start.jpg", "thumbnail")
    start = Start(
        source=original.id, kind=info.kind, video=video.id, frames=len(frames),
        thumbnail=thumbnail.id, crop=Crop(kept.x, kept.y, kept.w, kept.h),
    )
    return (original, video, thumbnail), start


def _frames(source: Path, info: MediaInfo, p: Project, most: int) -> Iterator[np.ndarray]:
    if info.kind == "picture":
        yield read_picture(source)
        return
    first = max(0, round(info.duration_s * float(p.rate)) - most)
    found = False
    for frame in read_frames(source, rate=p.rate, start=first):
        found = True
        yield frame
    if not found:  # the length in the header was a guess
        yield from read_frames(source, rate=p.rate)
