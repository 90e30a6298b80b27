"""Drives through drawn towns, seen from the car."""

from __future__ import annotations

import numpy as np

from core.learning.driving import KINDS as DRIVE_KINDS
from core.learning.driving import Town, drive
from core.learning.sources.source import HELD_OUT, Recording, known_kinds

KINDS = ("explore", "around", "explore", "there_and_back")


class Driving:
    """One town a drive; which kind of drive follows from its number."""

    name = "driving"

    def __init__(self, kinds: tuple[str, ...] = KINDS):
        self.kinds = known_kinds("driving has no drives", kinds, DRIVE_KINDS)

    def count(self, frames: int, held_out: bool = False) -> None:
        return None

    def record(
        self, number: int, frames: int, held_out: bool = False, size: int = 128
    ) -> Recording:
        seed = number + HELD_OUT * held_out
        kind = self.kinds[number % len(self.kinds)]
        town = Town(seed)
        path = drive(town.roads, frames - 1, np.random.default_rng([11, seed]), kind)
        pictures = town.render(path.poses, size)
        return Recording(
            pictures, path.poses, ("parked", *path.verbs), town.style, f"seed {seed}", kind
        )
