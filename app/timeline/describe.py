"""Clips and actions in sentences, for tooltips and for screen readers."""

from __future__ import annotations

from app.state import timecode
from app.timeline.index import ProjectIndex
from app.timeline.words import tr
from core.project.model import ActionSpan, Clip


def describe_clip(index: ProjectIndex, clip: Clip) -> str:
    p, look = index.project, index.look(clip)
    when = tr("{0}, {1} to {2}").format(
        look.title,
        timecode.to_timecode(clip.start, p.rate),
        timecode.to_timecode(clip.end, p.rate),
    )
    lines = [when]
    if look.badge:
        lines.append(tr("Take {0} of {1}.").format(*look.badge.split("/")))
    take = index.take_of(clip)
    if take and (said := [part.text for part in take.actions if part.text]):
        lines.append(tr("Made with: {0}.").format(", ".join(dict.fromkeys(said))))
    if look.state == "draft":
        lines.append(tr("A draft: accept it (Enter), redo it (R) or discard it (Backspace)."))
    if look.reason:
        stale = look.state in ("stale", "draft")
        lines.append(tr("Stale: {0}").format(look.reason) if stale else look.reason)
    if look.changed:
        lines.append(tr("Its actions have changed since it was made: redo it (Ctrl+R)."))
    return "\n".join(lines)


def describe_action(index: ProjectIndex, action: ActionSpan) -> str:
    p = index.project
    length = timecode.short(action.end - action.start, p.rate)
    lines = [
        tr("“{0}”, {1} from {2}").format(
            action.text, length, timecode.to_timecode(action.start, p.rate)
        )
    ]
    if index.too_short(action):
        lines.append(
            tr(
                "Shorter than a chunk ({0}): the chunk it lies in carries out more than one action."
            ).format(timecode.short(p.chunk_frames, p.rate))
        )
    lines.append(tr("Drag to move, drag an edge to resize, double-click to write."))
    return "\n".join(lines)
