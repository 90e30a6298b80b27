"""Where videos with language actions come from, behind one small interface."""

from .registry import SOURCES, SourceUnavailable, make_source
from .source import FPS, HELD_OUT, Recording, Source

__all__ = ["FPS", "HELD_OUT", "SOURCES", "Recording", "Source", "SourceUnavailable", "make_source"]
