"""Layouts under a roof, and the table of all layouts: galleries, corridors and houses."""
from dataclasses import dataclass

import numpy as np

from . import pictures
from .outdoors import garden, street
from .plan import EAST, NORTH, SOUTH, WEST, Plan
from .shading import CELL, SKY
from .styles import STYLES, Mood, vary


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
        return ((EAST, self.x0 - 1, self.y0, self.y1), (WEST, self.x1, self.y0, self.y1),
                (NORTH, self.y0 - 1, self.x0, self.x1), (SOUTH, self.y1, self.x0, self.x1))


def _cuts(rng, count: int, low: int, high: int) -> list[int]:
    """Wall lines of `count` rooms in a row."""
    lines = [0]
    for _ in range(count):
        lines.append(lines[-1] + int(rng.integers(low, high + 1)) + 1)
    return lines


def _grid_of_rooms(rng, count: int, low: int, high: int):
    xs, ys = _cuts(rng, count, low, high), _cuts(rng, count, low, high)
    rooms = {(i, j): Room(xs[i] + 1, ys[j] + 1, xs[i + 1], ys[j + 1]) for i in range(count) for j in range(count)}
    return rooms, xs[-1] + 1, ys[-1] + 1


def _doors(rng, count: int, spare: float):
    """Pairs of neighbouring rooms to connect: a spanning tree and some more."""
    pairs = [((i, j), (i + di, j + dj)) for i in range(count) for j in range(count)
             for di, dj in ((1, 0), (0, 1)) if i + di < count and j + dj < count]
    group = {(i, j): (i, j) for i in range(count) for j in range(count)}
    chosen = []
    for k in rng.permutation(len(pairs)):
        a, b = pairs[k]
        if group[a] != group[b] or rng.random() < spare:
            old, new = group[a], group[b]
            group = {key: new if value == old else value for key, value in group.items()}
            chosen.append((a, b))
    return chosen


def _open_door(plan: Plan, a: Room, b: Room, wide: int, height: float, mats) -> None:
    floor, frame, shift = mats
    if a.x1 + 1 == b.x0:
        low, high = max(a.y0, b.y0), min(a.y1, b.y1)
        y = (low + high - wide) // 2 + int(plan.rng.integers(-shift, shift + 1))
        plan.room(a.x1, y, b.x0, y + wide, floor, frame, height)
        plan.wall_m[y:y + wide, a.x1] = frame
    else:
        low, high = max(a.x0, b.x0), min(a.x1, b.x1)
        x = (low + high - wide) // 2 + int(plan.rng.integers(-shift, shift + 1))
        plan.room(x, a.y1, x + wide, b.y0, floor, frame, height)
        plan.wall_m[a.y1, x:x + wide] = frame


def _runs(plan: Plan, wall) -> list[tuple[int, int]]:
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


def _paint_walls(plan: Plan, room: Room, mat: int) -> None:
    plan.wall_m[room.y0 - 1:room.y1 + 1, room.x0 - 1] = mat
    plan.wall_m[room.y0 - 1:room.y1 + 1, room.x1] = mat
    plan.wall_m[room.y0 - 1, room.x0 - 1:room.x1 + 1] = mat
    plan.wall_m[room.y1, room.x0 - 1:room.x1 + 1] = mat


