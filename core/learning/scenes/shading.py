"""How a point of a scene gets its colour: materials, baked light, sky, fog and round things."""

import math

import numpy as np
from numba import njit

CELL = 0.5  # edge of a grid cell in world units
LIGHT_STEP = 6.0  # light samples per world unit
EYE = 0.5
HALF_FOV = math.tan(math.radians(75.0) / 2.0)
SKY = 9.0  # a ceiling this high is open sky
FAR = 26.0
FOG_STEP = 48.0  # fog samples per world unit
LUT_SIZE = 4096
LUT_MAX = 1.6

_JIT = {"cache": True, "nogil": True, "fastmath": True, "error_model": "numpy"}


def tone_table() -> np.ndarray:
    """Linear light in 0..LUT_MAX to an 8-bit display value, with a soft shoulder."""
    x = np.linspace(0.0, LUT_MAX, LUT_SIZE)
    soft = np.where(x < 0.55, x, 0.55 + 0.45 * (1.0 - np.exp(-(x - 0.55) / 0.45)))
    return np.clip(np.round(255.0 * soft ** (1 / 2.2)), 0, 255).astype(np.uint8)


TONE = tone_table()


def fog_table(colour: np.ndarray, density: float) -> np.ndarray:
    """The fog's colour and its share at every distance."""
    dist = (np.arange(int(3 * FAR * FOG_STEP)) + 0.5) / FOG_STEP
    return np.concatenate([colour, 1.0 - np.exp(-((dist * density) ** 1.5))]).astype(np.float32)


@njit(inline="always", **_JIT)
def _smooth(a, b, x):
    t = min(1.0, max(0.0, (x - a) / (b - a)))
    return t * t * (3.0 - 2.0 * t)


@njit(**_JIT)
def _light(light, ztop, x, y, z, out):
    """Trilinear sample of the baked light [y, x, z, 4]: rgb lamp and sky light, sun visibility."""
    ny, nx, nz = light.shape[0], light.shape[1], light.shape[2]
    fx = min(max(x * LIGHT_STEP - 0.5, 0.0), nx - 1.001)
    fy = min(max(y * LIGHT_STEP - 0.5, 0.0), ny - 1.001)
    fz = min(max(z / ztop * (nz - 1), 0.0), nz - 1.001)
    ix, iy, iz = int(fx), int(fy), int(fz)
    ax, ay, az = fx - ix, fy - iy, fz - iz
    w00, w10, w01, w11 = (1 - ax) * (1 - ay), ax * (1 - ay), (1 - ax) * ay, ax * ay
    for c in range(4):
        out[c] = (
            light[iy, ix, iz, c] * w00
            + light[iy, ix + 1, iz, c] * w10
            + light[iy + 1, ix, iz, c] * w01
            + light[iy + 1, ix + 1, iz, c] * w11
        )
    if az > 0.0:
        k = iz + 1
        for c in range(4):
            high = (
                light[iy, ix, k, c] * w00
                + light[iy, ix + 1, k, c] * w10
                + light[iy + 1, ix, k, c] * w01
                + light[iy + 1, ix + 1, k, c] * w11
            )
            out[c] += (high - out[c]) * az


@njit(inline="always", **_JIT)
def _swing(turns):
    """A sine of an angle in turns, close enough for soft patterns and much faster."""
    t = turns - math.floor(turns) - 0.5
    return -16.0 * t * (0.5 - abs(t))


@njit(inline="always", **_JIT)
def _wave(v, period, width):
    """A square wave in -1..1, box-filtered over `width`, so that it never shimmers."""
    w = max(width, 0.04 * period) / period
    p = v / period
    a = (p - 0.5 * w) * 0.5
    b = (p + 0.5 * w) * 0.5
    ia = 2.0 * abs(a - math.floor(a) - 0.5)
    ib = 2.0 * abs(b - math.floor(b) - 0.5)
    return min(1.0, max(-1.0, (ia - ib) / w))


