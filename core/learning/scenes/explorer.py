"""An explorer: heads for far goals through doorways, pauses, steps aside and looks around."""

import math
from collections import deque

import numpy as np

from .motion import BACKWARDS, MOTIONS, TURN, Pose, follow, step

_ELBOW = 0.32  # walkers keep a little further from walls than they must

SHARE = {
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


class Guide:
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

    def aim_out_of_sight(self, pose: Pose, reach: float) -> bool:
        """Pick a goal within ``reach`` on foot that cannot be seen from ``pose``; False: none."""
        dist = self._spread([self._index(pose[0], pose[1])]) * self.cell
        cells = np.argwhere((dist >= 2.0) & (dist <= reach))
        # The nearer ones first: they are reached with time left to look around.
        cells = cells[np.argsort(dist[tuple(cells.T)], kind="stable")]
        for j, i in cells[:: max(1, len(cells) // 60)]:
            place = ((i + 0.5) * self.cell, (j + 0.5) * self.cell)
            if not in_sight(self.scene, pose, place):
                self.field = self._spread([(int(j), int(i))])
                return True
        return False

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

    def route(self, pose: Pose, frames: int) -> list[str]:
        """Straight verbs (turn, walk) that lead to the goal, at most ``frames`` of them."""
        verbs: list[str] = []
        while len(verbs) < frames and self.left_to_go(pose[0], pose[1]) > self.cell:
            x, y = self._next_place(pose)
            off = math.remainder(math.atan2(y - pose[1], x - pose[0]) - pose[2], 2 * math.pi)
            last = verbs[-1] if verbs else ""
            slack = 2.5 * TURN if last == "forward" else 0.6 * TURN
            ahead = step(pose, MOTIONS["forward"])
            if abs(off) <= slack and not is_free(self.scene, [pose, ahead]):
                slack = 0.6 * TURN
            verb = "forward" if abs(off) <= slack else "turn_left" if off > 0 else "turn_right"
            if not is_free(self.scene, [pose, step(pose, MOTIONS[verb])]):
                break
            if last == BACKWARDS[verb]:
                break  # in a corner that the map of places does not show
            verbs.append(verb)
            pose = step(pose, MOTIONS[verb])
        return verbs

    def _next_place(self, pose: Pose) -> tuple[float, float]:
        """The furthest place on the way, up to 1.5 units on, that can be walked to straight."""
        j, i = self._index(pose[0], pose[1])
        way = []
        for _ in range(6):
            near = ((j, i), (j, i + 1), (j, i - 1), (j + 1, i), (j - 1, i))
            rows, cols = self.field.shape
            j, i = min((c for c in near if 0 <= c[0] < rows and 0 <= c[1] < cols),
                       key=lambda c: self.field[c])
            way.append(((i + 0.5) * self.cell, (j + 0.5) * self.cell))
        for place in reversed(way):
            if in_sight(self.scene, pose, place, _ELBOW + 0.02):
                return place
        return way[0]

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


def is_free(scene, poses: np.ndarray) -> bool:
    return all(scene.free(p[0], p[1], _ELBOW) for p in poses[1:])


def _view(scene, pose: Pose) -> float:
    """Free distance straight ahead, at most 3."""
    for r in np.arange(0.4, 3.0, 0.2):
        if not scene.free(pose[0] + r * math.cos(pose[2]), pose[1] + r * math.sin(pose[2]), 0.05):
            return float(r)
    return 3.0


def in_sight(scene, a, b, radius: float = 0.02) -> bool:
    """Whether nothing that stops a walker of that radius stands straight between two places."""
    steps = max(2, int(math.hypot(b[0] - a[0], b[1] - a[1]) / 0.15))
    return all(
        scene.free(a[0] + (b[0] - a[0]) * k / steps, a[1] + (b[1] - a[1]) * k / steps, radius)
        for k in range(1, steps)
    )


def explore(scene, pose, frames, rng, share=SHARE) -> list[str]:
    """Verbs of a walk that heads for far goals, with pauses, steps aside and looks around."""
    guide = Guide(scene, rng)
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
                if not is_free(scene, path):
                    continue
                gain = (here - guide.cost(path[-1])) / math.sqrt(n)
                score = 2.4 * gain + 5.0 * lack + rng.gumbel() * 0.22
                score -= 0.9 * max(0.0, 2.2 - _view(scene, path[-1]))
                if verb == last or BACKWARDS.get(verb) == last:
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
