"""Column renderer for grid plans: every cell is a floor height and a ceiling height.

Walls, doorways, windows, furniture and open sky are all the same thing here: a step up
in the floor or a step down in the ceiling between two neighbouring cells. Each image
column walks its ray front to back and fills samples from the bottom up and the top down.
"""

import math

import numpy as np
from numba import njit

from .shading import (
    _JIT,
    CELL,
    EYE,
    FAR,
    HALF_FOV,
    LUT_MAX,
    LUT_SIZE,
    SKY,
    _albedo,
    _halos,
    _light,
    _look_up,
    _put,
    _round_things,
    _texel,
)


@njit(**_JIT)
def _flat(mat, height, x, y, t, length, width, ceiling, row, col, world, buffers):
    """Shade one sample of a floor, a furniture top or a ceiling."""
    mats, light, ztop, sun, fog = world
    image, depth, lit, shade = buffers
    _albedo(mats, mat, x, y, height, width, shade)
    _light(light, ztop, x, y, height, lit)
    emit = mats[mat, 11]
    for c in range(3):
        glow = lit[c] * 0.88 if ceiling else lit[c] + lit[3] * sun[2] * sun[3 + c]
        shade[c] = shade[c] * (emit + (1.0 - emit) * glow)
    _put(image, depth, row, col, t, t * length, shade, fog)


@njit(**_JIT)
def _upright(
    mat, side, slots, base, top, x, y, z, t, length, width, row, col, world, pictures, buffers
):
    """Shade one sample of a wall face, with its picture, window or sign if it has one."""
    mats, light, ztop, sun, fog = world
    decals, atlas = pictures
    image, depth, lit, shade = buffers
    along = y if side < 2 else x
    _albedo(mats, mat, along, 0.0, z, width, shade)
    emit = mats[mat, 11]
    for slot in range(side, slots.shape[0], 4):
        decal = slots[slot]
        if decal == 0 or z < decals[decal, 3] or z >= decals[decal, 4]:
            continue
        u = (along - decals[decal, 1]) / (decals[decal, 2] - decals[decal, 1])
        v = (decals[decal, 4] - z) / (decals[decal, 4] - decals[decal, 3])
        if side == 0 or side == 3:
            u = 1.0 - u
        if 0.0 <= u < 1.0:
            texels = (
                width
                * 32.0
                / min(abs(decals[decal, 2] - decals[decal, 1]), decals[decal, 4] - decals[decal, 3])
            )
            lod = math.log2(max(1.0, texels)) + 0.35
            _texel(atlas, int(decals[decal, 0]), u, v, lod, lit)
            glow = decals[decal, 5]
            emit = emit * (1.0 - lit[3]) + glow * lit[3]
            for c in range(3):
                shade[c] = shade[c] * (1.0 - lit[3]) + lit[c] * lit[3]
    ox, oy, facing, tint = 0.0, 0.0, 0.0, 1.0
    if side == 0:
        ox, facing, tint = -0.1, -sun[0], 0.93
    elif side == 1:
        ox, facing, tint = 0.1, sun[0], 0.97
    elif side == 2:
        oy, facing, tint = -0.1, -sun[1], 1.07
    else:
        oy, facing, tint = 0.1, sun[1], 1.03
    _light(light, ztop, x + ox, y + oy, z, lit)
    tint *= 1.0 - 0.26 * math.exp(-(z - base) * 7.0)
    if top < SKY:
        tint *= 1.0 - 0.12 * math.exp(-max(0.0, top - z) * 8.0)
    facing = max(0.0, facing)
    for c in range(3):
        shade[c] = shade[c] * (emit + (1.0 - emit) * (lit[c] * tint + lit[3] * facing * sun[3 + c]))
    _put(image, depth, row, col, t, t * length, shade, fog)