@njit(**_JIT)
def _albedo(mats, m, u, v, z, width, out):
    """Colour of material m. Floors pass world x, y as u, v; walls the run along them, 0 and z."""
    kind = int(mats[m, 0])
    p0, p1, p2, p3 = mats[m, 7], mats[m, 8], mats[m, 9], mats[m, 10]
    k = 0.0
    if kind == 1:  # big tiles
        k = 0.5 + 0.5 * _wave(u, p0, width) * _wave(v, p0, width)
    elif kind == 2:  # broad planks along u
        k = 0.5 + 0.5 * _wave(v, p0, width)
    elif kind == 3:  # wainscot: second colour below p0
        k = 1.0 - _smooth(p0 - 0.02, p0 + 0.02, z)
    elif kind == 4:  # soft blotches, wavelength p0
        a, b = u / p0, (v + z) / p0
        s = _swing(a + 0.2 * _swing(b * 0.7)) * _swing(b + 0.3 * z / p0 + 0.14 * _swing(a * 0.6))
        k = 0.5 + 0.5 * s * max(0.0, 1.0 - 1.4 * width / p0)
    elif kind == 5:  # panels with broad soft joints
        a = abs(u / p0 - math.floor(u / p0) - 0.5) * p0
        w = max(0.05, width)
        k = _smooth(p0 * 0.5 - w, p0 * 0.5, a) * min(1.0, 0.05 / w * 1.5)
        k = max(k, _smooth(0.05, 0.0, abs(z - p1)) if p1 > 0 else 0.0)
    elif kind == 6:  # rug centred on p0, p1 with half sizes p2, p3
        e = min(p2 - abs(u - p0), p3 - abs(v - p1))
        k = _smooth(0.14 - width, 0.16 + width, e) - 0.75 * _smooth(
            0.40 - width, 0.42 + width, e
        ) * (1.0 - _smooth(0.55 - width, 0.57 + width, e))
    elif kind == 7:  # a coloured band between p0 and p1
        k = _smooth(p0 - 0.02, p0 + 0.02, z) * (1.0 - _smooth(p1 - 0.02, p1 + 0.02, z))
    elif kind == 8:  # horizontal courses
        k = 0.5 + 0.5 * _wave(z, p0, width)
    for c in range(3):
        out[c] = mats[m, 1 + c] * (1.0 - k) + mats[m, 4 + c] * k


@njit(inline="always", **_JIT)
def _look_up(sky, heading, el, out):
    """Bilinear look-up in the sky panorama [heading, elevation, 3]."""
    fx = heading * (1.0 / (2.0 * math.pi)) + 2.0
    fx = (fx - math.floor(fx)) * (sky.shape[0] - 1)
    fy = min(max(el, 0.0), 0.999) * (sky.shape[1] - 1)
    ix, iy = int(fx), int(fy)
    ax, ay = fx - ix, fy - iy
    for c in range(3):
        out[c] = (sky[ix, iy, c] * (1 - ay) + sky[ix, iy + 1, c] * ay) * (1 - ax) + (
            sky[ix + 1, iy, c] * (1 - ay) + sky[ix + 1, iy + 1, c] * ay
        ) * ax


@njit(inline="always", **_JIT)
def _put(image, depth, row, col, t, dist, shade, fog):
    """Write one sample through the distance fog (fog = rgb, then its share by distance)."""
    f = fog[3 + min(fog.shape[0] - 4, int(dist * FOG_STEP))]
    for c in range(3):
        image[col, row, c] = shade[c] * (1.0 - f) + fog[c] * f
    depth[row] = t


@njit(**_JIT)
def _texel(atlas, tex, u, v, lod, out):
    """Bilinear look-up; atlas is [textures, levels, 32, 32, 4], level l uses 32 >> l texels."""
    level = min(3, max(0, int(lod)))
    size = 32 >> level
    fx = min(max(u * size - 0.5, 0.0), size - 1.001)
    fy = min(max(v * size - 0.5, 0.0), size - 1.001)
    ix, iy = int(fx), int(fy)
    ax, ay = fx - ix, fy - iy
    for c in range(4):
        out[c] = (
            atlas[tex, level, iy, ix, c] * (1 - ax) + atlas[tex, level, iy, ix + 1, c] * ax
        ) * (1 - ay) + (
            atlas[tex, level, iy + 1, ix, c] * (1 - ax) + atlas[tex, level, iy + 1, ix + 1, c] * ax
        ) * ay


