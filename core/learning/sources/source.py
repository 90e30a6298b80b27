"""What every source of training data gives: recordings, numbered, split by scene."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

FPS = 8
#: Scenes with seeds from here on are never trained on.
HELD_OUT = 10_000_000


class SourceUnavailable(RuntimeError):
    """A source cannot work here. ``str(error)`` says what is missing and how to get it."""


@dataclass(frozen=True)
class Recording:
    """A video with what was done in it.

    ``pictures`` are uint8 RGB [T, H, W, 3] at 8 frames a second. ``poses`` are float64 [T, 3]
    (x, y, yaw; world units, radians) or None where the camera's is not known. ``actions[i]``
    led to frame i: a control of the source's phrase book or a text that a person wrote.
    ``scene`` names what the split goes by: no scene is in training and in the held-out part.
    """

    pictures: np.ndarray
    poses: np.ndarray | None
    actions: tuple[str, ...]
    place: str
    scene: str
    kind: str = ""

    def __post_init__(self) -> None:
        p, frames = self.pictures, len(self.pictures)
        if p.ndim != 4 or p.shape[3] != 3 or p.dtype != np.uint8:
            raise ValueError(f"pictures are [T, H, W, 3] uint8, got {p.shape} {p.dtype}")
        if len(self.actions) != frames:
            raise ValueError(f"one action a frame: {len(self.actions)} for {frames} frames")
        if self.poses is not None and self.poses.shape != (frames, 3):
            raise ValueError(f"poses are [{frames}, 3], got {self.poses.shape}")


def thinned(recording: Recording, every: int, first: int = 0) -> Recording:
    """Every ``every``-th frame from ``first`` on: what moves slowly seen at fewer frames a second.
    ``actions[i]`` is then what was being done when frame i was reached."""
    part = slice(first, None, every)
    poses = None if recording.poses is None else recording.poses[part]
    return replace(
        recording, pictures=recording.pictures[part], poses=poses,
        actions=recording.actions[part],
    )


class Source(Protocol):
    """One domain. The same number gives the same recording, bit for bit."""

    name: str  # also that of its phrase book

    def count(self, frames: int, held_out: bool = False) -> int | None:
        """How many recordings of ``frames`` frames there are; None: as many as one asks for."""
        ...

    def record(
        self, number: int, frames: int, held_out: bool = False, size: int = 128
    ) -> Recording:
        """Recording ``number``, of ``frames`` frames (own footage: of at most as many).

        Raises SourceUnavailable where something that it needs is missing.
        """
        ...


def known_kinds(what: str, kinds: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """``kinds`` as a tuple; ValueError where there is none, or one that is not ``known``."""
    asked = tuple(kinds)
    unknown = sorted(set(asked) - set(known))
    if unknown or not asked:
        raise ValueError(
            f"{what} of kind {', '.join(unknown) or '(none)'}; use some of {', '.join(known)}"
        )
    return asked
