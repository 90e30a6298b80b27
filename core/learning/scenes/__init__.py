"""Procedural first-person scenes: the data source of the starter world."""

from .scene import STYLES, Scene
from .walker import FORWARD, FPS, MOTIONS, STRAFE, TURN, Walk, step, walk

__all__ = ["FORWARD", "FPS", "MOTIONS", "STRAFE", "STYLES", "Scene", "TURN", "Walk", "step", "walk"]
