"""What a take has lived through: the frames it remembers, and which frame a time of it was."""

from __future__ import annotations

from dataclasses import dataclass

from core.project.model import AT_START, Parent, Project, Take


@dataclass(frozen=True)
class Part:
    """Frames [first, last) of a take; ``take`` "" = of the start."""

    take: str
    first: int
    last: int


@dataclass(frozen=True)
class Remembered:
    """``parts`` oldest first; ``base``: asset id of the episode the memory began with at ``since``,
    "" = none."""

    parts: tuple[Part, ...]
    base: str
    since: Parent | None

    @property
    def frames(self) -> int:
        return sum(part.last - part.first for part in self.parts)


def remembered(p: Project, parent: Parent | None) -> Remembered:
    """The bank before a continuation of ``parent``: a reset, and a chunk made without memory,
    leave gaps. No file is read."""
    parts: list[Part] = []
    while parent is not None and parent.take not in p.memory_bases:
        take = p.takes[parent.take]
        if take.memory.preset != "off":
            parts.append(Part(take.id, 0, parent.frames))
        parent = take.parent
    base = p.memory_bases.get(parent.take if parent is not None else AT_START)
    if parent is None and base is None and p.start is not None:
        parts.append(Part("", p.start.frames - 1, p.start.frames))
    return Remembered(tuple(reversed(parts)), base or "", parent)


def began(p: Project, take: Take) -> int:
    """When its first frame was, in frames since the start."""
    before = 0
    while take.parent is not None:
        before += take.parent.frames
        take = p.takes[take.parent.take]
    return before + (p.start.frames if p.start is not None else 0)


def frame_at(p: Project, take: Take, time: int) -> Part | None:
    """The one frame that ``take`` lived through at ``time``; None: before the start, so another
    episode's."""
    at: Take | None = take
    first = began(p, take)
    while at is not None and time < first:
        first -= at.parent.frames if at.parent is not None else first
        at = p.takes[at.parent.take] if at.parent is not None else None
    if time < 0:
        return None
    return Part(at.id if at is not None else "", time - first, time - first + 1)
