"""The layout of sunlit houses."""

import numpy as np

from . import pictures
from .plan import EAST, NORTH, SOUTH, WEST, Plan
from .rooms import Room, doors, grid_of_rooms, open_door, paint_walls, runs
from .shading import CELL
from .styles import Mood, vary

_INWARD = {EAST: (1, 0), WEST: (-1, 0), NORTH: (0, 1), SOUTH: (0, -1)}


def house(air: Mood, rng: np.random.Generator) -> Plan:
    """Painted rooms with tall windows, patches of sun, rugs, plants and plain furniture."""
    height = 1.4
    rooms, cols, rows = grid_of_rooms(rng, 3, 8, 11)
    plan = Plan(cols, rows, air, rng)
    wood = vary("#c99b66", rng)
    boards = plan.material(wood, wood * 0.82, "planks", (0.7,))
    tiles = plan.material(vary("#e3d8c4", rng), vary("#b9c4b4", rng), "tiles", (1.0,))
    ceiling = plan.material("#f7f1e6")
    frame = plan.material("#f4ecdf")
    paints = [
        vary(c, rng) for c in ("#e9c9a0", "#a9c3b0", "#e3a98c", "#b4c6d6", "#e6d48e", "#d9b4b8")
    ]
    skirting = pictures.linear("#f4ecdf")
    order = rng.permutation(6)
    for n, room in enumerate(rooms.values()):
        plan.room(
            room.x0,
            room.y0,
            room.x1,
            room.y1,
            tiles if rng.random() < 0.25 else boards,
            ceiling,
            height,
        )
        paint_walls(
            plan, room, plan.material(paints[order[(n * 5) % 6]], skirting, "wainscot", (0.11,))
        )
    for a, b in doors(rng, 3, 0.5):
        open_door(plan, rooms[a], rooms[b], 3, 1.08, (boards, frame, 1))
    pane = plan.material("#e4f2fb", emit=0.97)
    for room in rooms.values():
        _windows(plan, room, frame, rng)
        if rng.random() < 0.75:
            _skylight(plan, room, pane, rng)
    colours = [
        vary(c, rng, 0.03)
        for c in ("#c65a3c", "#2f7d78", "#e0a93a", "#4a6fa5", "#efe2c8", "#8c4f6a", "#7fa05a")
    ]
    for room in rooms.values():
        cx, cy = room.centre
        plan.lamp(cx, cy, 1.2, "#ffe9c8", 1.9, 0.42)
        _rug(plan, room, colours, rng)
        _furnish(plan, room, colours, rng)
    return plan


