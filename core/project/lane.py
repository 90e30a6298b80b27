"""Time edits of the action lane: taking a range out, making room, cutting and putting back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import TypeVar

from core.project.ids import new_id
from core.project.model import ActionSpan, Clip, Marker

Spans = tuple[ActionSpan, ...]
Placed = TypeVar("Placed", ActionSpan, Clip)
FrameMap = Callable[[int], int]


def shifted(items: tuple[Placed, ...], by: int) -> tuple[Placed, ...]:
    """Every item ``by`` frames later.

    Copies the fields directly: a frozen dataclass sets each through ``object.__setattr__``, which
    is twice as slow, and a ripple over thousands of clips must not be felt.
    """
    if by == 0 or not items:
        return items
    cls, new = type(items[0]), object.__new__
    spans = cls is ActionSpan  # a clip's end follows from its start, a span's is its own
    moved = []
    for item in items:
        copy = new(cls)
        fields = copy.__dict__
        fields.update(item.__dict__)
        fields["start"] += by
        if spans:
            fields["end"] += by
        moved.append(copy)
    return tuple(moved)


def cut(spans: Spans, at: int) -> Spans:
    """Split the span that lies across ``at``; its later part gets a new id."""
    i = bisect_right(spans, at, key=lambda s: s.end)
    if i == len(spans) or spans[i].start >= at:
        return spans
    s = spans[i]
    parts = ActionSpan(s.id, s.text, s.start, at), ActionSpan(new_id(), s.text, at, s.end)
    return spans[:i] + parts + spans[i + 1 :]


def take_out(spans: Spans, a: int, b: int) -> tuple[Spans, Spans]:
    """(what lies outside [a, b), what lies inside), cut at both ends; nothing moves."""
    spans = cut(cut(spans, a), b)
    i = bisect_left(spans, a, key=lambda s: s.start)
    j = bisect_left(spans, b, key=lambda s: s.start)
    return spans[:i] + spans[j:], spans[i:j]


def close(spans: Spans, a: int, b: int) -> Spans:
    """Remove the frames [a, b): what is later moves up; a span across all of it stays one."""
    i = bisect_right(spans, a, key=lambda s: s.end)  # spans[:i] end at or before a
    j = bisect_left(spans, b, key=lambda s: s.start)  # spans[j:] begin at or after b
    inside: list[ActionSpan] = []
    for s in spans[i:j]:
        start = min(s.start, a)
        end = a + max(0, s.end - b)
        if start < end:
            inside.append(ActionSpan(s.id, s.text, start, end))
    return spans[:i] + tuple(inside) + shifted(spans[j:], a - b)


def room(spans: Spans, at: int, frames: int, stretch: bool) -> Spans:
    """Insert ``frames`` at ``at``: a span across it is stretched over them, or cut in two."""
    if not stretch:
        spans = cut(spans, at)
    i = bisect_right(spans, at, key=lambda s: s.end)
    across: Spans = ()
    if i < len(spans) and spans[i].start < at:
        s = spans[i]
        across = (ActionSpan(s.id, s.text, s.start, s.end + frames),)
    return spans[:i] + across + shifted(spans[i + len(across) :], frames)


def put(spans: Spans, more: Spans) -> Spans | None:
    """Both together in order; None where they would overlap."""
    if not more:
        return spans
    i = bisect_left(spans, more[0].start, key=lambda s: s.start)
    merged = spans[:i] + more + spans[i:]
    if i > 0 and spans[i - 1].end > more[0].start:
        return None
    if i < len(spans) and spans[i].start < more[-1].end:
        return None
    return merged


def closed_frame(frame: int, a: int, b: int) -> int:
    """Where a frame lands when [a, b) is removed."""
    return frame if frame <= a else max(a, frame - (b - a))


def roomed_frame(frame: int, at: int, frames: int) -> int:
    """Where a frame lands when ``frames`` are inserted at ``at``."""
    return frame + frames if frame >= at else frame


def ordered(markers: list[Marker]) -> tuple[Marker, ...]:
    return tuple(sorted(markers, key=lambda m: (m.frame, m.id)))
