"""Makes the start of a project from the artist's file: copied in, cropped, fitted to the world."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory

from core.project.model import Asset, Crop, Project, Start
from core.project.store import ProjectStore

#: Of a long video only the end can matter: what is continued, and a little to watch before it.
MOST_SECONDS = 20


def make_start(
    store: ProjectStore, p: Project, source: Path, crop: Crop, known: Asset | None = None
) -> tuple[tuple[Asset, ...], Start]:
    """Reads and writes files: not for the interface thread. Raises MediaError, ProjectError.

    ``known``: the source is in the project already.
    """
    from core.media import fit
    from core.media.decode import read_frames, read_picture
    from core.media.encode import write_take
    from core.media.probe import probe
    from core.media.thumbs import thumbnail_jpeg

    info = probe(source)
    kept = fit.Crop(crop.x, crop.y, crop.w, crop.h)
    if info.kind == "picture":
        frames = [fit.fit_frame(read_picture(source), kept, p.width, p.height)]
    else:
        most = round(MOST_SECONDS * p.rate)
        first = max(0, round(info.duration_s * float(p.rate)) - most)
        fitted: deque = deque(maxlen=most)
        for frame in read_frames(source, rate=p.rate, start=first):
            fitted.append(fit.fit_frame(frame, kept, p.width, p.height))
        frames = list(fitted)
        if not frames:  # the length in the header was a guess
            frames = [fit.fit_frame(f, kept, p.width, p.height) for f in read_frames(source, rate=p.rate)][-most:]
    with TemporaryDirectory(prefix="slowfast-start-") as temporary:
        folder = Path(temporary)
        write_take(folder / "start.mp4", frames, p.rate)
        (folder / "start.jpg").write_bytes(thumbnail_jpeg(frames[-1]))
        original = known or store.import_file(source, "source", name=source.name)
        video = store.import_file(folder / "start.mp4", "video")
        thumbnail = store.import_file(folder / "start.jpg", "thumbnail")
    start = Start(
        source=original.id,
        kind=info.kind,
        video=video.id,
        frames=len(frames),
        thumbnail=thumbnail.id,
        crop=crop,
    )
    return (original, video, thumbnail), start