@njit(**_JIT)
def _column(col, size, scale, px, py, dx, dy, grids, world, pictures, backdrop, buffers):
    """Fill one column of samples and its depth."""
    floor_h, ceil_h, floor_m, ceil_m, wall_m, faces = grids
    image, depth, lit, shade = buffers
    fog = world[4]
    rows, cols = floor_h.shape
    mid = size * 0.5
    length = math.sqrt(dx * dx + dy * dy)
    ix, iy = int(math.floor(px / CELL)), int(math.floor(py / CELL))
    sx, sy = (1 if dx > 0 else -1), (1 if dy > 0 else -1)
    tx = 1e9 if dx == 0.0 else ((ix + (1 if dx > 0 else 0)) * CELL - px) / dx
    ty = 1e9 if dy == 0.0 else ((iy + (1 if dy > 0 else 0)) * CELL - py) / dy
    gx = 1e9 if dx == 0.0 else CELL / abs(dx)
    gy = 1e9 if dy == 0.0 else CELL / abs(dy)
    lo, hi = size - 1, 0
    if ix < 0 or iy < 0 or ix >= cols or iy >= rows:
        ix, iy = 0, 0
    fh, ch = floor_h[iy, ix], ceil_h[iy, ix]
    while lo >= hi:
        if tx < ty:
            t, nx, ny, side = tx, ix + sx, iy, (0 if sx > 0 else 1)
            tx += gx
        else:
            t, nx, ny, side = ty, ix, iy + sy, (2 if sy > 0 else 3)
            ty += gy
        t = max(t, 1e-4)
        edge = mid - (fh - EYE) / t * scale
        mat = floor_m[iy, ix]
        while lo >= hi and lo + 0.5 > edge and fh < EYE:
            dz = (mid - lo - 0.5) / scale
            s = (fh - EYE) / dz
            width = max(s, s * s / (EYE - fh)) / scale
            _flat(
                mat, fh, px + s * dx, py + s * dy, s, length, width, False, lo, col, world, buffers
            )
            lo -= 1
        if ch < SKY:
            edge = mid - (ch - EYE) / t * scale
            mat = ceil_m[iy, ix]
            while hi <= lo and hi + 0.5 < edge:
                dz = (mid - hi - 0.5) / scale
                s = (ch - EYE) / dz
                width = max(s, s * s / (ch - EYE)) / scale
                _flat(
                    mat,
                    ch,
                    px + s * dx,
                    py + s * dy,
                    s,
                    length,
                    width,
                    True,
                    hi,
                    col,
                    world,
                    buffers,
                )
                hi += 1
        if nx < 0 or ny < 0 or nx >= cols or ny >= rows or t > FAR:
            break
        nf, nc = floor_h[ny, nx], ceil_h[ny, nx]
        if nf > fh or nc < ch:
            x, y = px + t * dx, py + t * dy
            mat, slots = wall_m[ny, nx], faces[ny, nx]
            edge = mid - (nf - EYE) / t * scale
            while lo >= hi and lo + 0.5 > edge and nf > fh:
                z = EYE + t * (mid - lo - 0.5) / scale
                _upright(
                    mat,
                    side,
                    slots,
                    fh,
                    min(nf, ch),
                    x,
                    y,
                    z,
                    t,
                    length,
                    t / scale,
                    lo,
                    col,
                    world,
                    pictures,
                    buffers,
                )
                lo -= 1
            edge = mid - (nc - EYE) / t * scale
            while hi <= lo and hi + 0.5 < edge and nc < ch:
                z = EYE + t * (mid - hi - 0.5) / scale
                _upright(
                    mat,
                    side,
                    slots,
                    fh,
                    ch,
                    x,
                    y,
                    z,
                    t,
                    length,
                    t / scale,
                    hi,
                    col,
                    world,
                    pictures,
                    buffers,
                )
                hi += 1
        ix, iy, fh, ch = nx, ny, nf, nc
    sky, ground = backdrop
    heading = math.atan2(dy, dx)
    for row in range(hi, lo + 1):  # beyond the plan: sky above, hazy ground below
        dz = (mid - row - 0.5) / scale
        if dz > 0.0:
            _look_up(sky, heading, dz / length, shade)
            for c in range(3):
                image[col, row, c] = shade[c]
            depth[row] = 2.0 * FAR
        else:
            s = min(2.0 * FAR, EYE / max(1e-4, -dz))
            for c in range(3):
                shade[c] = ground[c]
            _put(image, depth, row, col, s, s * length, shade, fog)


@njit(**_JIT)
def render(poses, size, grids, world, pictures, backdrop, items, lamps, tone, out, near):
    """Render [N, 3] poses into out [N, size, size, 3], two by two samples a pixel.

    near [N, size, size] (or [N, 0, 0]: not wanted) gets one over the distance ahead of what is
    nearest in each pixel, in 1 / cells.
    """
    fine = size * 2
    scale = fine * 0.5 / HALF_FOV
    image = np.zeros((fine, fine, 3), np.float32)
    depth = np.zeros(fine, np.float32)
    lit = np.zeros(4, np.float32)
    shade = np.zeros(3, np.float32)
    buffers = (image, depth, lit, shade)
    mats, light, ztop, sun, fog = world
    gain = (LUT_SIZE - 1) / LUT_MAX
    for n in range(poses.shape[0]):
        px, py, yaw = poses[n, 0], poses[n, 1], poses[n, 2]
        fx, fy = math.cos(yaw), math.sin(yaw)
        for col in range(fine):
            cx = ((col + 0.5) / fine * 2.0 - 1.0) * HALF_FOV
            dx, dy = fx + fy * cx, fy - fx * cx
            _column(col, fine, scale, px, py, dx, dy, grids, world, pictures, backdrop, buffers)
            _round_things(
                items,
                px,
                py,
                dx,
                dy,
                col,
                fine,
                scale,
                image,
                depth,
                light,
                ztop,
                sun,
                fog,
                lit,
                shade,
            )
            _halos(lamps, px, py, fx, fy, col, fine, scale, image, depth)
            if near.shape[1]:
                for row in range(fine):
                    close = 1.0 / max(0.01, depth[row])
                    near[n, row >> 1, col >> 1] = max(near[n, row >> 1, col >> 1], close)
        for row in range(size):
            for col in range(size):
                for c in range(3):
                    total = 0.0
                    for k in range(4):
                        total += min(
                            LUT_MAX, max(0.0, image[2 * col + (k >> 1), 2 * row + (k & 1), c])
                        )
                    out[n, row, col, c] = tone[int(total * 0.25 * gain + 0.5)]
