"""The banks of several episodes as one, in which no walk is taken for another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.memory.bank import beside, thinned
from core.memory.frames import Frames


def merged_bank(banks: Sequence[tuple[Frames, float]], home: int) -> tuple[Frames, int]:
    """The frames of all ``banks`` with their weights, heaviest first: each walk has a number of its
    own; and how many had no room. Walk 0 is that of the bank ``home``."""
    parts = [
        (i == home and number == 0, weight, frames)
        for i, (bank, weight) in enumerate(banks)
        for number, frames in bank.walks().items()
    ]
    parts.sort(key=lambda part: not part[0])  # else as they are: heaviest first
    walks: list[_Walk] = []
    for at_home, weight, frames in parts:
        keys = _keys(frames)
        same = next((w for w in walks if w.keys & keys), None)
        if same is None:
            walks.append(_Walk(at_home, weight, frames, keys))
        else:
            same.join(weight, frames, keys)
    first = 0 if walks and walks[0].at_home else 1  # walk 0 stays empty where it has no frames
    numbered, weights, before = [], {}, None
    for number, walk in enumerate(walks, first):
        frames = walk.frames
        if before is not None:  # a time means one frame: of walks in a row, the later ones before
            shift = before - 1 - int(frames.time.max())
            frames = replace(frames, time=frames.time + shift)
        before = int(frames.time.min())
        numbered.append(frames.of_walk(number))
        weights[number] = walk.weight
    if not numbered:
        return banks[0][0], 0
    bank = Frames.joined(numbered)
    kept = thinned(bank, weights=weights)
    return kept, len(bank) - len(kept)


@dataclass
class _Walk:
    """Frames in the axes of one walk."""

    at_home: bool
    weight: float
    frames: Frames
    keys: set[bytes]

    def join(self, weight: float, frames: Frames, keys: set[bytes]) -> None:
        """Add what ``frames`` of the same walk show and these do not."""
        new = beside(frames, self.frames)
        both = Frames.joined([self.frames, new])
        self.frames = both.at(np.argsort(both.time, kind="stable"))
        self.weight, self.keys = max(self.weight, weight), self.keys | keys


def _keys(frames: Frames) -> set[bytes]:
    """What tells a frame at its pose from any other; none for frames whose pose is not known."""
    known = np.isfinite(frames.pose).all(1)
    return {
        hashlib.sha256(z.tobytes() + pose.tobytes()).digest()
        for z, pose in zip(frames.z[known], frames.pose[known])
    }
