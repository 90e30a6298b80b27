"""Snapping: the points a drag sticks to, and the nearest of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

PIXELS = 9  # how near, on the screen


@dataclass(frozen=True)
class Snapper:
    """Sorted frames to stick to; an empty one never moves anything."""

    points: tuple[int, ...] = ()

    @classmethod
    def of(cls, points: Iterable[int], without: Iterable[int] = ()) -> Snapper:
        return cls(tuple(sorted(set(points) - set(without))))

    def joined(self, points: Iterable[int]) -> Snapper:
        return Snapper(tuple(sorted({*self.points, *points})))

    def nearest(self, frame: float) -> int | None:
        at = bisect_left(self.points, frame)
        near = self.points[max(0, at - 1) : at + 1]
        return min(near, key=lambda point: abs(point - frame), default=None)

    def snap(self, frame: float, ppf: float) -> tuple[int, int | None]:
        """(frame, the point it stuck to or None)."""
        point = self.nearest(frame)
        if point is not None and abs(point - frame) * ppf <= PIXELS:
            return point, point
        return round(frame), None

    def snap_range(self, start: float, frames: int, ppf: float) -> tuple[int, int | None]:
        """Move a block of ``frames`` so that the nearer of its two ends sticks."""
        head, head_point = self.snap(start, ppf)
        tail, tail_point = self.snap(start + frames, ppf)
        if tail_point is not None and (
            head_point is None or abs(tail - frames - start) < abs(head - start)
        ):
            return tail - frames, tail_point
        return head, head_point


def free_start(taken: list[tuple[int, int]], want: int, frames: int, lowest: int = 0) -> int | None:
    """The start nearest to ``want`` where ``frames`` fit between the sorted ``taken`` ranges."""
    best: int | None = None
    edge = lowest
    for begin, end in [*taken, (None, None)]:
        if begin is None or begin - edge >= frames:
            last = want if begin is None else begin - frames
            at = max(edge, min(want, last)) if begin is not None else max(edge, want)
            if best is None or abs(at - want) < abs(best - want):
                best = at
        if end is not None:
            edge = max(edge, end)
    return best


def room(taken: list[tuple[int, int]], frame: int) -> tuple[int, int | None] | None:
    """The free range around ``frame`` between sorted ``taken`` ranges; None where it is taken."""
    low = 0
    for begin, end in taken:
        if begin <= frame < end:
            return None
        if begin > frame:
            return low, begin
        low = end
    return low, None
