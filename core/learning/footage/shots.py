"""Reading a video at 8 frames a second, and where its shots begin."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from core.learning.footage.motion import Estimator, Motion, smooth
from core.learning.sources.source import FPS
from core.media.cv import cv2
from core.media.decode import read_frames
from core.media.fit import default_crop, fit_frame
from core.media.probe import VIDEO_SUFFIXES

_JUMP = 20.0  # grey levels by which a new shot differs at least
_OVER = 3.0  # times as much as its neighbours differ
_AROUND = 4  # frames to either side that are its neighbours


@dataclass(frozen=True)
class Stretch:
    """Frames [first, end) of one action."""

    first: int
    end: int
    action: str
    confidence: float


@dataclass(frozen=True)
class Scan:
    """What one pass through a video finds: its frames, shots [first, end) and stretches."""

    frames: int
    shots: tuple[tuple[int, int], ...]
    stretches: tuple[Stretch, ...]


def videos(folder: Path) -> list[Path]:
    """The videos below ``folder``, by name. Raises ValueError where there are none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    found = sorted(p for p in folder.rglob("*")
                   if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file() and p.name[0] != ".")
    if not found:
        raise ValueError(f"There are no videos in {folder} ({', '.join(sorted(VIDEO_SUFFIXES))}).")
    return found


def fitted(path: Path, size: int, start: int = 0, count: int | None = None) -> Iterator[np.ndarray]:
    """Frames at 8 a second as the largest square in the middle, [size, size, 3] uint8.

    Raises MediaError.
    """
    for frame in read_frames(path, rate=Fraction(FPS), start=start, count=count):
        crop = default_crop(frame.shape[1], frame.shape[0], size, size)
        yield fit_frame(frame, crop, size, size)


def scan(path: Path, estimate: bool = True, size: int = 128) -> Scan:
    """Find the shots, and with ``estimate`` what the camera does. One frame in memory at a time.

    Raises MediaError.
    """
    estimator = Estimator()
    jumps, motions, before, small_before = [], [], None, None
    for frame in fitted(path, size):
        small = cv2.resize(frame, (24, 24), interpolation=cv2.INTER_AREA).astype(np.float32)
        if before is not None:
            jumps.append(float(np.abs(small - small_before).mean()))
            if estimate:
                motions.append(estimator.motion(before, frame))
        before, small_before = frame, small
    frames = len(jumps) + 1 if before is not None else 0
    begins = [0, *cuts(jumps)]
    shots = tuple(zip(begins, [*begins[1:], frames]))
    stretches: list[Stretch] = []
    for first, end in shots if estimate else ():
        # motions[i] leads to frame i + 1; what leads to a shot's first frame is the cut.
        inner = motions[first : end - 1] or [Motion("hold_camera", 0.0)]
        for a, b, action, sure in smooth(inner):
            a = first if a == 0 else first + 1 + a
            stretches.append(Stretch(a, min(end, first + 1 + b), action, sure))
    return Scan(frames, shots, tuple(stretches))


def cuts(jumps: list[float]) -> list[int]:
    """Frames at which a new shot begins; ``jumps[i]`` is how much frame i + 1 differs from i."""
    found = []
    for i, jump in enumerate(jumps):
        near = jumps[max(0, i - _AROUND) : i] + jumps[i + 1 : i + 1 + _AROUND]
        if jump > _JUMP and jump > _OVER * (float(np.median(near)) if near else 0.0):
            found.append(i + 1)
    return found


def fingerprint(path: Path) -> str:
    """SHA-256 of a file: a copy under another name is the same footage."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
