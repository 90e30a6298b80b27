"""Procedural first-person scenes: the data source of the starter world."""

from .scene import STYLES, Scene
from .walker import FORWARD, FPS, KINDS, MOTIONS, STRAFE, TURN, Walk, revisits, step, walk

__all__ = [
    "FORWARD", "FPS", "KINDS", "MOTIONS", "STRAFE", "STYLES", "Scene", "TURN", "Walk", "revisits",
    "step", "walk",
]
