"""A first look at a file the artist gave: what it is and one frame of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

_SHOWN_SIDE = 1280


@dataclass(frozen=True)
class Peek:
    """``picture``: [h, w, 3] uint8, upright; of a video its last frame, which is continued."""

    kind: Literal["picture", "video"]
    width: int
    height: int
    frames: int
    seconds: float
    picture: Any


def peek(path: Path) -> Peek:
    """Raises MediaError with a sentence for the artist."""
    import numpy as np

    from core.media.decode import read_picture, read_tail
    from core.media.errors import cannot_read
    from core.media.probe import probe
    from core.rollout.start import LEAST_SIDE

    info = probe(path)
    if min(info.width, info.height) < LEAST_SIDE:
        raise cannot_read(
            Path(path),
            f"it is {info.width} × {info.height} pixels, too small to walk through",
            f"Choose one of at least {LEAST_SIDE} × {LEAST_SIDE} pixels.",
        )
    if info.kind == "picture":
        picture = read_picture(path)
    else:
        picture = read_tail(path, 1, info.rate)[-1]
    step = max(1, -(-max(picture.shape[:2]) // _SHOWN_SIDE))
    picture = np.ascontiguousarray(picture[::step, ::step])
    return Peek(info.kind, info.width, info.height, info.frames, info.duration_s, picture)


def file_filter(words: str, everything: str) -> str:
    """For file dialogs."""
    from core.media.probe import PICTURE_SUFFIXES, VIDEO_SUFFIXES

    names = " ".join(f"*{s}" for s in (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES))
    return f"{words} ({names});;{everything} (*)"
