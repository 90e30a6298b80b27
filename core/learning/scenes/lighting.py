"""The baked light volume of a scene: lamps, open sky, soft corners and sun shadows."""

import math

import numpy as np
from numba import njit

from .shading import _JIT, CELL, LIGHT_STEP, SKY, _smooth

LEVELS = 8


@njit(**_JIT)
def _clear(floor_h, x0, y0, x1, y1, height):
    """1 when nothing taller than `height` stands between two points, else 0."""
    dist = math.hypot(x1 - x0, y1 - y0)
    steps = int(dist / 0.12) + 1
    for i in range(1, steps):
        a = i / steps
        iy, ix = int((y0 + (y1 - y0) * a) / CELL), int((x0 + (x1 - x0) * a) / CELL)
        if floor_h[iy, ix] >= height:
            return 0.0
    return 1.0


@njit(**_JIT)
def _blur(light, valid, passes):
    nz, ny, nx, nc = light.shape
    for _ in range(passes):
        source = light.copy()
        for y in range(ny):
            for x in range(nx):
                for k in range(nz):
                    total = 0.0
                    a = np.zeros(4, np.float32)
                    for dy in range(-1, 2):
                        for dx in range(-1, 2):
                            yy, xx = y + dy, x + dx
                            if 0 <= yy < ny and 0 <= xx < nx and valid[yy, xx]:
                                w = (2.0 - abs(dx)) * (2.0 - abs(dy))
                                total += w
                                for c in range(nc):
                                    a[c] += w * source[k, yy, xx, c]
                    if total > 0.0:
                        for c in range(nc):
                            light[k, y, x, c] = a[c] / total


@njit(**_JIT)
def bake(floor_h, ceil_h, glass, ztop, lamps, items, ambient, sun_way):
    """Return [rows, cols, levels, 4]: rgb of lamps and sky, and how much sun arrives.

    lamps: x, y, z, r, g, b, reach, ...; ambient: indoor rgb then open-air rgb;
    sun_way: x, y of the way to the sun and its slope (rise per unit of ground).
    """
    rows, cols = floor_h.shape
    per = int(LIGHT_STEP * CELL)
    ny, nx = rows * per, cols * per
    light = np.zeros((LEVELS, ny, nx, 4), np.float32)
    valid = np.zeros((ny, nx), np.bool_)
    for j in range(ny):
        for i in range(nx):
            x, y = (i + 0.5) / LIGHT_STEP, (j + 0.5) / LIGHT_STEP
            cy, cx = int(y / CELL), int(x / CELL)
            here = floor_h[cy, cx]
            valid[j, i] = here < min(1.0, ceil_h[cy, cx])
            if not valid[j, i]:
                continue
            open_air = 1.0 if ceil_h[cy, cx] >= SKY else 0.0
            crowd, count = 0.0, 0.0
            for a in range(12):
                for ring in range(1, 3):
                    ang = a * 0.5236 + 0.2
                    qy = int((y + 0.24 * ring * math.sin(ang)) / CELL)
                    qx = int((x + 0.24 * ring * math.cos(ang)) / CELL)
                    count += 1.0
                    if qy < 0 or qx < 0 or qy >= rows or qx >= cols or floor_h[qy, qx] > 0.8:
                        crowd += 1.0
            soft = 1.0 - 0.55 * crowd / count
            low, high = -1.0, SKY
            pane_low, pane_high = SKY, -1.0  # heights lit through a skylight
            s = 0.0
            while s * sun_way[2] < 3.0 and s < 14.0:
                qx, qy = int((x + sun_way[0] * s) // CELL), int((y + sun_way[1] * s) // CELL)
                if qx < 0 or qy < 0 or qx >= cols or qy >= rows:
                    break
                low = max(low, floor_h[qy, qx] - s * sun_way[2])
                if glass[qy, qx]:
                    pane_low = min(pane_low, max(low, ceil_h[qy, qx] - (s + 0.07) * sun_way[2]))
                    pane_high = max(pane_high, min(high, ceil_h[qy, qx] - s * sun_way[2]))
                if ceil_h[qy, qx] < SKY:
                    high = min(high, ceil_h[qy, qx] - s * sun_way[2])
                s += 0.07
            if pane_high > max(pane_low, here):
                low, high = pane_low, pane_high
            for k in range(LEVELS):
                z = k * ztop / (LEVELS - 1)
                for c in range(3):
                    light[k, j, i, c] = (
                        ambient[c] * (1 - open_air) + ambient[3 + c] * open_air
                    ) * soft
                light[k, j, i, 3] = _smooth(low - 0.05, low + 0.05, z + 0.05) * (
                    1.0 - _smooth(high - 0.07, high + 0.03, z)
                )
            for n in range(lamps.shape[0]):
                reach = lamps[n, 6]
                d2 = (lamps[n, 0] - x) ** 2 + (lamps[n, 1] - y) ** 2
                if reach <= 0.0 or d2 > 9.0 * reach * reach:
                    continue
                seen = _clear(floor_h, x, y, lamps[n, 0], lamps[n, 1], 0.8)
                if seen == 0.0:
                    continue
                for k in range(LEVELS):
                    dz = lamps[n, 2] - k * ztop / (LEVELS - 1)
                    q = (d2 + dz * dz) / (reach * reach)
                    gain = (0.45 + 0.55 * soft) * max(0.0, 1.0 / (1.0 + 2.0 * q) - 0.05)
                    for c in range(3):
                        light[k, j, i, c] += lamps[n, 3 + c] * gain
            for n in range(
                items.shape[0]
            ):  # contact shadows of round things that stand on the ground
                if items[n, 3] - items[n, 5] > here + 0.12 or items[n, 9] > 0.5:
                    continue
                d = math.hypot(items[n, 1] - x, items[n, 2] - y) / items[n, 4]
                if d < 1.8:
                    shade = 1.0 - 0.5 * (1.0 - _smooth(0.7, 1.8, d))
                    for k in range(2):
                        for c in range(4):
                            light[k, j, i, c] *= shade
    _blur(light, valid, 2)
    return np.ascontiguousarray(light.transpose(1, 2, 0, 3))
