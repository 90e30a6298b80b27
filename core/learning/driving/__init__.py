"""Roads seen from a car: towns made by a seed, a renderer, and a driver."""

from .driver import KINDS, Drive, drive
from .styles import STYLES
from .town import Town

__all__ = ["KINDS", "STYLES", "Drive", "Town", "drive"]
