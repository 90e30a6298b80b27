"""A walkable scene made by a seed: draw the plan, bake the light, render poses."""

import math

import numpy as np
from numba import njit

from .layout import draw
from .lighting import bake
from .pictures import atlas
from .raycaster import render
from .shading import _JIT, CELL, SKY, TONE, fog_table
from .sky import panorama
from .styles import STYLES, mood

Pose = np.ndarray  # x, y, yaw
_SALT = 0x5CE7E


@njit(**_JIT)
def _free(floor_h, ceil_h, items, x, y, radius):
    rows, cols = floor_h.shape
    for iy in range(int(math.floor((y - radius) / CELL)), int(math.floor((y + radius) / CELL)) + 1):
        for ix in range(
            int(math.floor((x - radius) / CELL)), int(math.floor((x + radius) / CELL)) + 1
        ):
            if (
                0 <= ix < cols
                and 0 <= iy < rows
                and floor_h[iy, ix] == 0.0
                and ceil_h[iy, ix] > 0.7
            ):
                continue
            gx = max(ix * CELL - x, 0.0, x - (ix + 1) * CELL)
            gy = max(iy * CELL - y, 0.0, y - (iy + 1) * CELL)
            if gx * gx + gy * gy < radius * radius:
                return False
    for i in range(items.shape[0]):
        if items[i, 3] - items[i, 5] < 0.7:
            reach = items[i, 4] + radius
            if (items[i, 1] - x) ** 2 + (items[i, 2] - y) ** 2 < reach * reach:
                return False
    return True


class Scene:
    """Deterministic in (seed, style). The style is also the scene prompt."""

    def __init__(self, seed: int, style: str | None = None):
        self.seed = int(seed)
        picker = np.random.default_rng([_SALT, self.seed])
        chosen = STYLES[int(picker.integers(len(STYLES)))]
        self.style = chosen if style is None else style
        if self.style not in STYLES:
            raise ValueError(f"unknown style {style!r}; use one of {STYLES}")
        rng = np.random.default_rng([_SALT, self.seed, STYLES.index(self.style) + 1])
        air = mood(self.style, rng)
        plan = draw(self.style, air, rng)
        self.width, self.height = plan.cols * CELL, plan.rows * CELL
        self._items = np.array(plan.items, np.float32).reshape(-1, 10)
        lamps = np.array(plan.lamps, np.float32).reshape(-1, 9)
        inside = plan.ceil_h[plan.ceil_h < SKY]
        ztop = max(1.2, float(inside.max())) if inside.size else 1.6
        way = air.sun_vector
        flat = math.hypot(way[0], way[1]) or 1.0
        light = bake(
            plan.floor_h,
            plan.ceil_h,
            plan.glass,
            ztop,
            lamps,
            self._items,
            np.concatenate([air.indoor, air.outdoor]).astype(np.float32),
            np.array([way[0] / flat, way[1] / flat, way[2] / flat], np.float32),
        )
        sun = np.concatenate([way, air.sun]).astype(np.float32)
        fog = fog_table(air.fog, air.density)
        self._grids = (
            plan.floor_h,
            plan.ceil_h,
            plan.floor_m,
            plan.ceil_m,
            plan.wall_m,
            plan.faces,
        )
        self._world = (np.array(plan.mats, np.float32), light, ztop, sun, fog)
        self._pictures = (np.array(plan.decals, np.float32), atlas(plan.images))
        self._backdrop = (panorama(air.sky), air.sky[9:12].astype(np.float32))
        self._lamps = lamps

    def free(self, x: float, y: float, radius: float = 0.25) -> bool:
        """Whether a walker of that radius can stand there."""
        return bool(
            _free(self._grids[0], self._grids[1], self._items, float(x), float(y), float(radius))
        )

    def open_map(self, cell: float, radius: float) -> np.ndarray:
        """Where a walker can stand, sampled at the centres of square cells: bool [rows, cols]."""
        rows, cols = int(self.height / cell), int(self.width / cell)
        return np.array(
            [
                [self.free((i + 0.5) * cell, (j + 0.5) * cell, radius) for i in range(cols)]
                for j in range(rows)
            ]
        )

    def spawn(self, rng: np.random.Generator) -> Pose:
        """A free pose that looks along the longer open ways."""
        for _ in range(10000):
            x, y = rng.uniform(0, self.width), rng.uniform(0, self.height)
            if self.free(x, y, 0.4):
                break
        else:
            raise RuntimeError(
                f"scene {self.seed} ({self.style}) has no free place; choose another seed"
            )
        yaws = rng.uniform(-math.pi, math.pi, 6)
        return np.array([x, y, max(yaws, key=lambda yaw: self._open_way(x, y, yaw))])

    def _open_way(self, x, y, yaw) -> float:
        for r in np.arange(0.3, 5.0, 0.25):
            if not self.free(x + r * math.cos(yaw), y + r * math.sin(yaw), 0.1):
                return float(r)
        return 5.0

    def render(self, poses: np.ndarray, size: int = 128) -> np.ndarray:
        """Pictures [N, size, size, 3] of poses [N, 3]. Stateless: one pose, one picture."""
        return self._render(poses, size, 0)[0]

    def nearness(self, poses: np.ndarray, size: int = 64) -> np.ndarray:
        """One over the distance ahead (1 / cells) of what poses [N, 3] see: [N, size, size]."""
        return self._render(poses, size, size)[1]

    def _render(
        self, poses: np.ndarray, size: int, near_size: int
    ) -> tuple[np.ndarray, np.ndarray]:
        poses = np.ascontiguousarray(poses, np.float64).reshape(-1, 3)
        out = np.empty((len(poses), size, size, 3), np.uint8)
        near = np.zeros((len(poses), near_size, near_size), np.float32)
        render(
            poses,
            size,
            self._grids,
            self._world,
            self._pictures,
            self._backdrop,
            self._items,
            self._lamps,
            TONE,
            out,
            near,
        )
        return out, near
