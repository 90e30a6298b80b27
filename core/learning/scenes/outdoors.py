"""The layout of hedge mazes."""

import numpy as np

from .plan import Plan
from .shading import CELL, SKY
from .styles import Mood, vary


def _maze(rng, n: int, spare: float):
    """Open passages between n x n places: a spanning tree and some loops."""
    seen, stack, passages = {(0, 0)}, [(0, 0)], set()
    while stack:
        i, j = stack[-1]
        ways = [
            (i + a, j + b)
            for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))
            if 0 <= i + a < n and 0 <= j + b < n and (i + a, j + b) not in seen
        ]
        if not ways:
            stack.pop()
            continue
        there = ways[int(rng.integers(len(ways)))]
        passages.add(tuple(sorted(((i, j), there))))
        seen.add(there)
        stack.append(there)
    for i in range(n):
        for j in range(n):
            for there in ((i + 1, j), (i, j + 1)):
                if max(there) < n and rng.random() < spare:
                    passages.add(((i, j), there))
    return passages


def garden(air: Mood, rng: np.random.Generator) -> Plan:
    """Hedge paths at dusk with clearings, cypresses, flower balls and stone spheres."""
    n, wide = 6, 4
    pitch = wide + 2
    size = n * pitch + 2
    plan = Plan(size, size, air, rng)
    green = vary("#5f9a58", rng, 0.03)
    hedges = [
        plan.material(green, green * 0.66, "blotch", (0.9,)),
        plan.material(vary("#8aa552", rng), vary("#6c8a48", rng), "blotch", (0.9,)),
    ]
    grass = plan.material(vary("#7d9a58", rng), vary("#6b8a50", rng), "blotch", (2.2,))
    sand = vary("#e6cfa6", rng)
    path = plan.material(sand, sand * 0.86, "blotch", (1.7,))
    paving = plan.material(vary("#cfc3b6", rng), vary("#b39f97", rng), "tiles", (1.0,))
    plan.room(0, 0, size, size, path, path, SKY)
    plan.block(0, 0, size, size, 0.92, hedges[0], grass)
    flowers = [vary(c, rng, 0.03) for c in ("#e0567a", "#f2c14e", "#f4f0e6", "#9a6ad0", "#e8743b")]
    half = size // 2
    for k, turn in enumerate(
        rng.permutation(5)[:4]
    ):  # every quarter of the garden has its own blossom
        bloom = plan.material(
            green, green * 0.7 + flowers[turn] * 0.16 if k else green * 0.66, "blotch", (1.3,)
        )
        plan.wall_m[
            (k // 2) * half : (k // 2 + 1) * half + 2, (k % 2) * half : (k % 2 + 1) * half + 2
        ] = bloom

    def cells(i, j):
        return 2 + i * pitch, 2 + j * pitch

    for i in range(n):
        for j in range(n):
            x, y = cells(i, j)
            plan.room(x, y, x + wide, y + wide, path, path, SKY)
    for (i, j), (k, _) in sorted(_maze(rng, n, 0.22)):
        x, y = cells(i, j)
        if k > i:
            plan.room(x + wide, y, x + pitch, y + wide, path, path, SKY)
        else:
            plan.room(x, y + wide, x + wide, y + pitch, path, path, SKY)
    for _ in range(5):  # clearings two places wide
        i, j = (int(v) for v in rng.integers(0, n - 1, 2))
        x, y = cells(i, j)
        plan.room(x, y, x + pitch + wide, y + pitch + wide, paving, path, SKY)
        cx, cy = (x + (pitch + wide) / 2) * CELL, (y + (pitch + wide) / 2) * CELL
        _centrepiece(plan, cx, cy, int(rng.integers(4)), flowers[int(rng.integers(5))], rng)
    _lower_some_hedges(plan, hedges[1], grass, n, pitch, wide, rng)
    _trees(plan, n, pitch, wide, flowers, rng)
    return plan


def _lower_some_hedges(
    plan: Plan, hedge: int, top: int, n: int, pitch: int, wide: int, rng
) -> None:
    """Some hedges between neighbouring paths are low enough to look across."""
    for _ in range(12):
        i, j = (int(v) for v in rng.integers(0, n - 1, 2))
        x, y = 2 + i * pitch, 2 + j * pitch
        if rng.random() < 0.5:
            area = (slice(y, y + wide), slice(x + wide, x + pitch))
        else:
            area = (slice(y + wide, y + pitch), slice(x, x + wide))
        if plan.floor_h[area].min() > 0.5:
            plan.floor_h[area] = 0.36
            plan.wall_m[area] = hedge
            plan.floor_m[area] = hedge


def _trees(plan: Plan, n: int, pitch: int, wide: int, flowers, rng) -> None:
    """Cypresses, round trees and flower balls where hedges meet."""
    for i in range(n + 1):
        for j in range(n + 1):
            x, y = (1 + i * pitch) * CELL, (1 + j * pitch) * CELL
            cx, cy = int(x / CELL), int(y / CELL)
            if plan.floor_h[min(cy, plan.rows - 1), min(cx, plan.cols - 1)] < 0.8:
                continue
            what = rng.random()
            if what < 0.28:
                plan.ball(x, y, 1.55, 0.34, 1.15, vary("#355f48", rng))
            elif what < 0.50:
                plan.post(x, y, 0.09, 0.8, 1.45, "#6b4a3a")
                plan.ball(
                    x,
                    y,
                    1.75,
                    0.62,
                    0.52,
                    vary(("#7a9a48", "#c98a4b", "#b45a4a", "#5f8f5a")[int(rng.integers(4))], rng),
                )
            elif what < 0.75:
                plan.ball(x, y, 1.05, 0.34, 0.30, flowers[int(rng.integers(len(flowers)))])


def _centrepiece(plan: Plan, x: float, y: float, what: int, flower, rng) -> None:
    stone = vary("#d9cfc6", rng)
    if what == 0:  # fountain
        plan.post(x, y, 0.62, 0.0, 0.20, stone)
        plan.post(x, y, 0.50, 0.20, 0.21, vary("#5fa3b8", rng))
        plan.post(x, y, 0.10, 0.2, 0.62, stone)
        plan.ball(x, y, 0.70, 0.26, 0.12, stone)
    elif what == 1:  # obelisk
        plan.post(x, y, 0.42, 0.0, 0.22, stone * 0.85)
        plan.ball(x, y, 0.95, 0.24, 0.95, stone)
    elif what == 2:  # flower mound
        plan.ball(x, y, 0.12, 0.75, 0.42, vary("#5d8a4a", rng))
        plan.ball(x, y, 0.42, 0.46, 0.34, flower)
    else:  # lantern
        plan.post(x, y, 0.10, 0.0, 0.95, "#4a4048")
        plan.ball(x, y, 1.08, 0.20, 0.20, "#ffd98a", 0.95)
        plan.lamp(x, y, 1.0, "#ffb65c", 1.6, 0.8, 0.55, 0.35)
