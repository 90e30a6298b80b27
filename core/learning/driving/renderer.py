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
    _swing,
    _wave,
)

from .roads import LANE, STEP

SIGHT = 3.0 * FAR  # beyond this the fog has it all
_PATH = 0.85  # width of the pavement


@njit(inline="always", **_JIT)
def _edge(x, width):
    """0 left of an edge, 1 right of it, as sharp as the sample is wide."""
    return min(1.0, max(0.0, 0.5 + x / max(width, 0.02)))


@njit(inline="always", **_JIT)
def _band(x, low, high, width):
    return _edge(x - low, width) * _edge(high - x, width)


@njit(**_JIT)
def _ground(maps, colours, half, lanes, x, y, across, along, shade):
    """Colour of the ground at x, y. across, along: the width of the sample there."""
    n = maps.shape[0]
    fx, fy = min(max(x / STEP, 0.0), n - 1.001), min(max(y / STEP, 0.0), n - 1.001)
    ix, iy = int(fx), int(fy)
    ax, ay = fx - ix, fy - iy
    w00, w10, w01, w11 = (1 - ax) * (1 - ay), ax * (1 - ay), (1 - ax) * ay, ax * ay
    m0 = maps[iy, ix, 0] * w00 + maps[iy, ix + 1, 0] * w10 \
        + maps[iy + 1, ix, 0] * w01 + maps[iy + 1, ix + 1, 0] * w11
    other = maps[iy, ix, 3] * w00 + maps[iy, ix + 1, 3] * w10 \
        + maps[iy + 1, ix, 3] * w01 + maps[iy + 1, ix + 1, 3] * w11
    # Land beyond the maps is far from any road.
    m0 += max(0.0, -x) + max(0.0, -y) + max(0.0, x - (n - 1) * STEP) + max(0.0, y - (n - 1) * STEP)
    # Kerbs are rounded where streets meet.
    h = max(2.2 - abs(m0 - other), 0.0) / 2.2
    near = min(m0, other) - h * h * h * 2.2 / 6.0
    width = across + 0.18 * along
    soft = across + 0.5 * along
    fade = max(0.0, 1.0 - soft / 1.5)
    blotch = 0.5 + 0.5 * fade * _swing(x / 5.1 + 0.3 * _swing(y / 6.3)) * _swing(y / 4.3 + 0.2)
    fine = fade * fade * _swing(x / 0.9 + 0.4 * _swing(y / 1.3)) * _swing(y / 0.8)
    grass = _edge(near - half - _PATH, width)
    path = _edge(near - half - 0.1, width) * (1.0 - grass)
    kerb = _edge(near - half, width) * (1.0 - path - grass)
    road = max(0.0, 1.0 - grass - path - kerb)
    joints = 1.0 - 0.07 * (0.5 + 0.5 * _wave(x, 0.6, soft) * _wave(y, 0.6, soft))
    paint = 0.0
    if road > 0.0 and m0 < half + 0.2:
        s = maps[iy, ix, 1] * w00 + maps[iy, ix + 1, 1] * w10 \
            + maps[iy + 1, ix, 1] * w01 + maps[iy + 1, ix + 1, 1] * w11
        u = maps[iy, ix, 2] * w00 + maps[iy, ix + 1, 2] * w10 \
            + maps[iy + 1, ix, 2] * w01 + maps[iy + 1, ix + 1, 2] * w11
        away = _edge(other - half - 1.35, 0.1)
        dash = 0.5 + 0.5 * _wave(u, 1.1, soft)
        if lanes == 1:
            paint = _band(abs(s), -1.0, 0.05, width) * dash
        else:
            paint = max(_band(abs(s), 0.05, 0.10, width),
                        _band(abs(abs(s) - LANE), -1.0, 0.045, width) * dash)
        paint = max(paint, 0.85 * _band(abs(s), half - 0.2, half - 0.13, width)) * away
        bars = _band(other, half + 0.45, half + 1.15, soft)
        paint = max(paint, bars * _edge(half - 0.15 - m0, width)
                    * (0.5 + 0.5 * _wave(s, 0.27, width)))
        # Where wheels roll the asphalt is a little darker.
        lane = abs(s) - LANE * math.floor(abs(s) / LANE) - 0.5 * LANE
        tracks = 0.05 * (1.0 - _smooth(0.05, 0.25, abs(abs(lane) - 0.33))) * away
        road_tone = 0.97 + 0.06 * blotch - tracks + 0.02 * fine
    else:
        road_tone = 1.0
    for c in range(3):
        green = (colours[0, c] * blotch + colours[1, c] * (1.0 - blotch)) * (1.0 + 0.07 * fine)
        asphalt = colours[2, c] * road_tone * (1.0 - paint) + colours[5, c] * paint
        shade[c] = (grass * green + path * colours[4, c] * joints + kerb * colours[3, c]
                    + road * asphalt)


