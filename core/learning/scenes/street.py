"""The layout of night streets."""

import numpy as np

from . import pictures
from .plan import EAST, NORTH, SOUTH, WEST, Plan
from .shading import CELL, SKY
from .styles import Mood, vary

_WALK, _ROAD = 3, 4  # cells of one pavement and of the carriageway
_STREET = 2 * _WALK + _ROAD


def street(air: Mood, rng: np.random.Generator) -> Plan:
    """Streets between painted house fronts: lit windows, shop signs, lamps, trees, parked cars."""
    edge = 3
    blocks_x, blocks_y = rng.integers(9, 15, 2), rng.integers(9, 15, 2)
    xs = [edge, edge + _STREET + int(blocks_x[0])]
    ys = [edge, edge + _STREET + int(blocks_y[0])]
    cols, rows = xs[1] + _STREET + edge, ys[1] + _STREET + edge
    plan = Plan(cols, rows, air, rng)
    stone = vary("#8c8a9c", rng)
    pavement = plan.material(stone, stone * 0.86, "tiles", (1.0,))
    road = plan.material(vary("#4a4d60", rng), vary("#434659", rng), "blotch", (3.0,))
    line = plan.material(vary("#8f8c94", rng))
    roof = plan.material("#2a2d40")
    plan.room(0, 0, cols, rows, pavement, pavement, SKY)
    _houses(plan, xs, ys, roof, rng)
    for upright in (True, False):
        for at in xs if upright else ys:
            length = rows if upright else cols
            for k in range(edge + _WALK, length - edge - _WALK):
                _lay(plan, upright, at + _WALK, at + _WALK + _ROAD, k, road)
    for upright in (True, False):
        for at in xs if upright else ys:
            other = ys if upright else xs
            length = rows if upright else cols
            for k in range(edge + _STREET, length - edge - _STREET):
                if k % 5 == 0 and all(not o <= k < o + _STREET for o in other):
                    _lay(plan, upright, at + _WALK + 1, at + _WALK + _ROAD - 1, k, line)
    _furnish(plan, xs, ys, rng)
    return plan


def _lay(plan: Plan, upright: bool, low: int, high: int, k: int, mat: int) -> None:
    if upright:
        plan.floor_m[k, low:high] = mat
    else:
        plan.floor_m[low:high, k] = mat


def _houses(plan: Plan, xs, ys, roof: int, rng) -> None:
    """House lots around the streets and in the block between them, each with its own front."""
    cols, rows = plan.cols, plan.rows
    x0, x1, y0, y1 = xs[0], xs[1] + _STREET, ys[0], ys[1] + _STREET
    fronts = []  # (face, line, start, stop)
    fronts += [
        (EAST, x0 - 1, y0, y1),
        (WEST, x1, y0, y1),
        (NORTH, y0 - 1, x0, x1),
        (SOUTH, y1, x0, x1),
    ]
    bx0, bx1, by0, by1 = xs[0] + _STREET, xs[1], ys[0] + _STREET, ys[1]
    plan.block(0, 0, cols, y0, 2.0, roof)
    plan.block(0, y1, cols, rows, 2.0, roof)
    plan.block(0, 0, x0, rows, 2.0, roof)
    plan.block(x1, 0, cols, rows, 2.0, roof)
    plan.block(bx0, by0, bx1, by1, 2.0, roof)
    fronts += [
        (WEST, bx0, by0, by1),
        (EAST, bx1 - 1, by0, by1),
        (SOUTH, by0, bx0, bx1),
        (NORTH, by1 - 1, bx0, bx1),
    ]
    paints = (
        "#b0606a",
        "#5f86a8",
        "#c79a5a",
        "#6f9480",
        "#8c74a8",
        "#b98474",
        "#7f8fb8",
        "#cdb595",
    )
    signs = ("#ff5a7a", "#3fd6d0", "#ffb02e", "#7c8cff", "#8fe05a")
    for face, line, start, stop in fronts:
        k = start
        while k < stop:
            wide = min(int(rng.integers(4, 7)), stop - k)
            if stop - k - wide < 4:
                wide = stop - k
            _front(
                plan,
                (face, line, k, k + wide),
                vary(paints[int(rng.integers(8))], rng),
                signs,
                roof,
                rng,
            )
            k += wide


