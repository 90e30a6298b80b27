"""What stands beside the roads: houses, blocks of flats, trees, lamps, parked cars, landmarks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from core.learning.scenes.pictures import linear
from core.learning.scenes.styles import vary

from .roads import EXTENT, STEP, Roads
from .styles import Look

GABLE, HIP = 0.0, 1.0
HOUSE, FLATS, BARE, GLASS = 0.0, 1.0, 2.0, 3.0

_CARS = ("#b8322c", "#2f5f9e", "#e6e6e2", "#2f3338", "#d8a53a", "#5b7f6b")


@dataclass
class Things:
    """Everything upright. Rows are what the renderer reads.

    blocks: 0 x, 1 y, 2 cos, 3 sin, 4 half length, 5 half depth, 6 bottom, 7 eaves, 8 ridge,
    9 roof shape, 10 kind, 11:14 wall, 14:17 roof, 17 share of lit windows, 18 a number of its own.
    items: as scenes.shading reads round things. lamps: as it reads lamps.
    """

    blocks: list[list[float]] = field(default_factory=list)
    items: list[list[float]] = field(default_factory=list)
    lamps: list[list[float]] = field(default_factory=list)

    def block(self, at, yaw, half, heights, colours, roof=GABLE, kind=HOUSE, lit=0.0, own=0.0):
        wall, top = colours
        self.blocks.append([at[0], at[1], math.cos(yaw), math.sin(yaw), *half, *heights, roof,
                            kind, *wall, *top, lit, own])

    def ball(self, x, y, z, r, rz, colour, emit=0.0):
        self.items.append([0.0, x, y, z, r, rz, *colour, emit])

    def post(self, x, y, r, z0, z1, colour, emit=0.0):
        self.items.append([1.0, x, y, (z0 + z1) / 2, r, (z1 - z0) / 2, *colour, emit])


class _Ground:
    """Where there is room: roads and what was put down before."""

    def __init__(self, roads: Roads, maps: np.ndarray):
        self.roads, self.maps, self.taken = roads, maps, []

    def off_road(self, x: float, y: float) -> float:
        """Distance to the nearest kerb; negative on the road."""
        n = self.maps.shape[0]
        j, i = (min(n - 1, max(0, int(round(v / STEP)))) for v in (y, x))
        return float(self.maps[j, i, 0]) - self.roads.half

    def free(self, x: float, y: float, radius: float) -> bool:
        return all(math.hypot(x - a, y - b) > radius + r for a, b, r in self.taken)

    def take(self, x: float, y: float, radius: float) -> None:
        self.taken.append((x, y, radius))


def furnish(roads: Roads, maps: np.ndarray, look: Look, rng: np.random.Generator) -> Things:
    """Everything that stands in the town, deterministic in ``rng``."""
    things, ground = Things(), _Ground(roads, maps)
    for line in roads.strands:
        for side in (-1, 1):
            _houses(things, ground, look, line, side, rng)
    _landmarks(things, ground, look, rng)
    for line in roads.strands:
        for side in (-1, 1):
            _verge(things, ground, look, line, side, rng)
    for _ in range(170):
        x, y = rng.uniform(1.0, EXTENT - 1.0, 2)
        if ground.off_road(x, y) > 2.4 and ground.free(x, y, 0.5):
            _tree(things, look, x, y, rng)
            ground.take(x, y, 0.4)
    return things


def _beside(line: np.ndarray, way: float, offset: float) -> tuple[float, float, float]:
    """Place and heading beside a line: ``offset`` to its left."""
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    a, b = (np.array([np.interp(w, length, line[:, k]) for k in (0, 1)])
            for w in (way - 0.2, way + 0.2))
    yaw = math.atan2(b[1] - a[1], b[0] - a[0])
    x, y = (a + b) / 2
    return x - offset * math.sin(yaw), y + offset * math.cos(yaw), yaw


def _length(line: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _houses(things, ground, look: Look, line, side, rng) -> None:
    way, half_road = float(rng.uniform(2.5, 4.0)), ground.roads.half
    while way < _length(line) - 2.0:
        if look.tall:
            a, b = float(rng.uniform(1.5, 2.4)), float(rng.uniform(1.2, 1.6))
            high, gap, back = float(rng.uniform(2.6, 6.0)), 0.25, 1.25
        else:
            a, b = float(rng.uniform(0.95, 1.5)), float(rng.uniform(0.85, 1.15))
            high, gap, back = float(rng.uniform(1.3, 1.9)), float(rng.uniform(1.0, 3.2)), \
                float(rng.uniform(1.5, 2.2))
        x, y, yaw = _beside(line, way + a, side * (half_road + back + b))
        yaw += math.pi * (side < 0)  # its door looks at the road
        corners = [(x + sa * a * math.cos(yaw) - sb * b * math.sin(yaw),
                    y + sa * a * math.sin(yaw) + sb * b * math.cos(yaw))
                   for sa in (-1, 0, 1) for sb in (-1, 0, 1)]
        radius = math.hypot(a, b) * 0.86
        off = min(ground.off_road(*c) for c in corners)
        if off > 0.8 and ground.free(x, y, radius):
            ground.take(x, y, radius)
            wall, roof = (c[int(rng.integers(len(c)))] for c in (look.walls, look.roofs))
            wall, roof = wall * rng.uniform(0.92, 1.05), roof * rng.uniform(0.92, 1.05)
            lit = look.lit * float(rng.uniform(0.5, 1.2)) if rng.random() < 0.85 else 0.0
            own = float(rng.uniform(0, 100))
            if look.tall:
                things.block((x, y), yaw, (a, b), (0.0, high, high), (wall, roof), GABLE, FLATS,
                             lit, own)
                things.block((x, y), yaw, (a * 0.35, b * 0.4), (high, high + 0.3, high + 0.3),
                             (wall * 0.8, roof), GABLE, BARE)
            else:
                rise, shape = b * float(rng.uniform(0.65, 0.95)), float(rng.random() < 0.3)
                things.block((x, y), yaw, (a, b), (0.0, high, high + rise), (wall, roof), shape,
                             HOUSE, lit, own)
                if rng.random() < 0.6 and shape == GABLE:  # a chimney
                    s = float(rng.uniform(-0.6, 0.6)) * a
                    things.block((x + s * math.cos(yaw), y + s * math.sin(yaw)), yaw, (0.1, 0.1),
                                 (high + rise * 0.6, high + rise + 0.2, high + rise + 0.2),
                                 (roof * 0.7, roof * 0.5), GABLE, BARE)
                _garden(things, ground, look, (x, y, yaw, a, b), rng)
        way += 2 * a + gap


def _garden(things, ground, look, house, rng) -> None:
    """A hedge or a car beside a house."""
    x, y, yaw, a, b = house
    if rng.random() < 0.45:
        cx, cy = (x + (a + 0.65) * math.cos(yaw) + (b * 0.5) * math.sin(yaw),
                  y + (a + 0.65) * math.sin(yaw) - (b * 0.5) * math.cos(yaw))
        if ground.off_road(cx, cy) > 1.35 and ground.free(cx, cy, 0.45):
            _car(things, cx, cy, yaw + math.pi / 2, rng)
            ground.take(cx, cy, 0.8)
    elif rng.random() < 0.6:
        leaf = look.leaves[int(rng.integers(len(look.leaves)))] * 0.8
        for s in np.arange(-a, a * 0.4, 0.34):
            hx, hy = (x + s * math.cos(yaw) + (b + 0.75) * math.sin(yaw),
                      y + s * math.sin(yaw) - (b + 0.75) * math.cos(yaw))
            if ground.off_road(hx, hy) > 0.95:
                things.ball(hx, hy, 0.15, 0.22, 0.2, leaf)


def _car(things, x, y, yaw, rng) -> None:
    paint = vary(_CARS[int(rng.integers(len(_CARS)))], rng)
    things.block((x, y), yaw, (0.82, 0.35), (0.09, 0.33, 0.33), (paint, paint), GABLE, BARE)
    things.block((x - 0.06 * math.cos(yaw), y - 0.06 * math.sin(yaw)), yaw, (0.46, 0.31),
                 (0.33, 0.5, 0.57), (linear("#5e7286"), paint), HIP, GLASS)
    for s in (-0.5, 0.5):
        for w in (-0.3, 0.3):
            things.ball(x + s * math.cos(yaw) - w * math.sin(yaw),
                        y + s * math.sin(yaw) + w * math.cos(yaw), 0.12, 0.13, 0.12,
                        linear("#26272b"))


def _landmarks(things, ground, look, rng) -> None:
    """Things seen from afar, each once: they tell where one is."""
    for kind in ("tower", "tank", "tower" if look.tall else "mast"):
        for _ in range(200):
            x, y = rng.uniform(6.0, EXTENT - 6.0, 2)
            if 2.0 < ground.off_road(x, y) < 5.0 and ground.free(x, y, 1.3):
                break
        else:
            continue
        ground.take(x, y, 1.3)
        colour = vary(("#c8553d", "#e8e2d6", "#4f7f8c", "#d9b44a")[int(rng.integers(4))], rng)
        yaw = float(rng.uniform(0, math.pi))
        if kind == "tower":
            high = float(rng.uniform(3.4, 4.6)) * (2.0 if look.tall else 1.0)
            roof = look.roofs[int(rng.integers(len(look.roofs)))]
            things.block((x, y), yaw, (0.7, 0.7), (0.0, high, high + 1.9), (look.walls[0], roof),
                         HIP, HOUSE, look.lit * 0.4, 7.0)
        elif kind == "tank":
            for s in (0, 1, 2):
                things.post(x + 0.5 * math.cos(s * 2.1), y + 0.5 * math.sin(s * 2.1), 0.07, 0, 3.0,
                            colour * 0.6)
            things.post(x, y, 0.8, 2.9, 3.9, colour)
            things.ball(x, y, 3.9, 0.8, 0.45, colour)
        else:
            for s in range(6):
                things.post(x, y, 0.11, s * 0.8, s * 0.8 + 0.8,
                            linear("#e9e6e0") if s % 2 else colour)
            things.ball(x, y, 4.9, 0.2, 0.2, linear("#ff5a44"), 0.8)


def _verge(things, ground, look, line, side, rng) -> None:
    """Trees in a row and lamps between them."""
    half, n = ground.roads.half, 0
    way, lamp = float(rng.uniform(2.0, 3.2)), bool(rng.random() < 0.7)
    spacing = float(rng.uniform(2.6, 3.6))
    while way < _length(line) - 1.6:
        x, y, yaw = _beside(line, way, side * (half + 0.62))
        n += 1
        if 0.4 < ground.off_road(x, y) and ground.free(x, y, 0.3):
            if lamp and n % 3 == 0:
                _lamp(things, look, (x, y, yaw, side))
            elif rng.random() < (0.8 if look.tall else 0.55):
                _tree(things, look, x, y, rng, slim=True)
            ground.take(x, y, 0.3)
        way += spacing


def _lamp(things, look, at) -> None:
    x, y, yaw, side = at
    steel = linear("#50555c")
    things.post(x, y, 0.035, 0.0, 1.75, steel)
    # The head leans over the road.
    hx, hy = x + 0.28 * side * math.sin(yaw), y - 0.28 * side * math.cos(yaw)
    for s in (0.25, 0.5, 0.75):
        things.ball(x + (hx - x) * s, y + (hy - y) * s, 1.75, 0.05, 0.03, steel)
    on = look.lit > 0.5
    colour = linear("#ffd9a0" if on else "#e8ecee")
    things.ball(hx, hy, 1.73, 0.11, 0.05, colour, 0.95 if on else 0.2)
    if on:
        things.lamps.append([hx, hy, 1.72, *(colour * 0.9), 0.0, 0.28, 0.8])


def _tree(things, look, x, y, rng, slim=False) -> None:
    kind = look.trees[int(rng.integers(len(look.trees)))]
    leaf = look.leaves[int(rng.integers(len(look.leaves)))] * rng.uniform(0.88, 1.12)
    bark, size = vary("#6b5444", rng), float(rng.uniform(0.8, 1.2)) * (0.85 if slim else 1.1)
    if kind == "fir":
        snow = look.ground[0] if look.ground[0].mean() > 0.6 else None
        things.post(x, y, 0.07 * size, 0.0, 0.4 * size, bark)
        for k in range(4):
            r = (0.56 - 0.13 * k) * size
            z = (0.5 + 0.42 * k) * size
            things.ball(x, y, z, r, 0.34 * size, leaf * (0.9 + 0.07 * k))
            if snow is not None:
                things.ball(x, y, z + 0.12 * size, r * 0.82, 0.24 * size, 0.35 * leaf + 0.6 * snow)
    elif kind == "poplar":
        things.post(x, y, 0.07 * size, 0.0, 0.5 * size, bark)
        things.ball(x, y, 1.35 * size, 0.34 * size, 1.0 * size, leaf)
    elif kind == "bare":
        things.post(x, y, 0.07 * size, 0.0, 0.9 * size, bark)
        things.ball(x, y, 1.25 * size, 0.42 * size, 0.48 * size, bark * 0.5 + 0.4 * look.ground[1])
    else:
        trunk = 0.62 * size
        things.post(x, y, 0.085 * size, 0.0, trunk + 0.2, bark)
        things.ball(x, y, trunk + 0.45 * size, 0.56 * size, 0.5 * size, leaf)
        for k in range(2):
            turn = float(rng.uniform(0, 6.28))
            things.ball(x + 0.3 * size * math.cos(turn), y + 0.3 * size * math.sin(turn),
                        trunk + (0.35 + 0.4 * k) * size, 0.36 * size, 0.33 * size,
                        leaf * (0.93 + 0.12 * k))
