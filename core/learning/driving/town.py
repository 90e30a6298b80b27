"""A town made by a seed: lay the roads, build beside them, cast the shadows, render poses."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from core.learning.scenes.pictures import linear
from core.learning.scenes.shading import _JIT, LIGHT_STEP, TONE, fog_table
from core.learning.scenes.sky import panorama
from core.learning.scenes.styles import vary

from .landscape import furnish
from .renderer import render
from .roads import EXTENT, ground_maps, lay
from .styles import STYLES, look

_SALT = 0xD21E
_LIT_ABOVE = 0.9  # where the shadows on the ground have faded from what stands


@njit(**_JIT)
def _shadows(blocks, items, way, light):
    """Fill light [n, n, 2, 4]'s last channel: how much sun arrives at the ground."""
    n = light.shape[0]
    slope = way[2] / math.hypot(way[0], way[1])
    sx, sy = way[0] / math.hypot(way[0], way[1]), way[1] / math.hypot(way[0], way[1])
    for k in range(items.shape[0]):
        x, y, z, r, rz = items[k, 1], items[k, 2], items[k, 3], items[k, 4], items[k, 5]
        cx, cy = x - sx * z / slope, y - sy * z / slope
        reach = r + rz / slope + 0.3
        for j in range(max(0, int((cy - reach) * LIGHT_STEP)),
                       min(n, int((cy + reach) * LIGHT_STEP) + 1)):
            for i in range(max(0, int((cx - reach) * LIGHT_STEP)),
                           min(n, int((cx + reach) * LIGHT_STEP) + 1)):
                ex, ey = (i + 0.5) / LIGHT_STEP - cx, (j + 0.5) / LIGHT_STEP - cy
                along, aside = ex * sx + ey * sy, ex * sy - ey * sx
                long = math.sqrt(r * r + (rz / slope) ** 2) if items[k, 0] == 0.0 \
                    else r + rz / slope
                d = math.hypot(along / long, aside / r)
                if d < 1.15:
                    light[j, i, 0, 3] *= min(1.0, max(0.0, (d - 0.8) / 0.35)) if d > 0.8 else 0.0
    for k in range(blocks.shape[0]):
        x, y, ca, sa, a, b = blocks[k, 0], blocks[k, 1], blocks[k, 2], blocks[k, 3], \
            blocks[k, 4], blocks[k, 5]
        ridge, eaves, base = blocks[k, 8], blocks[k, 7], blocks[k, 6]
        reach = math.hypot(a, b) + ridge / slope
        lx, ly = sx * ca + sy * sa, sy * ca - sx * sa
        for j in range(max(0, int((y - reach) * LIGHT_STEP)),
                       min(n, int((y + reach) * LIGHT_STEP) + 1)):
            for i in range(max(0, int((x - reach) * LIGHT_STEP)),
                           min(n, int((x + reach) * LIGHT_STEP) + 1)):
                ex, ey = (i + 0.5) / LIGHT_STEP - x, (j + 0.5) / LIGHT_STEP - y
                ox, oy = ex * ca + ey * sa, ey * ca - ex * sa
                t, step = 0.0, 0.12
                while t * slope < ridge:
                    u, v, z = abs(ox + t * lx), abs(oy + t * ly), t * slope
                    roof = ridge - (ridge - eaves) * v / b
                    if blocks[k, 9] > 0.5:
                        roof = min(roof, ridge - (ridge - eaves) * u / a)
                    if u < a and v < b and z < roof and z >= base:
                        light[j, i, 0, 3] = 0.0
                        break
                    t += step
                if base < 0.2:  # the ground beside a wall sees less of the sky
                    d = math.hypot(max(0.0, abs(ox) - a), max(0.0, abs(oy) - b))
                    if d < 0.9:
                        for c in range(3):
                            light[j, i, 0, c] *= 0.66 + 0.34 * min(1.0, d / 0.9)


def _blurred(light: np.ndarray) -> np.ndarray:
    for axis in (0, 1):
        light = (np.roll(light, 1, axis) + 2 * light + np.roll(light, -1, axis)) / 4
    return light


class Town:
    """Deterministic in (seed, style). The style is also the scene prompt."""

    def __init__(self, seed: int, style: str | None = None):
        self.seed = int(seed)
        picker = np.random.default_rng([_SALT, self.seed])
        chosen = STYLES[int(picker.integers(len(STYLES)))]
        self.style = chosen if style is None else style
        if self.style not in STYLES:
            raise ValueError(f"unknown style {style!r}; use one of {STYLES}")
        rng = np.random.default_rng([_SALT, self.seed, STYLES.index(self.style) + 1])
        air = look(self.style, rng)
        self.roads = lay(air.lanes, rng)
        maps = ground_maps(self.roads)
        things = furnish(self.roads, maps, air, rng)
        blocks = np.array(things.blocks, np.float32).reshape(-1, 19)
        # The radius of each, last: what is out of view is passed over.
        self._blocks = np.column_stack([blocks, np.hypot(blocks[:, 4], blocks[:, 5])])
        self._items = np.array(things.items, np.float32).reshape(-1, 10)
        self._lamps = np.array(things.lamps, np.float32).reshape(-1, 9)
        n = int(EXTENT * LIGHT_STEP)
        light = np.ones((n, n, 2, 4), np.float32)
        light[..., :3] = air.ambient
        way = air.sun_vector
        _shadows(self._blocks, self._items, way.astype(np.float32), light)
        light = np.ascontiguousarray(_blurred(light), np.float32)
        sun = np.concatenate([way, air.sun]).astype(np.float32)
        self._town = (
            maps, air.ground.astype(np.float32), self.roads.half, air.lanes, light, _LIT_ABOVE,
            air.ambient.astype(np.float32), sun, fog_table(air.fog, air.density),
        )
        self._backdrop = (panorama(air.sky), air.sky[9:12].astype(np.float32))
        paint = ("#6e2b2a", "#2d4a6b", "#4a4f55", "#7c7f82", "#3c5a4c")[int(rng.integers(5))]
        bright = float((air.ambient + way[2] * air.sun).mean())
        self._bonnet = (vary(paint, rng) * bright + 0.03 * linear("#ffffff")).astype(np.float32)

    def render(self, poses: np.ndarray, size: int = 128) -> np.ndarray:
        """Pictures [N, size, size, 3] of poses [N, 3]. Stateless: one pose, one picture."""
        poses = np.ascontiguousarray(poses, np.float64).reshape(-1, 3)
        out = np.empty((len(poses), size, size, 3), np.uint8)
        render(poses, size, self._town, self._backdrop, self._blocks, self._items, self._lamps,
               self._bonnet, TONE, out)
        return out
