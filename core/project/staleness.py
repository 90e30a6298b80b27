"""Which takes were made from something that is no longer the chosen version, and why.

Computed for all takes at once and remembered for as long as the document's takes, chunks, start
and world are the very same values, so that a timeline may ask for every clip at every repaint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.project.model import Project, Take

Cause = Literal["start", "version", "discarded", "gone", "world"]


@dataclass(frozen=True)
class Stale:
    """The oldest thing that changed under a take; ``chunk`` is "" for the start and the world."""

    cause: Cause
    chunk: str = ""


#: The last document asked about (values are immutable, so identity says the answer still holds)
#: and its answer; one tuple, replaced whole, so that threads never see half of it.
_last: tuple[tuple[object, ...], Mapping[str, Stale]] = ((), {})


def stale_takes(p: Project) -> Mapping[str, Stale]:
    """Every stale take of the document with its cause."""
    global _last
    key = (p.takes, p.chunks, p.start, p.world)
    known_key, answer = _last
    if len(known_key) == len(key) and all(a is b for a, b in zip(known_key, key)):
        return answer
    stale: dict[str, Stale] = {}
    known: set[str] = set()
    for take in p.takes.values():
        # Up to something known, then down again: chains are thousands long, so no recursion.
        path: list[Take] = []
        at: Take | None = take
        while at is not None and at.id not in known:
            path.append(at)
            at = p.takes.get(at.parent.take) if at.parent is not None else None
        for one in reversed(path):
            cause = _cause(p, one, stale)
            if cause is not None:
                stale[one.id] = cause
            known.add(one.id)
    _last = (key, stale)
    return stale


def _cause(p: Project, take: Take, stale: Mapping[str, Stale]) -> Stale | None:
    if take.parent is None:
        now = p.start.video if p.start is not None else ""
        if take.start_source and take.start_source != now:
            return Stale("start")
        return _other_world(p, take)
    if take.parent.take in stale:  # the oldest cause is the one to mend
        return stale[take.parent.take]
    parent = p.takes.get(take.parent.take)
    chunk = p.chunks.get(parent.chunk) if parent is not None else None
    if parent is None or chunk is None:
        return Stale("gone", parent.chunk if parent is not None else "")
    if parent.status == "discarded":
        return Stale("discarded", chunk.id)
    if chunk.chosen != parent.id:
        return Stale("version", chunk.id)
    return _other_world(p, take)


def _other_world(p: Project, take: Take) -> Stale | None:
    return Stale("world") if take.world_hash != p.world.hash else None


def sentence(stale: Stale, number: int | None) -> str:
    """The cause in words; ``number`` is the chunk's place on the timeline, None when not there."""
    chunk = f"chunk {number}" if number is not None else "a chunk that is no longer on the timeline"
    match stale.cause:
        case "start":
            return "The start was changed."
        case "version":
            return f"Made from an earlier version of {chunk}."
        case "discarded":
            return f"Made from a discarded version of {chunk}."
        case "gone":
            return "Made from a chunk that was discarded."
        case "world":
            return "The slow adapter was changed."
