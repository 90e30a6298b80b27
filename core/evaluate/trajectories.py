"""Held-out walks that come back: what is walked, when the first visit ends, and which frames match.

Deterministic by (seed, number). The scenes are none of training, and neither are most of the paths:
turns of more than half a circle and back, polygons walked twice, wanderings undone step by step,
and a look round one room, a walk into another and the same look again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from core.learning.data import HELD_OUT, VERBS
from core.learning.language import BOOKS
from core.learning.scenes.scene import Scene
from core.learning.scenes.walker import MOTIONS, TURN, follow, walk
from core.worlds.poses import apart
from core.worlds.protocol import CONTEXT_LEVEL, World

#: Two frames show the same where they are this near, cells and radians (half a step, half a turn).
NEAR, NEAR_TURN = 0.13, 0.55 * TURN
#: Two places are clearly different from here on (``apart``): 90° turned, or as many cells away.
FAR = 1.4
WINDOWS = 2  # a revisit counts from this many windows after the first visit
PATTERNS = ("turn_around", "loop", "there_and_back", "two_rooms")
_ELBOW = 0.3
_FULL = round(2 * math.pi / TURN)


@dataclass(frozen=True)
class Trajectory:
    """One walk. ``verbs[i]`` (an index into VERBS) led to frame i; the first is "hold"."""

    number: int
    scene: int  # seed
    style: str
    pattern: str
    verbs: np.ndarray  # [T]
    poses: np.ndarray  # [T, 3]
    half: int  # the first visit is frames 0 … half, a whole number of chunks after the first
    pairs: np.ndarray  # [P, 3]: frame of the first visit, of the revisit, of the wrong pose
    names: tuple[str, ...] = VERBS  # what ``verbs`` number: controls of ``domain``
    domain: str = "first-person"
    pictures: np.ndarray | None = None  # uint8 [T, H, W, 3], where it is filmed already

    @property
    def name(self) -> str:
        return f"{self.number:03d}-{self.pattern}"

    def texts(self, start: int, stop: int) -> list[str]:
        """The simplest phrasing of what leads to frames [start, stop)."""
        phrases = BOOKS[self.domain].phrases
        return [phrases[self.names[v]][0] for v in self.verbs[start:stop]]


@dataclass(frozen=True)
class Footage:
    """What a camera sees along a trajectory: uint8 [T, H, W, 3], and the world's latents of it,
    ``stride`` pictures in each, shown at noise ``level``."""

    pictures: np.ndarray
    latents: torch.Tensor
    stride: int = 1
    level: float = CONTEXT_LEVEL


@lru_cache(maxsize=4)
def scene_of(seed: int) -> Scene:
    return Scene(seed)


def footage(world: World, walked: Trajectory) -> Footage:
    """Rendered and encoded now. Raises ValueError for a world that is not square."""
    g = world.geometry
    if g.width != g.height:
        raise ValueError(
            f"held-out scenes are drawn square, and {world.name} works at {g.width}×{g.height}; "
            'give it a square "width" and "height" in its world.json to measure it'
        )
    pictures = walked.pictures
    if pictures is None:
        pictures = scene_of(walked.scene).render(walked.poses, g.width)
    return Footage(pictures, world.encode(pictures), g.t_stride, world.context_level)


def trajectory(
    number: int, seed: int = 0, chunk: int = 8, window: int = 12,
    patterns: tuple[str, ...] = PATTERNS,
) -> Trajectory:
    """Number ``number`` of the run with ``seed``. ``chunk`` and ``window`` in frames."""
    pattern = patterns[number % len(patterns)]
    name = HELD_OUT + 100_000 * (seed + 1) + number
    rng = np.random.default_rng([77, seed, number])
    start, verbs, first = _MAKERS[pattern](scene_of(name), rng, chunk)
    return assembled(number, name, pattern, start, verbs, first, chunk, window)


def assembled(
    number: int, scene: int, pattern: str, start: np.ndarray, verbs: list[str], first: int,
    chunk: int, window: int,
) -> Trajectory:
    """``verbs`` walked from ``start``, in whole chunks (the rest holds still), with its pairs."""
    verbs = verbs + ["hold"] * (-len(verbs) % chunk)
    half = math.ceil(first / chunk) * chunk
    poses = follow(start, verbs)
    numbers = np.array([VERBS.index(v) for v in ["hold", *verbs]], np.uint8)
    found = pairs(poses, half, WINDOWS * window, np.random.default_rng([78, scene]))
    return Trajectory(
        number, scene, scene_of(scene).style, pattern, numbers, poses, half, found
    )


def pairs(poses: np.ndarray, half: int, gap: int, rng: np.random.Generator) -> np.ndarray:
    """[P, 3] (first visit, revisit, wrong pose): for each frame after ``half`` the frame up to
    ``half`` and at least ``gap`` before that stands where it stands, if there is one, and another
    of the first visit that stands or looks clearly elsewhere."""
    found = []
    away = apart(poses[: half + 1], poses)
    cells = np.linalg.norm(poses[: half + 1, None, :2] - poses[None, :, :2], axis=-1)
    turned = np.abs(_wrapped(poses[: half + 1, None, 2] - poses[None, :, 2]))
    same = (cells <= NEAR) & (turned <= NEAR_TURN)
    for j in range(half + 1, len(poses)):
        early = away[: max(0, j - gap + 1), j]
        if not len(early) or not same[(i := int(np.argmin(early))), j]:
            continue
        wrong = np.flatnonzero(away[:, j] >= max(FAR, 0.75 * away[:, j].max()))
        if len(wrong):
            found.append((i, j, int(rng.choice(wrong))))
    return np.array(found, int).reshape(-1, 3)


def _wrapped(angle: np.ndarray) -> np.ndarray:
    return (angle + math.pi) % (2 * math.pi) - math.pi


# ---- how to undo a motion -----------------------------------------------------------------------


def _mirrored(signs: tuple[int, int, int]) -> dict[str, str]:
    """Each verb → the verb whose motion is its own times ``signs``, where there is one."""
    return {
        a: b for a, m in MOTIONS.items() for b, n in MOTIONS.items()
        if all(abs(s * x - y) < 1e-9 for s, x, y in zip(signs, m, n))
    }


#: The same step backwards; and the same step walked back after turning round.
BACKWARDS, TURNED = _mirrored((-1, -1, -1)), _mirrored((1, 1, -1))


def undone(verbs: list[str]) -> list[str]:
    """The way back without turning round: the same poses in the other order."""
    return [BACKWARDS[v] for v in reversed(verbs)]


def returned(verbs: list[str]) -> list[str]:
    """The way back after half a turn: the same places, looking the other way."""
    return [TURNED[v] for v in reversed(verbs)]


def is_free(scene: Scene, poses: np.ndarray, radius: float = _ELBOW) -> bool:
    return all(scene.free(p[0], p[1], radius) for p in poses)


def wander(
    scene: Scene, frames: int, rng: np.random.Generator, chunk: int = 1
) -> tuple[np.ndarray, list[str]]:
    """(start, verbs): stretches that can all be undone, through free places, that lead far."""
    names = [v for v in BACKWARDS if v != "hold"]
    weight = np.array([3.0 if v == "forward" else 1.5 if "turn" in v else 1.0 for v in names])
    best: tuple[float, np.ndarray, list[str]] | None = None
    for _ in range(6):
        start = scene.spawn(rng)
        verbs: list[str] = []
        for _ in range(80):
            if len(verbs) >= frames:
                break
            verb = str(rng.choice(names, p=weight / weight.sum()))
            if verbs and BACKWARDS[verb] == verbs[-1]:
                continue
            length = chunk * int(rng.integers(1, max(2, 18 // chunk)))
            more = [verb] * min(length, frames - len(verbs))
            if is_free(scene, follow(start, verbs + more)[len(verbs) :]):
                verbs += more
        verbs += ["turn_left"] * (frames - len(verbs))
        far = float(apart(follow(start, verbs), start[None]).max())
        if best is None or far > best[0]:
            best = far, start, verbs
    assert best is not None
    return best[1], best[2]


# ---- the patterns: scene, generator, chunk → (start, verbs, frames of the first visit) -----------


def _turn_around(scene: Scene, rng: np.random.Generator, chunk: int):
    """Turn 240° to 360° on the spot, and back."""
    out = chunk * math.ceil(int(rng.choice([40, 48, 56])) / chunk)
    turn = [str(rng.choice(["turn_left", "turn_right"]))] * out
    return scene.spawn(rng), turn + undone(turn), out


def _loop(scene: Scene, rng: np.random.Generator, chunk: int):
    """A polygon, or a circle on the spot, walked twice."""
    for _ in range(12):
        start = scene.spawn(rng)
        side = str(rng.choice(["turn_left", "turn_right"]))
        corners = int(rng.choice([3, 4, 5, 6]))
        length, turn = int(rng.choice([12, 9, 6])), _FULL // corners
        lap = (["forward"] * length + [side] * turn) * corners
        if is_free(scene, follow(start, lap)):
            break
    else:
        lap = [side] * _FULL
    return start, lap * 2, len(lap)


def _there_and_back(scene: Scene, rng: np.random.Generator, chunk: int):
    """Wander off, and undo every step."""
    out = chunk * math.ceil(int(rng.choice([40, 48, 56])) / chunk)
    start, verbs = wander(scene, out, rng)
    return start, verbs + undone(verbs), out


def _two_rooms(scene: Scene, rng: np.random.Generator, chunk: int):
    """Look round, walk out of sight, come back, look round again."""
    look, best = 24, None
    for _ in range(4):
        way = walk(scene, 34, rng, "explore")
        away = float(np.linalg.norm(way.poses[-1, :2] - way.poses[0, :2]))
        hidden = not in_sight(scene, way.poses[0], way.poses[-1])
        if best is None or (hidden, away) > best[:2]:
            best = hidden, away, way
        if hidden:
            break
    way = best[2]
    side = str(rng.choice(["turn_left", "turn_right"]))
    start = follow(way.poses[0], [BACKWARDS[side]] * look)[-1]
    half_turn = [side] * (_FULL // 2)
    out = [side] * look + list(way.verbs) + half_turn
    return start, out + returned(list(way.verbs)) + half_turn, len(out)


def in_sight(scene: Scene, a: np.ndarray, b: np.ndarray) -> bool:
    """Whether nothing stands on the straight line between two poses."""
    steps = max(2, int(np.linalg.norm(b[:2] - a[:2]) / 0.1))
    return all(scene.free(*(a[:2] + (b[:2] - a[:2]) * t), 0.02) for t in np.linspace(0, 1, steps))


_MAKERS: dict[str, Callable] = {
    "turn_around": _turn_around, "loop": _loop, "there_and_back": _there_and_back,
    "two_rooms": _two_rooms,
}


def long_walk(number: int, seed: int, chunks: int, chunk: int = 8, window: int = 12) -> Trajectory:
    """Out and back home twice, ``chunks`` chunks in all: the second lap revisits the first."""
    name = HELD_OUT + 100_000 * (seed + 1) + 50_000 + number
    scene, rng = scene_of(name), np.random.default_rng([79, seed, number])
    lap = chunks * chunk // 2
    if lap >= _FULL + 40:
        way = walk(scene, (lap - _FULL) // 2, rng, "explore")
        start, verbs = way.poses[0], list(way.verbs)
        half_turn = ["turn_left"] * (_FULL // 2)
        verbs = verbs + half_turn + returned(verbs) + half_turn
    else:
        start, verbs = wander(scene, lap // 2, rng)
        verbs = verbs + undone(verbs)
    verbs = verbs + ["hold"] * (lap - len(verbs))
    return assembled(number, name, "two_laps", start, verbs * 2, lap, chunk, window)
