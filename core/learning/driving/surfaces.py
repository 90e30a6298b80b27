"""How the ground and the walls of a town get their colour: lanes, kerbs, grass, windows, doors."""

import math

from numba import njit

from core.learning.scenes.shading import _JIT, _smooth, _swing, _wave

from .roads import LANE, STEP

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
