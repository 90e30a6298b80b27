"""Walks through rendered rooms, gardens and streets, seen by the walker."""

from __future__ import annotations

import numpy as np

from core.learning.scenes.scene import Scene
from core.learning.scenes.walker import KINDS as WALK_KINDS
from core.learning.scenes.walker import walk
from core.learning.sources.source import HELD_OUT, Recording, known_kinds

#: What a shard of eight walks holds when nobody says otherwise: five of them come back.
KINDS = (
    "explore", "retrace", "two_rooms", "explore", "turns", "loop", "there_and_back", "explore",
)


def record_walk(seed: int, kind: str, frames: int, size: int = 128) -> Recording:
    """A walk of ``kind`` (one of the walker's) through the scene of ``seed``."""
    scene = Scene(seed)
    path = walk(scene, frames - 1, np.random.default_rng([7, seed]), kind)
    pictures = scene.render(path.poses, size)
    return Recording(
        pictures, path.poses, ("hold", *path.verbs), scene.style, f"seed {seed}", kind
    )


class FirstPerson:
    """One scene a walk; which kind of walk follows from its number."""

    name = "first-person"

    def __init__(self, kinds: tuple[str, ...] = KINDS):
        self.kinds = known_kinds("first-person has no walks", kinds, WALK_KINDS)

    def count(self, frames: int, held_out: bool = False) -> None:
        return None

    def record(
        self, number: int, frames: int, held_out: bool = False, size: int = 128
    ) -> Recording:
        kind = self.kinds[number % len(self.kinds)]
        return record_walk(number + HELD_OUT * held_out, kind, frames, size)
