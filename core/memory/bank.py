"""The bank: remembered latent frames with their addresses, the stronger memory of places.

Where the walk leads back, the frames that show most of what is asked for join the context, so that
a place is made as it was. Their address decides: a frame of another place would do harm, so an
episode from elsewhere is only used once its place has been recognised.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from core.memory.frames import Frames
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
#: Of several walks, one counts that is known again this much worse than the best one at most, by
#: the same measure: of held-out scenes of one style 4 in 100 pairs pass for one another in the
#: starter world, most of them at 0.2 and more.
_AS_WELL = 0.1
#: Where two walks of one place meet: what is no farther apart than this shows the same.
_OVERLAP = 0.25
#: Frames of the opening that stay in view where places need no room, and how far apart they are.
ANCHORS, _ANCHOR_STEP = 2, 4

#: A pose of a bank, and the pose of the walk it joins that shows the same.
Lies = tuple[np.ndarray, np.ndarray]


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
    found = _nearest(bank, context)
    return found[:2] if found is not None else None


def _nearest(bank: Frames, context: Frames) -> tuple[int, int, float] | None:
    """``recognised``, and how far apart the two are, in shares of what the context varies by."""
    a, b = _coarse(bank.z), _coarse(context.z)
    if not len(a) or not len(b):
        return None
    away = ((a[:, None] - b[None]) ** 2).mean(-1)
    i, j = np.unravel_index(int(np.argmin(away)), away.shape)
    if away[i, j] > _KNOWN_AGAIN * b.var():
        return None
    return int(i), int(j), float(away[i, j] / b.var()) if away[i, j] else 0.0


def moved(bank: Frames, here: np.ndarray, there: np.ndarray) -> Frames:
    """The bank as if its pose ``here`` [3] were the pose ``there`` [3] of the walk it joins."""
    return Frames(bank.z, bank.time, moved_poses(bank.pose, here, there), bank.walk)


def moved_poses(pose: np.ndarray, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Poses [N, 3] moved as a whole, so that ``here`` comes to stand at ``there``."""
    turn = there[2] - here[2]
    cos, sin = math.cos(turn), math.sin(turn)
    dx, dy = pose[:, 0] - here[0], pose[:, 1] - here[1]
    return np.stack(
        [there[0] + dx * cos - dy * sin, there[1] + dx * sin + dy * cos, pose[:, 2] + turn], 1
    )


def placements(bank: Frames, context: Frames) -> dict[int, Lies]:
    """How the walks of ``bank`` lie in the walk of ``context``, by their numbers: those that are
    recognised there, at poses that are known. Each is for itself, since where one place lies says
    nothing about where another does; but the more there are, the likelier one looks like what is
    seen without being it, so all must be known about as well as the best."""
    found = {n: (part, _nearest(part, context)) for n, part in bank.walks().items()}
    known = {n: (part, *near) for n, (part, near) in found.items() if near is not None}
    best = min((away for *_, away in known.values()), default=0.0)
    lies = {
        n: (part.pose[i], context.pose[j])
        for n, (part, i, j, away) in known.items() if away <= best + _AS_WELL
    }
    return {n: ab for n, ab in lies.items() if np.isfinite(ab).all()}


def placed(bank: Frames, context: Frames) -> Frames | None:
    """An episode's bank in the axes of the walk that ``context`` belongs to; None where none of
    its places is recognised."""
    return laid(bank, placements(bank, context))


def laid(bank: Frames, lies: Mapping[int, Lies]) -> Frames | None:
    """The walks of ``bank`` that ``lies`` has a placement for, moved there. Where two of them show
    the same, the frames of the first are kept: they may differ in what they show there."""
    found: Frames | None = None
    for number, part in bank.walks().items():
        if number in lies:
            part = moved(part, *lies[number])
            found = part if found is None else Frames.joined([found, beside(part, found)])
    return found


def beside(bank: Frames, known: Frames) -> Frames:
    """The frames of ``bank`` that show what none of ``known`` shows, in the same axes."""
    return bank[apart(bank.pose, known.pose).min(1, initial=np.inf) > _OVERLAP]


def thinned(
    bank: Frames, budget: int = BUDGET, weights: Mapping[int, float] | None = None
) -> Frames:
    """At most ``budget`` frames, and no more than ``BUDGET_BYTES`` of them: of those that look
    alike by their pose, the earlier stays. Several walks share the room by their ``weights`` (None:
    evenly), and what one does not need the others have."""
    if len(bank):
        budget = max(1, min(budget, BUDGET_BYTES // bank.z[0].nbytes))
    if len(bank) <= budget:
        return bank
    walks = bank.walks()
    room = _shared(budget, {n: len(part) for n, part in walks.items()}, weights or {})
    kept = [
        _thinned(part, room[n]).of_walk(n) for n, part in walks.items() if room[n]
    ]
    return Frames.joined(kept)


def _thinned(bank: Frames, budget: int) -> Frames:
    if len(bank) <= budget:
        return bank
    known = np.isfinite(bank.pose).all(1)
    if not known.all():
        keep = np.unique(np.linspace(0, len(bank) - 1, budget).round().astype(int))
        return bank.at(keep)
    kept = _spread(bank.pose, budget)
    return bank.at(np.sort(kept))


def _shared(room: int, sizes: Mapping[int, int], weights: Mapping[int, float]) -> dict[int, int]:
    """How many of each to keep, ``room`` in all: by weight, and none gets more than it has."""
    found, open_ = {}, dict(sizes)
    while open_:
        total = sum(weights.get(n, 1.0) for n in open_)
        part = {n: int(room * weights.get(n, 1.0) / total) if total else 0 for n in open_}
        full = [n for n in open_ if part[n] >= open_[n]]
        if not full:
            left = room - sum(part.values())
            for n in open_:  # what rounding left over: to the first ones
                part[n] += left > 0
                left -= left > 0
            return found | part
        for n in full:
            found[n] = open_.pop(n)
            room -= found[n]
    return found


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
