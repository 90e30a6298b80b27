"""The points of the memory lane: what was learned, refused, loaded or reset, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.state import timecode
from app.timeline.words import tr
from core.project import queries
from core.project.model import AT_START, Clip, Project, Take


@dataclass(frozen=True, slots=True)
class MemoryPoint:
    frame: int
    take: str  # take id, or AT_START
    kind: str  # "learned" | "skipped" | "reset" | "episode"
    sentence: str


def memory_points(
    p: Project, clips: Iterable[Clip], title: Callable[[str], str]
) -> list[MemoryPoint]:
    """One point a chosen take, at the end of its last clip; ``clips`` of the main track."""
    points: list[MemoryPoint] = []
    last: dict[str, Clip] = {}
    begin = 0
    for clip in clips:
        if clip.kind == "chunk":
            last[clip.source] = clip
        elif not last:
            begin = clip.end
    if AT_START in p.memory_bases:
        points.append(_base(p, AT_START, begin))
    for chunk, clip in last.items():
        take = queries.chosen_take(p, chunk)
        if take.id in p.memory_bases:
            points.append(_base(p, take.id, clip.end))
        elif take.snapshot:
            points.append(_learned(p, take, title(chunk), clip.end))
    return sorted(points, key=lambda point: point.frame)


def _base(p: Project, key: str, frame: int) -> MemoryPoint:
    """An episode loaded, or the memory reset, in place of what was learned."""
    base, where = p.memory_bases[key], timecode.short(frame, p.rate)
    if not base:
        return MemoryPoint(
            frame, key, "reset", tr("The memory was reset here, at {0}.").format(where)
        )
    asset = p.assets.get(base)
    name = asset.name if asset and asset.name else tr("a saved episode")
    words = tr("The memory goes on from “{0}” here, at {1}.").format(name, where)
    return MemoryPoint(frame, key, "episode", words)


def _learned(p: Project, take: Take, title: str, frame: int) -> MemoryPoint:
    record = take.learning
    if record and record.skipped:
        words = tr("{0} was not learned: {1}").format(title, record.skipped)
        return MemoryPoint(frame, take.id, "skipped", words)
    words = tr("The memory after {0}, at {1}.").format(title, timecode.short(frame, p.rate))
    if record:
        words += tr(" {0} learning steps; error {1:.3f} → {2:.3f}.").format(
            record.steps, record.loss_before, record.loss_after
        )
    return MemoryPoint(frame, take.id, "learned", words)