def _front(plan: Plan, wall, paint, signs, roof: int, rng) -> None:
    """One house: its height, colour, a door or a shop, and windows lit or dark."""
    face, line, start, stop = wall
    height = float(rng.choice([1.7, 2.0, 2.3, 2.7]))
    mat = plan.material(paint, paint * 0.55, "wainscot", (0.16,))
    deep = 2
    low = line if face in (WEST, SOUTH) else line - deep + 1
    area = (
        (slice(start, stop), slice(low, low + deep))
        if face < 2
        else (slice(low, low + deep), slice(start, stop))
    )
    plan.floor_h[area], plan.wall_m[area], plan.floor_m[area] = height, mat, roof
    a, b = start * CELL, stop * CELL
    warm = vary(("#ffc46a", "#ffd998", "#ff9f5a")[int(rng.integers(3))], rng)
    dark = pictures.linear("#2b3558")
    frame = paint * 0.35
    mid = (a + b) / 2
    shop = rng.random() < 0.45 and b - a >= 1.9
    if shop:
        colour = pictures.linear(signs[int(rng.integers(5))])
        plan.hang(
            plan.image(pictures.window(warm, frame, False)),
            face,
            line,
            mid,
            b - a - 0.5,
            0.18,
            0.74,
            0.9,
        )
        _sign_over(plan, face, line, mid, min(1.9, b - a - 0.4), colour, rng)
        ox, oy = {EAST: (0.5, 0), WEST: (-0.5, 0), NORTH: (0, 0.5), SOUTH: (0, -0.5)}[face]
        x, y = (
            ((line + (face == EAST)) * CELL, mid)
            if face < 2
            else (mid, (line + (face == NORTH)) * CELL)
        )
        plan.lamp(x + ox, y + oy, 0.8, colour * 0.5 + warm * 0.5, 1.0, 0.6)
    else:
        half = (b - a) / 2
        flip = 1 if rng.random() < 0.5 else -1
        colour = vary(("#3f7f7a", "#9c3f45", "#c9903a", "#43508f")[int(rng.integers(4))], rng)
        plan.hang(
            plan.image(pictures.door(colour, frame, warm)),
            face,
            line,
            mid - flip * half * 0.45,
            0.62,
            0.0,
            0.86,
            0.12,
        )
        lit = rng.random() < 0.6
        plan.hang(
            plan.image(pictures.window(warm if lit else dark, frame)),
            face,
            line,
            mid + flip * half * 0.42,
            0.74,
            0.30,
            0.88,
            0.9 if lit else 0.25,
            slot=1,
        )
    lit = rng.random() < 0.5
    panes = plan.image(pictures.window_pair(warm if lit else dark, frame))
    plan.hang(panes, face, line, mid, min(2.2, b - a), 1.2, 1.62, 0.9 if lit else 0.25, slot=2)


def _sign_over(plan: Plan, face: int, line: int, mid: float, width: float, colour, rng) -> None:
    board = pictures.sign(rng, pictures.linear("#fff6e0"), colour)
    plan.hang(plan.image(board), face, line, mid, 0.62, 0.78, 1.12, 0.95, slot=1)


def _furnish(plan: Plan, xs, ys, rng) -> None:
    """Lamps, trees and cars along the kerbs."""
    leaf = [vary(c, rng) for c in ("#4f7a52", "#7a8a4a", "#a8694a")]
    cars = ("#c24a44", "#3f7fa8", "#d8a83a", "#7d9c7a", "#c9c4bc")
    for upright in (True, False):
        at_all, other = (xs, ys) if upright else (ys, xs)
        length = plan.rows if upright else plan.cols
        for at in at_all:
            for side in (0, 1):
                count = side
                kerb = (at + _WALK - 0.5 if side == 0 else at + _WALK + _ROAD + 0.5) * CELL
                for k in range(8 + 2 * side, length - 6, 5):
                    if any(o <= k < o + _STREET for o in other) and rng.random() < 0.8:
                        continue
                    along = (k + 0.5) * CELL
                    x, y = (kerb, along) if upright else (along, kerb)
                    what = rng.random() if count % 2 else 0.0
                    count += 1
                    if what < 0.25:
                        _street_lamp(plan, x, y, rng)
                    elif what < 0.75:
                        plan.post(x, y, 0.08, 0.0, 0.7, "#5c4a44")
                        plan.ball(x, y, 1.08, 0.46, 0.50, leaf[int(rng.integers(3))])
                    else:
                        plan.post(x, y, 0.24, 0.0, 0.22, "#8f6a5a")
                        plan.ball(x, y, 0.36, 0.28, 0.22, leaf[int(rng.integers(3))])
                if rng.random() < 0.8:
                    k = int(rng.integers(_STREET + 2, max(_STREET + 3, length - _STREET - 3)))
                    across = (at + _WALK + (0.6 if side == 0 else _ROAD - 0.6)) * CELL
                    x, y = (across, k * CELL) if upright else (k * CELL, across)
                    _car(plan, x, y, upright, vary(cars[int(rng.integers(5))], rng))


def _street_lamp(plan: Plan, x, y, rng) -> None:
    plan.post(x, y, 0.055, 0.0, 1.25, "#2a2c3c")
    plan.ball(x, y, 1.34, 0.15, 0.15, "#ffe2a6", 1.0)
    plan.lamp(x, y, 1.25, "#ffc27a", 1.9, 1.8, 0.62, 0.42)


def _car(plan: Plan, x, y, upright: bool, colour) -> None:
    """A toy car of upright cylinders: a long low body and a glazed cabin."""
    ux, uy = (0.0, 1.0) if upright else (1.0, 0.0)
    glass = colour * 0.2 + pictures.linear("#9db4d8") * 0.4
    for off in np.linspace(-0.44, 0.44, 7):
        plan.post(x + ux * off, y + uy * off, 0.29, 0.05, 0.23, colour)
    for off in (-0.18, -0.06, 0.06):
        plan.post(x + ux * off, y + uy * off, 0.25, 0.23, 0.40, glass)
    for off in (-0.18, -0.06, 0.06):
        plan.post(x + ux * off, y + uy * off, 0.25, 0.40, 0.43, colour)
