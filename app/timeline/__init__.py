"""The timeline: one painted widget that shows the document and says what the artist wants."""

from app.timeline.colours import TimelineColours
from app.timeline.view import TimelineView

__all__ = ["TimelineColours", "TimelineView"]
