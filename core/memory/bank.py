"""The bank: remembered latent frames with their addresses, the stronger memory of places.

Where the walk leads back, the frames that show most of what is asked for join the context, so that
a place is made as it was. Their address decides: a frame of another place would do harm, so an
episode from elsewhere is only used once its place has been recognised.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from core.memory.snapshot import Frames
from core.project.memory_use import RECALLED
from core.worlds.poses import apart

#: Beyond this a frame shows hardly anything of what is asked for (see ``World.apart``).
GATE = 2.5
#: Frames an episode keeps: about 12 KB each in the starter world. In worlds with larger ones it
#: keeps fewer: as many as go into ``BUDGET_BYTES``.
BUDGET = 2048
BUDGET_BYTES = 64 << 20
#: Two pictures of one place differ by less than this share of what two places differ by.
_KNOWN_AGAIN = 0.35
#: Frames of the opening that stay in view where places need no room, and how far apart they are.
ANCHORS, _ANCHOR_STEP = 2, 4


def choose(away: np.ndarray, have: np.ndarray, count: int, gate: float = GATE) -> list[int]:
    """Up to ``count`` of N remembered frames, the most useful first.

    ``away`` [N, F]: how different each frame is from what each of F new frames looks at; ``have``
    [F]: the same for the best frame of the context that is there anyway. Greedy: each time the one
    that brings the new frames closest to something seen; none that brings nothing.
    """
    best, found = np.minimum(have, gate), []
    for _ in range(min(count, len(away))):
        gain = np.maximum(best - away, 0).sum(1)
        gain[found] = 0
        i = int(np.argmax(gain))
        if gain[i] <= 1e-6:
            break
        found.append(i)
        best = np.minimum(best, away[i])
    return found


def recognised(bank: Frames, context: Frames) -> tuple[int, int] | None:
    """(frame of the bank, frame of the context) that show the same; None where none do.

    Coarse pictures are compared: a revisit is never the same to the pixel.
    """
    a, b = _coarse(bank.z), _coarse(context.z)
    if not len(a) or not len(b):
        return None
    away = ((a[:, None] - b[None]) ** 2).mean(-1)
    i, j = np.unravel_index(int(np.argmin(away)), away.shape)
    if away[i, j] > _KNOWN_AGAIN * b.var():
        return None
    return int(i), int(j)


def moved(bank: Frames, here: np.ndarray, there: np.ndarray) -> Frames:
    """The bank as if its pose ``here`` [3] were the pose ``there`` [3] of the walk it joins."""
    return Frames(bank.z, bank.time, moved_poses(bank.pose, here, there))


def moved_poses(pose: np.ndarray, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Poses [N, 3] moved as a whole, so that ``here`` comes to stand at ``there``."""
    turn = there[2] - here[2]
    cos, sin = math.cos(turn), math.sin(turn)
    dx, dy = pose[:, 0] - here[0], pose[:, 1] - here[1]
    return np.stack(
        [there[0] + dx * cos - dy * sin, there[1] + dx * sin + dy * cos, pose[:, 2] + turn], 1
    )


def placement(bank: Frames, context: Frames) -> tuple[np.ndarray, np.ndarray] | None:
    """(pose of a frame of the bank, pose at which the walk of ``context`` shows the same); None
    where its place is not recognised or a pose is not known."""
    found = recognised(bank, context)
    if found is None:
        return None
    here, there = bank.pose[found[0]], context.pose[found[1]]
    return (here, there) if np.isfinite(here).all() and np.isfinite(there).all() else None


def placed(bank: Frames, context: Frames) -> Frames | None:
    """An episode's bank in the axes of the walk that ``context`` belongs to; None where its place
    is not recognised."""
    found = placement(bank, context)
    return None if found is None else moved(bank, *found)


def thinned(bank: Frames, budget: int = BUDGET) -> Frames:
    """At most ``budget`` frames, and no more than ``BUDGET_BYTES`` of them: of those that look alike
    by their pose, the earlier stays."""
    if len(bank):
        budget = max(1, min(budget, BUDGET_BYTES // bank.z[0].nbytes))
    if len(bank) <= budget:
        return bank
    known = np.isfinite(bank.pose).all(1)
    if not known.all():
        keep = np.unique(np.linspace(0, len(bank) - 1, budget).round().astype(int))
        return bank.at(keep)
    kept = _spread(bank.pose, budget)
    return bank.at(np.sort(kept))


def _spread(pose: np.ndarray, count: int) -> np.ndarray:
    """``count`` poses that cover all of them: always the one farthest from those chosen."""
    found = [0]
    away = apart(pose, pose[:1])[:, 0]
    while len(found) < count:
        i = int(np.argmax(away))
        found.append(i)
        away = np.minimum(away, apart(pose, pose[i : i + 1])[:, 0])
    return np.array(found)


def _coarse(z: np.ndarray) -> np.ndarray:
    """[N, C, h, w] → [N, C·16]: means of a 4×4 grid, of what is whole in it (small ones: fewer)."""
    n, c, h, w = z.shape
    rows, columns = min(4, h), min(4, w)
    whole = z[:, :, : h - h % rows, : w - w % columns]
    return whole.reshape(n, c, rows, h // rows, columns, w // columns).mean((3, 5)).reshape(n, -1)


def useful(
    world: object, bank: Sequence, present: Sequence, wanted: Sequence, count: int = RECALLED
) -> list[int]:
    """Indices into ``bank`` of the addresses that help most on the way to ``wanted``, oldest
    first; ``present`` are those of the context that is there anyway."""
    if not bank or count < 1:
        return []
    have = world.apart(present, wanted).min(0)
    return sorted(choose(world.apart(bank, wanted), have, count))


def anchors(bank: Sequence, present: Sequence, found: Sequence[int], count: int) -> list[int]:
    """Indices into ``bank`` of the frames of this walk's opening that join the context beside those
    ``found``: they show what the scene looked like at first, so that what is newly seen does not
    drift away from it. At most ``ANCHORS``, and no more than ``count`` leaves room for.

    Where the camera has never moved (a robot's) all addresses are one place, and nothing can be
    ``found`` by them. There only time tells frames apart: the first of all joins, and others spread
    over the time since, so that what was moved is known where it stood.
    """
    first = min((a.time for a in present), default=0)
    before = [i for i, a in enumerate(bank) if a.time < first]
    room = max(0, count - len(found))
    if not found and _stood_still([bank[i] for i in before], present):
        return [before[i] for i in moments(len(before), room)]
    walked = [i for i in before if bank[i].time >= 0]  # an episode's frames came before the walk
    opening = walked[: _ANCHOR_STEP + 1 : _ANCHOR_STEP]
    return [i for i in opening if i not in found][: min(ANCHORS, room)]


def moments(frames: int, count: int) -> list[int]:
    """``count`` of the numbers below ``frames`` (all where there are fewer), evenly from 0 on; the
    last stretch is left out, since it leads up to the present."""
    count = min(count, frames)
    return [i * frames // count for i in range(count)]


def _stood_still(bank: Sequence, present: Sequence) -> bool:
    """Whether one pose is known, and the same, for all of them."""
    poses = {a.pose for a in (*bank, *present)}
    return len(poses) == 1 and None not in poses