@njit(inline="always", **_JIT)
def _hash(a, b):
    v = math.sin(a * 12.9898 + b * 78.233) * 43758.5453
    return v - math.floor(v)


@njit(**_JIT)
def _wall(block, face, u, extent, z, width, shade):
    """Colour of a wall: windows, a door, a plinth. Returns how much it shines by itself."""
    kind, own, eaves, base = block[10], block[18], block[7], block[6]
    tone, emit = 1.0, 0.0
    for c in range(3):
        shade[c] = block[11 + c]
    if kind > 2.5:  # the glass of a car
        sky = _smooth(base, eaves, z)
        for c in range(3):
            shade[c] *= 0.6 + 0.6 * sky
        return 0.0
    if kind > 1.5:
        return 0.0
    story = 0.62 if kind > 0.5 else 0.66
    pitch = 0.62 if kind > 0.5 else 0.82
    count = max(1.0, math.floor(2.0 * extent / pitch))
    cell = 2.0 * extent / count
    column = math.floor((u + extent) / cell)
    cx = abs(u + extent - (column + 0.5) * cell)
    floor = math.floor((z - 0.05) / story)
    cz = z - 0.05 - (floor + 0.56) * story
    wide, tall = (0.15, 0.17) if kind > 0.5 else (0.16, 0.17)
    door = face == 2 and floor == 0.0 and column == math.floor(count / 2.0)
    if door:
        frame = _band(cx, -1.0, 0.17, width) * _edge(0.60 - z, width)
        leaf = _band(cx, -1.0, 0.125, width) * _edge(0.54 - z, width)
        d = 0.25 + 0.75 * _hash(own, 3.0)
        for c in range(3):
            paint = (0.30 * d, 0.12 + 0.10 * (1.0 - d), 0.08 + 0.22 * (1.0 - d))[c]
            shade[c] = shade[c] * (1.0 - frame) + 0.75 * (frame - leaf) + paint * leaf
    elif floor >= 0.0 and (floor + 0.56) * story + 0.05 + tall < eaves - 0.06:
        frame = _band(cx, -1.0, wide + 0.035, width) * _band(abs(cz), -1.0, tall + 0.035, width)
        pane = _band(cx, -1.0, wide, width) * _band(abs(cz), -1.0, tall, width)
        pane *= 1.0 - 0.8 * _band(cx, -1.0, 0.014, width)
        lit = _hash(own + column * 1.7, floor * 3.1 + face) < block[17]
        rim = 0.8 if kind < 0.5 else 0.5
        for c in range(3):
            glow = (1.0, 0.70, 0.34)[c] * 0.95
            glass = (0.10, 0.14, 0.20)[c] + (0.16, 0.19, 0.22)[c] * _smooth(-tall, tall, cz)
            shade[c] = (shade[c] * (1.0 - frame) + (shade[c] * 0.3 + 0.7 * rim) * (frame - pane)
                        + (glow if lit else glass) * pane)
        emit = 0.85 * pane if lit else 0.0
    elif kind > 0.5 and z > eaves - 0.16:
        tone = 1.12  # the cornice of a block of flats
    if kind > 0.5 and floor == 0.0:
        tone *= 0.82
    tone *= 1.0 - 0.10 * (1.0 - _edge(z - 0.10, width))
    for c in range(3):
        shade[c] *= tone
    return emit


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