@njit(**_JIT)
def _round_things(
    items, px, py, dx, dy, col, size, scale, image, depth, light, ztop, sun, fog, lit, shade
):
    """Ellipsoids (kind 0) and cylinders (kind 1) of one column, tested against its depth."""
    aa = dx * dx + dy * dy
    length = math.sqrt(aa)
    mid = size * 0.5
    for i in range(items.shape[0]):
        ox, oy, oz, r, rz = items[i, 1], items[i, 2], items[i, 3], items[i, 4], items[i, 5]
        ex, ey = ox - px, oy - py
        b = dx * ex + dy * ey
        disc = b * b - aa * (ex * ex + ey * ey - r * r)
        if b <= 0.0 or disc <= 0.0:
            continue
        root = math.sqrt(disc)
        t0, t1 = (b - root) / aa, (b + root) / aa
        if t0 < 0.03:
            continue
        ball = items[i, 0] == 0.0
        hi, lo = oz + rz - EYE, oz - rz - EYE
        top = mid - max(hi / t0, hi / t1) * scale
        bottom = mid - min(lo / t0, lo / t1) * scale
        emit = items[i, 9]
        k = r / rz
        for row in range(max(0, int(top)), min(size, int(bottom) + 2)):
            if t0 >= depth[row]:
                continue
            dz = (mid - row - 0.5) / scale
            if ball:
                a3 = aa + dz * dz * k * k
                ez = (oz - EYE) * k
                b3 = b + dz * k * ez
                d3 = b3 * b3 - a3 * (ex * ex + ey * ey + ez * ez - r * r)
                if d3 <= 0.0:
                    continue
                t = (b3 - math.sqrt(d3)) / a3
                nx, ny, nz = (t * dx - ex) / r, (t * dy - ey) / r, (EYE + t * dz - oz) / rz
            else:
                z = EYE + t0 * dz
                if abs(z - oz) <= rz:
                    t = t0
                    nx, ny, nz = (t * dx - ex) / r, (t * dy - ey) / r, 0.0
                elif z > oz + rz and dz < 0.0 and hi / dz <= t1:
                    t = hi / dz
                    nx, ny, nz = 0.0, 0.0, 1.0
                else:
                    continue
            if t >= depth[row] or t < 0.03:
                continue
            x, y, z = px + t * dx, py + t * dy, EYE + t * dz
            _light(light, ztop, x, y, z, lit)
            facing = max(0.0, nx * sun[0] + ny * sun[1] + nz * sun[2])
            body = 0.74 + 0.30 * nz + 0.10 * (nx * sun[0] + ny * sun[1])
            for c in range(3):
                base = items[i, 6 + c]
                shade[c] = base * (
                    emit + (1.0 - emit) * (lit[c] * body + lit[3] * facing * sun[3 + c])
                )
            _put(image, depth, row, col, t, t * length, shade, fog)


@njit(**_JIT)
def _halos(lamps, px, py, fx, fy, col, size, scale, image, depth):
    """Soft glow around bright lamps, hidden where something stands before the lamp."""
    mid = size * 0.5
    for i in range(lamps.shape[0]):
        if lamps[i, 7] <= 0.0:
            continue
        ex, ey = lamps[i, 0] - px, lamps[i, 1] - py
        zc = ex * fx + ey * fy
        if zc < 0.15:
            continue
        sx = mid + (ex * fy - ey * fx) / zc * scale
        sy = mid - (lamps[i, 2] - EYE) / zc * scale
        radius = lamps[i, 7] / zc * scale
        dx = col + 0.5 - sx
        if abs(dx) > 2.0 * radius:
            continue
        power = lamps[i, 8] * _smooth(0.15, 0.8, zc)
        for row in range(max(0, int(sy - 2.0 * radius)), min(size, int(sy + 2.0 * radius) + 1)):
            if depth[row] < zc - 0.2:
                continue
            d2 = (dx * dx + (row + 0.5 - sy) ** 2) / (radius * radius)
            g = power * (math.exp(-2.2 * d2) - 0.0001)
            if g > 0.0:
                for c in range(3):
                    image[col, row, c] += lamps[i, 3 + c] * g