def gallery(air: Mood, rng: np.random.Generator) -> Plan:
    """Tall white rooms, oak floor, light panels, large abstract pictures, columns and spheres."""
    rooms, cols, rows = _grid_of_rooms(rng, 3, 9, 13)
    plan = Plan(cols, rows, air, rng)
    white = vary("#ece6da", rng, 0.01, 0.02)
    ceiling = plan.material("#f3efe6")
    panel = plan.material("#fff8ea", emit=0.95)
    frame = plan.material(vary("#5d4a3c", rng))
    oak = vary("#b98a5c", rng)
    floors = [plan.material(oak, oak * 0.78, "planks", (0.8,)), plan.material("#9c9a94", "#85837d", "tiles", (1.0,))]
    accents = [vary(c, rng) for c in ("#b7c4ab", "#d9b3a0", "#9fb3c4", "#dcc48e", "#c2a9bd")]
    paints = [vary(c, rng, 0.03) for c in ("#c8452f", "#e8b33c", "#2f5d8c", "#2b7a6b", "#f1e3c6", "#30304a", "#d9798a", "#7fb2c9")]
    turn = int(rng.integers(5))
    for n, room in enumerate(rooms.values()):
        height = 1.7
        plan.room(room.x0, room.y0, room.x1, room.y1, floors[int(rng.random() < 0.3)], ceiling, height)
        accent = accents[(n * 2 + turn) % 5]
        mat = plan.material(white, accent, "wainscot", (0.30,)) if n % 2 else plan.material(accent, white * 0.9, "wainscot", (0.14,))
        _paint_walls(plan, room, mat)
    for a, b in _doors(rng, 3, 0.55):
        _open_door(plan, rooms[a], rooms[b], 3, 1.25, (floors[0], frame, 1))
    for room in rooms.values():
        cx, cy = room.centre
        x0, y0 = (room.x0 + room.x1) // 2 - 1, (room.y0 + room.y1) // 2 - 1
        plan.ceil_m[y0 - 1:y0 + 3, x0 - 1:x0 + 3] = panel
        plan.lamp(cx, cy, 1.5, "#fff0d8", 2.6, 0.62)
        _gallery_centre(plan, room, rng, paints, white)
        for wall in room.walls():
            for begin, end in _runs(plan, wall):
                span = (end - begin) * CELL
                if span < 1.4:
                    continue
                count = 2 if span > 4.4 else 1
                for k in range(count):
                    width = min(span / count - 0.7, float(rng.uniform(1.0, 1.9)))
                    if width < 0.7:
                        continue
                    tall = min(1.05, max(0.62, width * float(rng.uniform(0.6, 0.95))))
                    dark = vary("#3a2e28", rng) if rng.random() < 0.5 else vary("#c9a45a", rng)
                    image = plan.image(pictures.painting(rng, paints, dark))
                    middle = begin * CELL + span * (k + 0.5) / count
                    plan.hang(image, wall[0], wall[1], middle, width, 0.66 - tall / 2 + 0.06, 0.66 + tall / 2 + 0.06)
    return plan


def _gallery_centre(plan: Plan, room: Room, rng, paints, white) -> None:
    """A sculpture, a bench, a pair of columns or nothing in the middle of a room."""
    cx, cy = room.centre
    what = int(rng.integers(5))
    colour = paints[int(rng.integers(len(paints)))]
    if what == 0:
        plan.post(cx, cy, 0.26, 0.0, 0.34, white)
        plan.ball(cx, cy, 0.34 + 0.26, 0.26, 0.26, colour)
    elif what == 1:
        plan.post(cx, cy, 0.30, 0.0, 0.22, "#4a423c")
        for k, r in enumerate((0.24, 0.17, 0.11)):
            plan.ball(cx, cy, 0.44 + 0.33 * k, r, r * 1.05, colour * (1.0 - 0.12 * k))
    elif what == 2:
        x, y = int(cx / CELL), int(cy / CELL)
        wood = plan.material(vary("#7a5235", rng))
        plan.block(x - 1, y, x + 2, y + 1, 0.22, wood)
    elif what == 3:
        for s in (-1, 1):
            plan.post(cx + s * 1.0, cy + s * 1.0, 0.20, 0.0, 1.7, white)
            plan.post(cx + s * 1.0, cy + s * 1.0, 0.28, 0.0, 0.14, white * 0.8)
    else:
        plan.post(cx, cy, 0.25, 0.0, 0.32, vary("#c77f55", rng))
        plan.ball(cx, cy, 0.78, 0.34, 0.48, vary("#4f7f4a", rng))


LAYOUTS = dict(zip(STYLES, (gallery, gallery, garden, street, gallery)))


def draw(style: str, air: Mood, rng: np.random.Generator) -> Plan:
    """The plan of a scene."""
    return LAYOUTS[style](air, rng)
