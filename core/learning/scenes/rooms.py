"""Rooms on the grid: cutting a plan into rooms, doors between them, free stretches of wall."""

from dataclasses import dataclass

from .plan import EAST, NORTH, SOUTH, WEST, Plan
from .shading import CELL, SKY


@dataclass(frozen=True)
class Room:
    """Cells [x0, x1) x [y0, y1)."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2 * CELL, (self.y0 + self.y1) / 2 * CELL

    def walls(self):
        """(face, line, start, stop) of the four walls as seen from inside."""
        return (
            (EAST, self.x0 - 1, self.y0, self.y1),
            (WEST, self.x1, self.y0, self.y1),
            (NORTH, self.y0 - 1, self.x0, self.x1),
            (SOUTH, self.y1, self.x0, self.x1),
        )


def cuts(rng, count: int, low: int, high: int) -> list[int]:
    """Wall lines of `count` rooms in a row."""
    lines = [0]
    for _ in range(count):
        lines.append(lines[-1] + int(rng.integers(low, high + 1)) + 1)
    return lines


def grid_of_rooms(rng, count: int, low: int, high: int):
    xs, ys = cuts(rng, count, low, high), cuts(rng, count, low, high)
    made = {
        (i, j): Room(xs[i] + 1, ys[j] + 1, xs[i + 1], ys[j + 1])
        for i in range(count)
        for j in range(count)
    }
    return made, xs[-1] + 1, ys[-1] + 1


def doors(rng, count: int, spare: float):
    """Pairs of neighbouring rooms to connect: a spanning tree and some more."""
    pairs = [
        ((i, j), (i + di, j + dj))
        for i in range(count)
        for j in range(count)
        for di, dj in ((1, 0), (0, 1))
        if i + di < count and j + dj < count
    ]
    group = {(i, j): (i, j) for i in range(count) for j in range(count)}
    chosen = []
    for k in rng.permutation(len(pairs)):
        a, b = pairs[k]
        if group[a] != group[b] or rng.random() < spare:
            old, new = group[a], group[b]
            group = {key: new if value == old else value for key, value in group.items()}
            chosen.append((a, b))
    return chosen


def open_door(plan: Plan, a: Room, b: Room, wide: int, height: float, mats) -> None:
    floor, frame, shift = mats
    if a.x1 + 1 == b.x0:
        low, high = max(a.y0, b.y0), min(a.y1, b.y1)
        y = (low + high - wide) // 2 + int(plan.rng.integers(-shift, shift + 1))
        plan.room(a.x1, y, b.x0, y + wide, floor, frame, height)
        plan.wall_m[y : y + wide, a.x1] = frame
    else:
        low, high = max(a.x0, b.x0), min(a.x1, b.x1)
        x = (low + high - wide) // 2 + int(plan.rng.integers(-shift, shift + 1))
        plan.room(x, a.y1, x + wide, b.y0, floor, frame, height)
        plan.wall_m[a.y1, x : x + wide] = frame


def runs(plan: Plan, wall) -> list[tuple[int, int]]:
    """Solid stretches of a wall as (start, stop) cells."""
    face, line, start, stop = wall
    runs, begin = [], None
    for k in range(start, stop + 1):
        solid = k < stop and (plan.floor_h[k, line] if face < 2 else plan.floor_h[line, k]) >= SKY
        if solid and begin is None:
            begin = k
        if not solid and begin is not None:
            runs.append((begin, k))
            begin = None
    return runs


def paint_walls(plan: Plan, room: Room, mat: int) -> None:
    plan.wall_m[room.y0 - 1 : room.y1 + 1, room.x0 - 1] = mat
    plan.wall_m[room.y0 - 1 : room.y1 + 1, room.x1] = mat
    plan.wall_m[room.y0 - 1, room.x0 - 1 : room.x1 + 1] = mat
    plan.wall_m[room.y1, room.x0 - 1 : room.x1 + 1] = mat
