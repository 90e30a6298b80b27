"""The viewer: the picture at the playhead, what to decide about it, and the transport."""

from app.viewer.frames import FrameSource
from app.viewer.strips import StripSource
from app.viewer.view import Viewer

__all__ = ["FrameSource", "StripSource", "Viewer"]
