"""What the timeline says about what lies under the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.timeline.describe import describe_action, describe_clip
from app.timeline.hit import Hit
from app.timeline.words import tr

if TYPE_CHECKING:
    from app.timeline.view import TimelineView


def tip(view: TimelineView, where: Hit) -> str:
    """A sentence, and the key where there is one."""
    if view.index is None:
        return tr("Drop a picture or a video here, or press Ctrl+N.")
    if where.kind == "clip":
        return describe_clip(view.index, view.index.clip_by_id[where.id][0])
    if where.kind == "action":
        return describe_action(view.index, view.index.action_by_id[where.id])
    if where.kind == "memory":
        point = next(p for p in view.index.memory if p.take == where.id)
        return point.sentence + "\n" + tr("Click to go back to it.")
    if where.kind == "consistency":
        said = view.cells.sentence(view.cells.by_id[where.id])
        return said + "\n" + tr("Double-click to go there.")
    if where.kind == "marker":
        marker = next(m for m in view.project.markers if m.id == where.id)
        return (marker.name or tr("Marker")) + "\n" + tr("Drag to move, click to go there.")
    if where.kind in ("in", "out"):
        return (
            tr("Where the range begins (I)")
            if where.kind == "in"
            else tr("Where the range ends (O)")
        )
    if where.kind == "ruler":
        return tr("Drag to move through time. Ctrl+wheel zooms, Ctrl+0 shows everything.")
    if where.kind == "making":
        return view.progress.label
    if where.kind == "planned":
        return tr("Not made yet: Generate (Ctrl+Enter) makes it.")
    if where.lane is not None and where.lane.kind == "actions":
        return tr("Double-click to write an action here.")
    if where.lane is not None and where.lane.kind == "memory":
        return tr("One point a chunk that the memory has learned.")
    if where.lane is not None and where.lane.kind == "consistency" and where.frame:
        return tr("Nothing is measured here yet.")
    return ""
