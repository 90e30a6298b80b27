"""Column renderer for towns: the ground from its maps, houses as convex blocks, round things."""

import math

import numpy as np
from numba import njit

from core.learning.scenes.shading import (
    _JIT,
    EYE,
    FAR,
    HALF_FOV,
    LUT_MAX,
    LUT_SIZE,
    _halos,
    _light,
    _look_up,
    _put,
    _round_things,
    _smooth,
    _wave,
)

from .surfaces import _ground, _wall

SIGHT = 3.0 * FAR  # beyond this the fog has it all


@njit(**_JIT)
def _block(block, px, py, dx, dy, col, size, scale, image, depth, ambient, sun, fog, shade):
    """One convex block in one column: four walls, and a gable or a hipped roof above."""
    ca, sa = block[2], block[3]
    ex, ey = px - block[0], py - block[1]
    ox, oy = ex * ca + ey * sa, ey * ca - ex * sa
    ux, uy = dx * ca + dy * sa, dy * ca - dx * sa
    a, b = block[4], block[5]
    ux = ux if abs(ux) > 1e-9 else 1e-9
    uy = uy if abs(uy) > 1e-9 else 1e-9
    tx0, tx1 = (-a - ox) / ux, (a - ox) / ux
    ty0, ty1 = (-b - oy) / uy, (b - oy) / uy
    fx, fy = (0 if ux > 0 else 1), (2 if uy > 0 else 3)
    if tx0 > tx1:
        tx0, tx1 = tx1, tx0
    if ty0 > ty1:
        ty0, ty1 = ty1, ty0
    near, far = max(tx0, ty0), min(tx1, ty1)
    if near >= far or near < 0.02 or near > SIGHT:
        return
    face0 = fx if tx0 > ty0 else fy
    base, eaves, ridge = block[6], block[7], block[8]
    mid = size * 0.5
    high, low = ridge - EYE, base - EYE
    top = mid - max(high / near, high / far) * scale
    bottom = mid - min(low / near, low / far) * scale
    rise = (ridge - eaves) / b
    fall = (ridge - eaves) / a
    planes = 4 if block[9] > 0.5 else 2
    length = math.sqrt(dx * dx + dy * dy)
    for row in range(max(0, int(top)), min(size, int(bottom) + 2)):
        if near >= depth[row]:
            continue
        dz = (mid - row - 0.5) / scale
        t0, t1, face = near, far, face0
        hit = True
        for k in range(planes):
            # z + slope * side - ridge <= 0, side being the way out of the ridge
            if k < 2:
                sign = 1.0 if k == 0 else -1.0
                p, q = EYE + rise * sign * oy - ridge, dz + rise * sign * uy
            else:
                sign = 1.0 if k == 2 else -1.0
                p, q = EYE + fall * sign * ox - ridge, dz + fall * sign * ux
            if abs(q) < 1e-9:
                if p > 0.0:
                    hit = False
                continue
            t = -p / q
            if q > 0.0:
                t1 = min(t1, t)
            elif t > t0:
                t0, face = t, 4 + k
        if base > 0.0 and dz != 0.0:
            t = (base - EYE) / dz
            if dz < 0.0:
                t1 = min(t1, t)
            elif t > t0:
                t0, face = t, 8
        if not hit or t0 >= t1 or t0 >= depth[row]:
            continue
        z = EYE + t0 * dz
        emit = 0.0
        if face < 4:
            u = oy + t0 * uy if face < 2 else ox + t0 * ux
            emit = _wall(block, face, u, b if face < 2 else a, z, t0 / scale, shade)
            nx = -1.0 if face == 0 else 1.0 if face == 1 else 0.0
            ny = -1.0 if face == 2 else 1.0 if face == 3 else 0.0
            nz = 0.0
            tone = 1.0 - 0.22 * math.exp(-(z - base) * 5.0)
            if ridge > eaves + 0.05:  # beneath the eaves
                tone *= 1.0 - 0.3 * _smooth(eaves - 0.14, eaves - 0.02, z)
            sky = 0.84
        elif face < 8:
            k = face - 4
            nx = 0.0 if k < 2 else fall * (1.0 if k == 2 else -1.0)
            ny = rise * (1.0 if k == 0 else -1.0) if k < 2 else 0.0
            nz = 1.0 / math.sqrt(1.0 + nx * nx + ny * ny)
            nx, ny = nx * nz, ny * nz
            tone = 0.96 + 0.06 * _wave(z, 0.09, t0 / scale)
            sky = 0.92
            for c in range(3):
                shade[c] = block[14 + c]
        else:
            nx, ny, nz, tone, sky = 0.0, 0.0, -1.0, 0.5, 0.5
            for c in range(3):
                shade[c] = block[11 + c]
        wx, wy = nx * ca - ny * sa, nx * sa + ny * ca
        facing = max(0.0, wx * sun[0] + wy * sun[1] + nz * sun[2])
        side = 0.06 * (wx * 0.6 + wy * 0.8)  # walls in the shade still differ
        for c in range(3):
            got = ambient[c] * (sky + side) + facing * sun[3 + c]
            shade[c] *= emit + (1.0 - emit) * tone * got
        _put(image, depth, row, col, t0, t0 * length, shade, fog)