def _windows(plan: Plan, room: Room, frame: int, rng) -> None:
    """Openings in the outer walls; sun and sky come in through them."""
    for wall in room.walls():
        face, line, _, _ = wall
        if line not in (0, (plan.cols if face < 2 else plan.rows) - 1):
            continue
        for begin, end in runs(plan, wall):
            if end - begin < 5:
                continue
            wide = int(rng.integers(2, 4))
            for at in (
                ((begin + end - wide) // 2,) if end - begin < 10 else (begin + 1, end - wide - 1)
            ):
                area = (
                    (slice(at, at + wide), slice(line, line + 1))
                    if face < 2
                    else (slice(line, line + 1), slice(at, at + wide))
                )
                plan.floor_h[area], plan.ceil_h[area] = 0.34, 1.14
                plan.wall_m[area] = frame
                plan.floor_m[area] = plan.ceil_m[area] = frame
                ix, iy = _INWARD[face]
                x, y = (
                    ((line + 0.5) * CELL, (at + wide / 2) * CELL)
                    if face < 2
                    else ((at + wide / 2) * CELL, (line + 0.5) * CELL)
                )
                plan.lamp(x + 0.5 * ix, y + 0.5 * iy, 0.8, "#dcebff", 1.7, 0.5)


def _skylight(plan: Plan, room: Room, pane: int, rng) -> None:
    """A pane in the ceiling that drops a patch of sun into the room."""
    wide, deep = ((3, 3), (2, 4), (4, 2), (3, 4))[int(rng.integers(4))]
    x, y = (room.x0 + room.x1 - wide) // 2, (room.y0 + room.y1 - deep) // 2
    area = (slice(y, y + deep), slice(x, x + wide))
    plan.ceil_m[area], plan.glass[area] = pane, True


def _rug(plan: Plan, room: Room, colours, rng) -> None:
    if rng.random() < 0.3:
        return
    a, b = (colours[i] for i in rng.permutation(len(colours))[:2])
    cx, cy = room.centre
    hx, hy = (room.x1 - room.x0) * CELL * 0.28, (room.y1 - room.y0) * CELL * 0.28
    mat = plan.material(a, b, "rug", (cx, cy, hx, hy))
    x0, x1 = int(np.ceil((cx - hx) / CELL)), int((cx + hx) / CELL)
    y0, y1 = int(np.ceil((cy - hy) / CELL)), int((cy + hy) / CELL)
    plan.mats[mat][7:11] = [
        (x0 + x1) / 2 * CELL,
        (y0 + y1) / 2 * CELL,
        (x1 - x0) / 2 * CELL,
        (y1 - y0) / 2 * CELL,
    ]
    plan.floor_m[y0:y1, x0:x1] = mat


def _furnish(plan: Plan, room: Room, colours, rng) -> None:
    """Along each free stretch of wall a sofa, a bookcase, a sideboard, a bed or a picture."""
    frame = vary("#a9784c", rng)
    kinds = list(rng.permutation(["sofa", "shelf", "board", "bed", "picture", "picture"]))
    for wall in room.walls():
        for begin, end in runs(plan, wall):
            if end - begin < 3:
                continue
            colour = colours[int(rng.integers(len(colours)))]
            kind = kinds.pop() if kinds else "picture"
            at = begin + (end - begin - 3) // 2
            if kind == "shelf":
                _stand(plan, wall, at, 3, 1, 0.78, plan.material(frame))
                face, line = wall[0], wall[1]
                step = _INWARD[face][0] + _INWARD[face][1]
                plan.hang(
                    plan.image(pictures.shelf(rng, frame, colours)),
                    face,
                    line + step,
                    (at + 1.5) * CELL,
                    1.5,
                    0.0,
                    0.78,
                )
                continue
            if kind == "sofa" and end - begin >= 4:
                _stand(plan, wall, at, 4, 1, 0.44, plan.material(colour * 0.85))
                _stand(plan, wall, at, 4, 2, 0.22, plan.material(colour), 1)
            elif kind == "board":
                _stand(
                    plan,
                    wall,
                    at,
                    3,
                    1,
                    0.36,
                    plan.material(frame, frame * 0.7, "courses", (0.18,)),
                )
                x, y = _spot(wall, at + 1.0, 0.5)
                plan.ball(x, y, 0.36 + 0.15, 0.13, 0.15, colour)
            elif kind == "bed" and end - begin >= 4:
                _stand(plan, wall, at, 3, 4, 0.24, plan.material(colour))
                _stand(plan, wall, at, 3, 1, 0.30, plan.material("#f3ead8"))
            image = plan.image(pictures.painting(rng, colours, frame))
            middle = (begin + end) / 2 * CELL
            plan.hang(
                image, wall[0], wall[1], middle, min(1.3, (end - begin) * CELL - 0.5), 0.56, 1.18
            )
    for sx, sy in ((0, 0), (1, 1)):
        if rng.random() < 0.6:
            x = (room.x0 + 0.8) * CELL if sx == 0 else (room.x1 - 0.8) * CELL
            y = (room.y0 + 0.8) * CELL if sy == 0 else (room.y1 - 0.8) * CELL
            if plan.is_open(int(x / CELL), int(y / CELL)):
                plan.post(x, y, 0.19, 0.0, 0.28, vary("#c26d45", rng))
                plan.ball(x, y, 0.62, 0.30, 0.38, vary("#4f8a4c", rng, 0.03))
    if rng.random() < 0.5:
        x, y = room.centre
        plan.post(x, y, 0.14, 0.0, 0.30, frame * 0.8)
        plan.post(x, y, 0.46, 0.30, 0.36, frame)
        plan.ball(x, y, 0.45, 0.10, 0.10, colours[int(rng.integers(len(colours)))])


def _spot(wall, along: float, off: float) -> tuple[float, float]:
    """World position `along` a wall and `off` cells into the room."""
    face, line, _, _ = wall
    base = line + 1 + off if face in (EAST, NORTH) else line - off
    return (base * CELL, along * CELL) if face < 2 else (along * CELL, base * CELL)


def _stand(
    plan: Plan, wall, at: int, wide: int, deep: int, height: float, mat: int, skip: int = 0
) -> None:
    """A block of `wide` by `deep` cells against a wall, the first `skip` of depth left alone."""
    face, line, _, _ = wall
    inner = (
        (line + 1 + skip, line + 1 + deep) if face in (EAST, NORTH) else (line - deep, line - skip)
    )
    if face < 2:
        plan.block(inner[0], at, inner[1], at + wide, height, mat)
    else:
        plan.block(at, inner[0], at + wide, inner[1], height, mat)
