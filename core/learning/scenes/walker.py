"""A walker: dead reckoning, a handful of motions, and walks that look around and travel."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

FPS = 8
FORWARD = 0.12  # cells a frame
STRAFE = 0.08
TURN = math.radians(6)  # a frame
_CURVE = 0.7 * TURN

Pose = np.ndarray  # x, y, yaw

MOTIONS: dict[str, tuple[float, float, float]] = {
    "hold": (0.0, 0.0, 0.0),
    "forward": (FORWARD, 0.0, 0.0),
    "back": (-FORWARD, 0.0, 0.0),
    "strafe_left": (0.0, STRAFE, 0.0),
    "strafe_right": (0.0, -STRAFE, 0.0),
    "turn_left": (0.0, 0.0, TURN),
    "turn_right": (0.0, 0.0, -TURN),
    "forward_left": (FORWARD, 0.0, _CURVE),
    "forward_right": (FORWARD, 0.0, -_CURVE),
}
_ELBOW = 0.32  # walkers keep a little further from walls than they must

_SHARE = {
    "hold": 0.06,
    "forward": 0.32,
    "back": 0.08,
    "strafe_left": 0.04,
    "strafe_right": 0.04,
    "turn_left": 0.13,
    "turn_right": 0.13,
    "forward_left": 0.10,
    "forward_right": 0.10,
}
_LENGTH = {
    "hold": (4, 7),
    "back": (5, 10),
    "strafe_left": (4, 9),
    "strafe_right": (4, 9),
    "turn_left": (5, 20),
    "turn_right": (5, 20),
    "forward": (6, 24),
    "forward_left": (5, 18),
    "forward_right": (5, 18),
}
_BACKWARDS = {
    "hold": "hold",
    "forward": "back",
    "back": "forward",
    "strafe_left": "strafe_right",
    "strafe_right": "strafe_left",
    "turn_left": "turn_right",
    "turn_right": "turn_left",
}
# The same path walked the other way after turning round.
_TURNED = {
    "hold": "hold",
    "forward": "forward",
    "back": "back",
    "strafe_left": "strafe_left",
    "strafe_right": "strafe_right",
    "turn_left": "turn_right",
    "turn_right": "turn_left",
    "forward_left": "forward_right",
    "forward_right": "forward_left",
}


@dataclass(frozen=True)
class Walk:
    poses: np.ndarray  # [frames + 1, 3]
    verbs: list[str]  # verbs[i] led from frame i to i + 1


def step(pose: Pose, motion: tuple[float, float, float]) -> Pose:
    """Turn by half, move, turn by the other half: the reversed motion inverts it exactly."""
    forward, left, turn = motion
    yaw = pose[2] + 0.5 * turn
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array(
        [pose[0] + forward * c - left * s, pose[1] + forward * s + left * c, yaw + 0.5 * turn]
    )


def follow(pose: Pose, verbs: list[str]) -> np.ndarray:
    """All poses of a list of verbs, the first included."""
    poses = [np.asarray(pose, np.float64)]
    for verb in verbs:
        poses.append(step(poses[-1], MOTIONS[verb]))
    return np.stack(poses)


class _Guide:
    """Distance on foot to a far goal, so that walks go through doorways and do not mill about."""

    def __init__(self, scene, rng):
        self.scene, self.rng = scene, rng
        self.cell = 0.25
        self.open = scene.open_map(self.cell, 0.36)
        self.field = None

    def _index(self, x, y):
        n = self.open.shape
        return min(n[0] - 1, max(0, int(y / self.cell))), min(n[1] - 1, max(0, int(x / self.cell)))

    def aim(self, x: float, y: float) -> None:
        """Pick a goal that can be reached, preferably far away."""
        dist = self._spread([self._index(x, y)])
        reached = np.argwhere(np.isfinite(dist))
        far = dist[tuple(reached.T)]
        keep = reached[far >= min(16.0, 0.6 * far.max())]
        goal = tuple(keep[int(self.rng.integers(len(keep)))])
        self.field = self._spread([goal])

    def _spread(self, starts):
        dist = np.full(self.open.shape, np.inf)
        queue = deque(starts)
        for s in starts:
            dist[s] = 0.0
        rows, cols = self.open.shape
        while queue:
            j, i = queue.popleft()
            d = dist[j, i] + 1.0
            for b, a in ((j, i + 1), (j, i - 1), (j + 1, i), (j - 1, i)):
                if 0 <= b < rows and 0 <= a < cols and self.open[b, a] and dist[b, a] > d:
                    dist[b, a] = d
                    queue.append((b, a))
        return dist

    def left_to_go(self, x, y) -> float:
        """World units to the goal, on foot."""
        d = self.field[self._index(x, y)]
        return d * self.cell if np.isfinite(d) else 60.0

    def cost(self, pose: Pose) -> float:
        """Lower is better: near the goal, and looking where the way goes on."""
        ahead = min(
            self.left_to_go(pose[0] + r * math.cos(pose[2]), pose[1] + r * math.sin(pose[2]))
            for r in (0.5, 1.0, 1.6)
        )
        return 0.5 * self.left_to_go(pose[0], pose[1]) + 0.5 * ahead


def _is_free(scene, poses: np.ndarray) -> bool:
    return all(scene.free(p[0], p[1], _ELBOW) for p in poses[1:])


def _view(scene, pose: Pose) -> float:
    """Free distance straight ahead, at most 3."""
    for r in np.arange(0.4, 3.0, 0.2):
        if not scene.free(pose[0] + r * math.cos(pose[2]), pose[1] + r * math.sin(pose[2]), 0.05):
            return float(r)
    return 3.0


def _explore(scene, pose, frames, rng, share=_SHARE) -> list[str]:
    """Verbs of a walk that heads for far goals, with pauses, steps aside and looks around."""
    guide = _Guide(scene, rng)
    guide.aim(pose[0], pose[1])
    patience = 24
    verbs: list[str] = []
    used = dict.fromkeys(MOTIONS, 0)
    names = list(MOTIONS)
    while len(verbs) < frames:
        patience -= 1
        if patience <= 0 or guide.left_to_go(pose[0], pose[1]) < 1.0:
            patience = 24  # spans
            guide.aim(pose[0], pose[1])
        here = guide.cost(pose)
        best, choice = -1e9, None
        total = len(verbs) + 12.0
        last = verbs[-1] if verbs else ""
        run = next((i for i, v in enumerate(reversed(verbs)) if v != last), len(verbs))
        for verb in names:
            lack = share[verb] - used[verb] / total
            low, high = _LENGTH[verb]
            if verb == last:
                high = min(high, 24 - run)  # no stretch of one verb outlasts 24 frames
                if high < low:
                    continue
            for _ in range(2):
                n = int(rng.integers(low, high + 1))
                path = follow(pose, [verb] * n)
                if not _is_free(scene, path):
                    continue
                gain = (here - guide.cost(path[-1])) / math.sqrt(n)
                score = 2.4 * gain + 5.0 * lack + rng.gumbel() * 0.22
                score -= 0.9 * max(0.0, 2.2 - _view(scene, path[-1]))
                if verb == last or _BACKWARDS.get(verb) == last:
                    score -= 1.2
                if score > best:
                    best, choice = score, (verb, n, path[-1])
        verb, n, pose = choice if choice else ("turn_left", 8, follow(pose, ["turn_left"] * 8)[-1])
        n = min(n, frames - len(verbs))
        verbs += [verb] * n
        used[verb] += n
        if len(verbs) >= frames:
            break
    return verbs


def _without_curves(verbs: list[str]) -> list[str]:
    return [v for v in verbs if v in _BACKWARDS]


def _retrace(scene, pose, frames, rng) -> list[str]:
    """Go somewhere and come back: backwards, or turned round, walking ahead again."""
    half_turn = int(round(math.pi / TURN))
    if frames >= 2 * half_turn + 24 and rng.random() < 0.6:
        out = (frames - 2 * half_turn) // 2
        there = _explore(scene, pose, out, rng)
        side = ["turn_left", "turn_right"][int(rng.integers(2))]
        again = ["turn_left", "turn_right"][int(rng.integers(2))]
        rest = frames - 2 * half_turn - 2 * out
        return (
            there
            + [side] * half_turn
            + [_TURNED[v] for v in reversed(there)]
            + [again] * half_turn
            + ["hold"] * rest
        )
    pause = frames % 2 + (4 if frames >= 24 else 0)
    out = (frames - pause) // 2
    share = {**_SHARE, "forward_left": -9.0, "forward_right": -9.0, "forward": 0.45, "hold": 0.02}
    there = [v if v in _BACKWARDS else "hold" for v in _explore(scene, pose, out, rng, share)]
    return there + ["hold"] * pause + [_BACKWARDS[v] for v in reversed(there)]


def _loop(scene, pose, frames, rng) -> list[str]:
    """A full turn on the spot, or a walk round a square, then on."""
    full, quarter = int(round(2 * math.pi / TURN)), int(round(0.5 * math.pi / TURN))
    side = ["turn_left", "turn_right"][int(rng.integers(2))]
    if rng.random() < 0.5:
        for other in (side, "turn_right" if side == "turn_left" else "turn_left"):
            for length in (24, 18, 14, 10, 7):
                verbs = (["forward"] * length + [other] * quarter) * 4
                if len(verbs) <= frames and _is_free(scene, follow(pose, verbs)):
                    return verbs + _explore(
                        scene, follow(pose, verbs)[-1], frames - len(verbs), rng
                    )
    before = int(rng.integers(0, max(1, min(17, frames - full + 1))))
    verbs = _explore(scene, pose, before, rng) if before >= 4 else []
    verbs += [side] * min(full, frames - len(verbs))
    return verbs + _explore(scene, follow(pose, verbs)[-1], frames - len(verbs), rng)


def walk(scene, frames: int, rng: np.random.Generator, style: str = "explore") -> Walk:
    """A walk of `frames` steps; style is "explore", "retrace", "loop" or "turns"."""
    pose = scene.spawn(rng)
    if style == "explore":
        verbs = _explore(scene, pose, frames, rng)
    elif style == "retrace":
        verbs = _retrace(scene, pose, frames, rng)
    elif style == "loop":
        verbs = _loop(scene, pose, frames, rng)
    elif style == "turns":
        share = {
            **_SHARE,
            "turn_left": 0.38,
            "turn_right": 0.38,
            "forward": 0.12,
            "hold": 0.06,
            "back": 0.02,
        }
        verbs = _explore(scene, pose, frames, rng, share)
    else:
        raise ValueError(f"unknown walk style {style!r}; use explore, retrace, loop or turns")
    return Walk(follow(pose, verbs), verbs)
