"""Layouts of galleries and corridors, and the table of all layouts."""

import numpy as np

from . import pictures
from .house import house
from .outdoors import garden
from .plan import Plan
from .rooms import Room, doors, grid_of_rooms, open_door, paint_walls, runs
from .shading import CELL
from .street import street
from .styles import STYLES, Mood, vary


def gallery(air: Mood, rng: np.random.Generator) -> Plan:
    """Tall white rooms, oak floor, light panels, large abstract pictures, columns and spheres."""
    rooms, cols, rows = grid_of_rooms(rng, 3, 9, 13)
    plan = Plan(cols, rows, air, rng)
    white = vary("#e9e9e6", rng, 0.01, 0.02)
    ceiling = plan.material("#dcdedf")
    panel = plan.material("#f6fbff", emit=0.95)
    frame = plan.material(vary("#cbb89c", rng))
    oak = vary(("#b4946f", "#8f7460", "#a8a096")[int(rng.integers(3))], rng)
    floors = [
        plan.material(oak, oak * 0.85, "planks", (0.8,)),
        plan.material("#9c9a94", "#85837d", "tiles", (1.0,)),
    ]
    accents = [vary(c, rng) for c in ("#b7c4ab", "#d9b3a0", "#9fb3c4", "#dcc48e", "#c2a9bd")]
    paints = [
        vary(c, rng, 0.03)
        for c in (
            "#c8452f",
            "#e8b33c",
            "#2f5d8c",
            "#2b7a6b",
            "#f1e3c6",
            "#30304a",
            "#d9798a",
            "#7fb2c9",
        )
    ]
    turn = int(rng.integers(5))
    for n, room in enumerate(rooms.values()):
        height = 1.7
        plan.room(
            room.x0, room.y0, room.x1, room.y1, floors[int(rng.random() < 0.3)], ceiling, height
        )
        accent = accents[(n * 2 + turn) % 5]
        mat = (
            plan.material(white, accent, "wainscot", (0.30,))
            if n % 2
            else plan.material(accent, white * 0.9, "wainscot", (0.14,))
        )
        paint_walls(plan, room, mat)
    for a, b in doors(rng, 3, 0.55):
        open_door(plan, rooms[a], rooms[b], 3, 1.25, (floors[0], frame, 1))
    for room in rooms.values():
        cx, cy = room.centre
        x0, y0 = (room.x0 + room.x1) // 2 - 1, (room.y0 + room.y1) // 2 - 1
        plan.ceil_m[y0 - 1 : y0 + 3, x0 - 1 : x0 + 3] = panel
        plan.lamp(cx, cy, 1.5, "#fbf8f4", 3.0, 0.72)
        _gallery_centre(plan, room, rng, paints, white)
        for wall in room.walls():
            for begin, end in runs(plan, wall):
                span = (end - begin) * CELL
                if span < 1.4:
                    continue
                count = 2 if span > 4.4 else 1
                for k in range(count):
                    width = min(span / count - 0.7, float(rng.uniform(1.3, 2.3)))
                    if width < 0.7:
                        continue
                    tall = min(1.12, max(0.66, width * float(rng.uniform(0.6, 0.95))))
                    dark = vary("#3a2e28", rng) if rng.random() < 0.5 else vary("#c9a45a", rng)
                    image = plan.image(pictures.painting(rng, paints, dark))
                    middle = begin * CELL + span * (k + 0.5) / count
                    plan.hang(
                        image, wall[0], wall[1], middle, width, 0.80 - tall / 2, 0.80 + tall / 2
                    )
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


def corridor(air: Mood, rng: np.random.Generator) -> Plan:
    """A net of concrete corridors: light panels, beams, bands, doors and glowing side rooms."""
    wide, height = 4, 1.3
    blocks_x, blocks_y = rng.integers(9, 13, 2), rng.integers(9, 13, 2)
    xs = [1, 1 + wide + blocks_x[0], 1 + 2 * wide + blocks_x.sum()]
    ys = [1, 1 + wide + blocks_y[0], 1 + 2 * wide + blocks_y.sum()]
    cols, rows = int(xs[2]) + wide + 1, int(ys[2]) + wide + 1
    plan = Plan(cols, rows, air, rng)
    concrete = vary("#c2c6c2", rng, 0.03)
    floor = plan.material(vary("#9aa3a6", rng), vary("#838d92", rng), "tiles", (1.5,))
    ceiling = plan.material(vary("#aab1b0", rng))
    panel = plan.material("#eafcff", emit=0.95)
    accents = [
        vary(c, rng, 0.03)
        for c in ("#e07a34", "#2f9c95", "#d8b830", "#c2485a", "#4c78c4", "#7aa843")
    ]
    order = rng.permutation(6)
    ink = pictures.linear("#f6f1e2")
    for k in range(3):
        for upright in (True, False):
            x0, y0 = (int(xs[k]), 1) if upright else (1, int(ys[k]))
            x1, y1 = (x0 + wide, rows - 1) if upright else (cols - 1, y0 + wide)
            plan.room(x0, y0, x1, y1, floor, ceiling, height)
    for k in range(3):
        a, b = (
            plan.material(concrete, accents[order[(k + 3 * u) % 6]], "band", (0.28, 0.52))
            for u in (0, 1)
        )
        plan.wall_m[:, int(xs[k]) - 1 : int(xs[k]) + wide + 1] = a
        plan.wall_m[int(ys[k]) - 1, :] = b
        plan.wall_m[int(ys[k]) + wide, :] = b
    beam = plan.material(concrete * 0.8)
    for k in range(3):
        for c in range(5, max(cols, rows) - 4, 6):
            for x, y in ((int(xs[k]) + 1, c), (c, int(ys[k]) + 1)):
                if y + 2 < rows and x + 2 < cols:
                    plan.ceil_m[y : y + 2, x : x + 2] = panel
                    plan.lamp((x + 1) * CELL, (y + 1) * CELL, 1.1, "#e8f6ff", 1.5, 0.72)
        for j in range(3):
            for y in (int(ys[j]) - 1, int(ys[j]) + wide):
                if 1 < y < rows - 2:
                    plan.ceil_h[y, int(xs[k]) : int(xs[k]) + wide] = 1.08
                    plan.wall_m[y, int(xs[k]) : int(xs[k]) + wide] = beam
            for x in (int(xs[j]) - 1, int(xs[j]) + wide):
                if 1 < x < cols - 2:
                    plan.ceil_h[int(ys[k]) : int(ys[k]) + wide, x] = 1.08
                    plan.wall_m[int(ys[k]) : int(ys[k]) + wide, x] = beam
    for i in range(2):
        for j in range(2):
            room = Room(
                int(xs[i]) + wide + 1, int(ys[j]) + wide + 1, int(xs[i + 1]) - 1, int(ys[j + 1]) - 1
            )
            _side_room(
                plan, room, floor, ceiling, height, accents[order[(i + 2 * j) % 6]], concrete, rng
            )
    _corridor_walls(plan, xs, ys, wide, accents, ink, rng)
    return plan


