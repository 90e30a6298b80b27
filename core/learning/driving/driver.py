"""A driver: follows lanes, takes junctions, changes lanes, stops, reverses; exact poses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .roads import LANE, Node, Roads, join, trim

KINDS = ("explore", "around", "there_and_back")
SPEED = 0.44  # world units a frame: 32 km/h at 8 frames a second
_REVERSE = 0.24
_TURN_OFF = 2.0  # how far before the kerb of the crossing street a turn begins
_FINE = 0.05  # step of a path
_CURVED = 0.055  # radians a world unit from which a path is a bend
_CHANGE = 9  # frames of a change of lanes

#: Forward, left, turn a frame, about: what to reckon with where only the words are known.
MOTIONS: dict[str, tuple[float, float, float]] = {
    "drive_on": (SPEED, 0.0, 0.0),
    "steer_left": (SPEED, LANE / _CHANGE, 0.0),
    "steer_right": (SPEED, -LANE / _CHANGE, 0.0),
    "bend_left": (SPEED, 0.0, 0.09),
    "bend_right": (SPEED, 0.0, -0.09),
    "brake": (SPEED / 2, 0.0, 0.0),
    "accelerate": (SPEED / 2, 0.0, 0.0),
    "parked": (0.0, 0.0, 0.0),
    "reverse": (-_REVERSE, 0.0, 0.0),
}


@dataclass(frozen=True)
class Drive:
    poses: np.ndarray  # [frames + 1, 3]: x, y, yaw
    verbs: list[str]  # verbs[i] led from frame i to i + 1


class Path:
    """A lane to follow: places by the distance driven."""

    def __init__(self, line: np.ndarray, closed: bool = False):
        length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
        count = int(length[-1] / _FINE)
        at = np.linspace(0, length[-1], count + 1)
        place = np.stack([np.interp(at, length, line[:, k]) for k in (0, 1)], 1)
        self.length, self.closed = float(length[-1]), closed
        if closed:
            place = place[:-1]
        place = _smooth(place, closed)
        if closed:
            way = np.roll(place, -1, 0) - np.roll(place, 1, 0)
        else:
            way = np.gradient(place, axis=0)
        yaw = np.unwrap(np.arctan2(way[:, 1], way[:, 0]))
        if closed:
            turn = 2 * math.pi * round((yaw[-1] - yaw[0]) / (2 * math.pi))
            place = np.concatenate([place, place[:1]])
            yaw = np.r_[yaw, yaw[0] + turn]
        self._table = np.column_stack([place, yaw])
        self._at = np.linspace(0, self.length, len(place))

    def pose(self, way: float, aside: float = 0.0, drift: float = 0.0) -> np.ndarray:
        """Where one is after ``way``, ``aside`` to the left of the lane, moving over by ``drift``
        per unit driven."""
        if self.closed:
            way %= self.length
        x, y, yaw = (float(np.interp(way, self._at, self._table[:, k])) for k in range(3))
        return np.array([x - aside * math.sin(yaw), y + aside * math.cos(yaw),
                         yaw + math.atan(drift)])

    def bend(self, way: float) -> float:
        """Radians a unit, left positive."""
        a, b = (w % self.length if self.closed else w for w in (way - 0.3, way + 0.3))
        turn = np.interp(b, self._at, self._table[:, 2]) - np.interp(a, self._at, self._table[:, 2])
        return math.remainder(float(turn), 2 * math.pi) / 0.6


def _smooth(place: np.ndarray, closed: bool) -> np.ndarray:
    """Rounded a little, so that the wheel is turned gradually."""
    n = int(0.7 / _FINE)
    kernel = np.hanning(2 * n + 3)[1:-1]
    kernel /= kernel.sum()
    pad = ((n, n), (0, 0))
    if closed:
        wide = np.pad(place, pad, mode="wrap")
    else:
        wide = np.pad(place, pad, mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(wide[:, k], kernel, "valid") for k in (0, 1)], 1)


def lane(roads: Roads, route: list[Node], closed: bool = False) -> Path:
    """The right-hand lane along a route of crossings."""
    legs = list(zip(route, route[1:]))
    if closed:
        legs.append((route[-1], route[0]))
    pieces = []
    for leg in legs:
        line = trim(roads.edges[leg], roads.half + _TURN_OFF, roads.half + _TURN_OFF)
        way = np.gradient(line, axis=0)
        way /= np.linalg.norm(way, axis=1)[:, None]
        right = np.column_stack([way[:, 1], -way[:, 0]])
        pieces.append(line + right * (roads.half - LANE / 2))
    out = [pieces[0]]
    for piece in pieces[1:]:
        out += [join(out[-1], piece), piece]
    if closed:
        out += [join(out[-1], pieces[0]), pieces[0][:1]]
    return Path(np.concatenate(out), closed)


def _route(roads: Roads, rng: np.random.Generator, legs: int) -> list[Node]:
    """A way through town that rarely goes straight for long and never turns round."""
    ends = sorted(roads.edges)
    route = list(ends[int(rng.integers(len(ends)))])
    while len(route) <= legs:
        before, here = route[-2:]
        onward = [n for n in roads.beyond(here) if n != before]
        straight = (2 * here[0] - before[0], 2 * here[1] - before[1])
        weights = np.array([0.7 if n == straight else 1.0 for n in onward])
        route.append(onward[int(rng.choice(len(onward), p=weights / weights.sum()))])
    return route


def _block(roads: Roads, rng: np.random.Generator) -> list[Node]:
    """The four crossings of a block one can drive around, either way."""
    blocks = []
    for i, j in roads.nodes:
        ring = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
        if all(leg in roads.edges for leg in zip(ring, ring[1:] + ring[:1])):
            blocks.append(ring)
    ring = blocks[int(rng.integers(len(blocks)))]
    ring = ring[::-1] if rng.random() < 0.5 else ring
    k = int(rng.integers(4))
    return ring[k:] + ring[:k]


class _Wheel:
    """Turns pedals and lane changes into poses and their names."""

    def __init__(self, path: Path, way: float):
        self.path, self.way, self.aside = path, way, 0.0
        self.poses, self.verbs = [path.pose(way)], []

    def go(self, speed: float, verb: str = "", aside: float | None = None) -> None:
        """One frame. Without a verb the road says it."""
        drift = 0.0
        if aside is not None:
            drift, self.aside = (aside - self.aside) / max(speed, 1e-6), aside
        bend = self.path.bend(self.way + speed / 2)
        self.way += speed
        if not verb:
            verb = "drive_on" if abs(bend) < _CURVED else "bend_left" if bend > 0 else "bend_right"
        self.poses.append(self.path.pose(self.way, self.aside, drift))
        self.verbs.append(verb)


def _explore(wheel: _Wheel, frames: int, rng: np.random.Generator, width: float) -> None:
    """Drive on, with a stop, a stretch in reverse or a change of lanes now and then."""
    speed, until = SPEED * float(rng.uniform(0.9, 1.15)), int(rng.integers(10, 26))
    left = False
    while len(wheel.verbs) < frames:
        soon = max(abs(wheel.path.bend(wheel.way + d)) for d in np.arange(0.0, 5.0, 0.5))
        until -= 1
        if until > 0 or (soon > _CURVED and rng.random() < 0.9):
            wheel.go(speed)
            continue
        until = int(rng.integers(14, 34))
        what = rng.random()
        if what < 0.45 or left:
            target = 0.0 if left else width
            began = wheel.aside
            for k in range(1, _CHANGE + 1):
                share = 0.5 - 0.5 * math.cos(math.pi * k / _CHANGE)
                wheel.go(speed, "steer_right" if left else "steer_left",
                         began + (target - began) * share)
            left = not left
            until = min(until, int(rng.integers(6, 14))) if left else until
        else:
            for k in range(6):
                wheel.go(speed * (1 - (k + 0.5) / 6), "brake")
            for _ in range(int(rng.integers(3, 8))):
                wheel.go(0.0, "parked")
            if what > 0.72 and wheel.way > 8.0:
                for _ in range(int(rng.integers(10, 24))):
                    wheel.go(-_REVERSE, "reverse")
                for _ in range(int(rng.integers(1, 4))):
                    wheel.go(0.0, "parked")
            for k in range(6):
                wheel.go(speed * (k + 1) / 6, "accelerate")


def drive(roads: Roads, frames: int, rng: np.random.Generator, kind: str = "explore") -> Drive:
    """A drive of ``frames`` steps; ``kind`` is one of KINDS. Raises ValueError for others.

    "around" goes round a block and meets every pose of the first lap exactly; "there_and_back"
    stops half-way and reverses through the poses it came by.
    """
    if kind == "around":
        path = lane(roads, _block(roads, rng), closed=True)
        lap = max(1, round(path.length / (SPEED * 1.3)))
        begin = int(rng.integers(lap))
        # Whole steps a lap, each taken from the same number: the same bits every time round.
        ways = [path.length * ((begin + k) % lap) / lap for k in range(frames + 1)]
        poses = np.stack([path.pose(w) for w in ways])
        bends = [path.bend(w + path.length / lap / 2) for w in ways[:-1]]
        verbs = ["drive_on" if abs(b) < _CURVED else "bend_left" if b > 0 else "bend_right"
                 for b in bends]
        return Drive(poses, verbs)
    if kind not in KINDS:
        raise ValueError(f"unknown kind of drive {kind!r}; use one of {', '.join(KINDS)}")
    legs = 3 + int(frames * SPEED * 1.2 / 8)
    wheel = _Wheel(lane(roads, _route(roads, rng, legs)), float(rng.uniform(0.5, 4.0)))
    if kind == "explore":
        _explore(wheel, frames, rng, LANE)
        return Drive(np.stack(wheel.poses[: frames + 1]), wheel.verbs[:frames])
    still = min(4 + frames % 2, frames)
    out = (frames - still) // 2
    stop = min(6, out)
    for _ in range(out - stop):
        wheel.go(SPEED)
    for k in range(stop):
        wheel.go(SPEED * (1 - (k + 0.5) / stop), "brake")
    there = wheel.poses
    poses = there + [there[-1]] * (frames - 2 * out) + there[-2::-1]
    verbs = wheel.verbs + ["parked"] * (frames - 2 * out) + ["reverse"] * out
    return Drive(np.stack(poses), verbs)
