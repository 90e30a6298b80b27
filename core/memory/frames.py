"""Latent frames with their addresses, as numpy arrays; of one walk, or of several kept apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.memory.errors import MemoryRefused


@dataclass(frozen=True)
class Frames:
    """z [F, C, h, w] f32, time [F] i64, pose [F, 3] f64 (NaN where it is not known).

    ``walk`` [F] i64 numbers the walk whose axes each pose stands in; None: all stand in those of
    walk 0. Poses of two walks say nothing about one another.
    """

    z: np.ndarray
    time: np.ndarray
    pose: np.ndarray
    walk: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.z)

    def __getitem__(self, part: slice | np.ndarray) -> Frames:
        walk = None if self.walk is None else self.walk[part]
        return Frames(self.z[part], self.time[part], self.pose[part], walk)

    def at(self, indices: np.ndarray) -> Frames:
        """The frames at ``indices``, in that order."""
        return self[indices]

    def walks(self) -> dict[int, Frames]:
        """The frames of each walk by its number, lowest first; in each they keep their order."""
        if self.walk is None:
            return {0: self} if len(self) else {}
        alone = Frames(self.z, self.time, self.pose)
        return {int(n): alone[self.walk == n] for n in np.unique(self.walk)}

    def of_walk(self, number: int) -> Frames:
        """All of them as frames of the walk ``number``."""
        walk = np.full(len(self), number, np.int64) if number else None
        return Frames(self.z, self.time, self.pose, walk)

    @staticmethod
    def joined(parts: Sequence[Frames]) -> Frames:
        walk = None
        if any(p.walk is not None for p in parts):
            numbers = (np.zeros(len(p), np.int64) if p.walk is None else p.walk for p in parts)
            walk = np.concatenate(list(numbers))
        z, time, pose = (np.concatenate(a) for a in zip(*((p.z, p.time, p.pose) for p in parts)))
        return Frames(z, time, pose, walk)


def frame_arrays(name: str, frames: Frames) -> dict[str, np.ndarray]:
    """What a file holds of ``frames``; the walks only where there is another one than walk 0."""
    arrays = {
        f"{name}/z": frames.z.astype(np.float32, copy=False),
        f"{name}/time": frames.time.astype(np.int64, copy=False),
        f"{name}/pose": frames.pose.astype(np.float64, copy=False),
    }
    if several(frames):
        arrays[f"{name}/walk"] = frames.walk.astype(np.int64, copy=False)
    return arrays


def several(frames: Frames | None) -> bool:
    """Whether not all of them are of walk 0."""
    return frames is not None and frames.walk is not None and bool(frames.walk.any())


def frames_of(name: str, arrays: Mapping[str, np.ndarray]) -> Frames:
    """Raises MemoryRefused where they are missing or do not fit together."""
    z, time, pose = (arrays.get(f"{name}/{part}") for part in ("z", "time", "pose"))
    walk = arrays.get(f"{name}/walk")
    whole = (
        z is not None and time is not None and pose is not None and z.ndim == 4
        and z.dtype == np.float32 and time.dtype == np.int64 and pose.dtype == np.float64
        and time.shape == z.shape[:1] and pose.shape == (len(z), 3)
    )
    if whole and walk is not None:
        whole = walk.dtype == np.int64 and walk.shape == time.shape and bool((walk >= 0).all())
    if not whole:
        raise MemoryRefused(f"The memory is damaged: its {name} frames are not whole.")
    return Frames(z, time, pose, walk)