def _side_room(
    plan: Plan, room: Room, floor: int, ceiling: int, height: float, colour, concrete, rng
) -> None:
    """A room lit in one colour, with two doorways and something in the middle."""
    plan.room(room.x0, room.y0, room.x1, room.y1, floor, ceiling, height)
    paint = plan.material(colour * 0.35 + concrete * 0.65, colour, "wainscot", (0.40,))
    frame = plan.material(colour)
    glow = plan.material(colour * 0.5 + 0.5, emit=0.95)
    paint_keep = plan.wall_m.copy()
    paint_walls(plan, room, paint)
    plan.wall_m[plan.floor_h == 0] = paint_keep[plan.floor_h == 0]
    walls = room.walls()
    for k in rng.permutation(4)[:3]:
        face, line, start, stop = walls[k]
        at = (start + stop) // 2 - 1
        area = (
            (slice(at, at + 3), slice(line, line + 1))
            if face < 2
            else (slice(line, line + 1), slice(at, at + 3))
        )
        plan.floor_h[area], plan.ceil_h[area] = 0.0, 1.02
        plan.floor_m[area], plan.ceil_m[area], plan.wall_m[area] = floor, frame, frame
    cx, cy = room.centre
    x, y = int(cx / CELL), int(cy / CELL)
    plan.ceil_m[y - 1 : y + 2, x - 1 : x + 2] = glow
    plan.lamp(cx, cy, 1.0, colour * 0.6 + 0.4, 2.0, 1.0)
    what = int(rng.integers(4))
    if what == 0:
        plan.block(
            x - 1,
            y - 1,
            x + 1,
            y + 1,
            0.45,
            plan.material(colour, colour * 0.6, "courses", (0.15,)),
        )
        plan.block(x + 1, y - 1, x + 2, y, 0.25, plan.material(colour * 0.6))
    elif what == 1:
        plan.post(cx, cy, 0.45, 0.0, 0.95, colour)
        plan.ball(cx, cy, 0.95, 0.45, 0.16, colour * 0.8)
    elif what == 2:
        for dx, dy in ((-1.1, -1.1), (1.1, -1.1), (-1.1, 1.1), (1.1, 1.1)):
            plan.post(cx + dx, cy + dy, 0.2, 0.0, height, concrete)
        plan.ball(cx, cy, 0.4, 0.4, 0.4, colour)
    else:
        plan.post(cx, cy, 0.30, 0.0, 0.3, concrete)
        plan.ball(cx, cy, 0.68, 0.36, 0.42, vary("#4f8a52", rng))


def _corridor_walls(plan: Plan, xs, ys, wide: int, accents, ink, rng) -> None:
    """Closed doors and lit signs along the corridors."""
    steel = pictures.linear("#3e484e")
    for upright, lines in ((True, xs), (False, ys)):
        length = plan.rows if upright else plan.cols
        for line in lines:
            for face, wall in (
                ((0, int(line) + wide), (1, int(line) - 1))
                if upright
                else ((2, int(line) + wide), (3, int(line) - 1))
            ):
                for at in range(3, length - 4, 5):
                    cells = [(k, wall) if upright else (wall, k) for k in range(at, at + 2)]
                    if any(plan.floor_h[c] < 1.0 for c in cells) or rng.random() < 0.25:
                        continue
                    colour = accents[int(rng.integers(6))]
                    if rng.random() < 0.55:
                        plan.hang(
                            plan.image(pictures.door(colour * 0.8, steel, ink)),
                            face,
                            wall,
                            (at + 1) * CELL,
                            0.86,
                            0.0,
                            0.98,
                        )
                    else:
                        plan.hang(
                            plan.image(pictures.sign(rng, ink, colour)),
                            face,
                            wall,
                            (at + 1) * CELL,
                            0.84,
                            0.40,
                            1.10,
                            0.55,
                        )


LAYOUTS = dict(zip(STYLES, (gallery, corridor, garden, street, house)))


def draw(style: str, air: Mood, rng: np.random.Generator) -> Plan:
    """The plan of a scene."""
    return LAYOUTS[style](air, rng)