@njit(**_JIT)
def _near(things, cx, cy, reach, px, py, fx, fy, out):
    """Numbers of those things that may be in view: before the camera and not lost in the fog."""
    count = 0
    for i in range(things.shape[0]):
        ex, ey = things[i, cx] - px, things[i, cy] - py
        radius = things[i, reach]
        ahead, aside = ex * fx + ey * fy, abs(ex * fy - ey * fx)
        if ahead > -radius and ahead < SIGHT and aside < HALF_FOV * ahead + 1.6 * radius + 0.5:
            out[count] = i
            count += 1
    return count


@njit(**_JIT)
def render(poses, size, town, backdrop, blocks, items, lamps, bonnet, tone, out):
    """Render [N, 3] poses into out [N, size, size, 3], two by two samples a pixel.

    town: ground maps, ground colours, half width and lanes, light, its top, ambient, sun, fog.
    bonnet: rgb of the car one sits in.
    """
    maps, colours, half, lanes, light, ztop, ambient, sun, fog = town
    sky, hills = backdrop
    fine = size * 2
    scale = fine * 0.5 / HALF_FOV
    mid = fine * 0.5
    image = np.zeros((fine, fine, 3), np.float32)
    depth = np.zeros(fine, np.float32)
    lit, shade = np.zeros(4, np.float32), np.zeros(3, np.float32)
    seen_blocks = np.zeros(max(1, blocks.shape[0]), np.int64)
    seen_items = np.zeros(max(1, items.shape[0]), np.int64)
    gain = (LUT_SIZE - 1) / LUT_MAX
    for n in range(poses.shape[0]):
        px, py, yaw = poses[n, 0], poses[n, 1], poses[n, 2]
        fx, fy = math.cos(yaw), math.sin(yaw)
        n_blocks = _near(blocks, 0, 1, 19, px, py, fx, fy, seen_blocks)
        n_items = _near(items, 1, 2, 4, px, py, fx, fy, seen_items)
        things = items[seen_items[:n_items]]
        for col in range(fine):
            cx = ((col + 0.5) / fine * 2.0 - 1.0) * HALF_FOV
            dx, dy = fx + fy * cx, fy - fx * cx
            length = math.sqrt(dx * dx + dy * dy)
            heading = math.atan2(dy, dx)
            for row in range(fine):
                dz = (mid - row - 0.5) / scale
                s = EYE / -dz if dz < 0.0 else 1e9
                if s < SIGHT:
                    x, y = px + s * dx, py + s * dy
                    _ground(maps, colours, half, lanes, x, y, s / scale, s * s / (EYE * scale),
                            shade)
                    _light(light, ztop, x, y, 0.0, lit)
                    for c in range(3):
                        shade[c] *= lit[c] + lit[3] * sun[2] * sun[3 + c]
                    _put(image, depth, row, col, s, s * length, shade, fog)
                else:
                    _look_up(sky, heading, max(0.0, dz) / length, shade)
                    for c in range(3):
                        image[col, row, c] = shade[c]
                    depth[row] = SIGHT
            for k in range(n_blocks):
                _block(blocks[seen_blocks[k]], px, py, dx, dy, col, fine, scale, image, depth,
                       ambient, sun, fog, shade)
            _round_things(things, px, py, dx, dy, col, fine, scale, image, depth, light, ztop,
                          sun, fog, lit, shade)
            _halos(lamps, px, py, fx, fy, col, fine, scale, image, depth)
            for row in range(int(fine * 0.86), fine):
                u, v = ((col + 0.5) / fine - 0.5) / 0.56, (1.13 - (row + 0.5) / fine) / 0.235
                k = 1.0 - u * u
                if k > 0.0 and v < k ** 0.35:
                    rim = _smooth(0.0, 0.16, k ** 0.35 - v)
                    for c in range(3):
                        image[col, row, c] = bonnet[c] * (1.25 - 0.5 * rim)
        for row in range(size):
            for col in range(size):
                for c in range(3):
                    total = 0.0
                    for k in range(4):
                        total += min(
                            LUT_MAX, max(0.0, image[2 * col + (k >> 1), 2 * row + (k & 1), c])
                        )
                    out[n, row, col, c] = tone[int(total * 0.25 * gain + 0.5)]
