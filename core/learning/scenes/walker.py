"""A walker: walks that explore, retrace, turn, loop, and go into another room and back."""

import math

import numpy as np

from .explorer import SHARE, Guide, explore, in_sight, is_free
from .motion import (
    BACKWARDS,
    FORWARD,
    FPS,
    MOTIONS,
    STRAFE,
    TURN,
    TURNED,
    Pose,
    Walk,
    follow,
    step,
)
from .revisits import revisits

__all__ = [
    "FORWARD", "FPS", "KINDS", "MOTIONS", "STRAFE", "TURN", "Pose", "Walk", "follow", "revisits",
    "step", "walk",
]


def _retrace(scene, pose, frames, rng) -> list[str]:
    """Go somewhere and come back: backwards, or turned round, walking ahead again."""
    half_turn = int(round(math.pi / TURN))
    if frames >= 2 * half_turn + 24 and rng.random() < 0.6:
        out = (frames - 2 * half_turn) // 2
        there = explore(scene, pose, out, rng)
        side = ["turn_left", "turn_right"][int(rng.integers(2))]
        again = ["turn_left", "turn_right"][int(rng.integers(2))]
        rest = frames - 2 * half_turn - 2 * out
        return (
            there
            + [side] * half_turn
            + [TURNED[v] for v in reversed(there)]
            + [again] * half_turn
            + ["hold"] * rest
        )
    pause = frames % 2 + (4 if frames >= 24 else 0)
    out = (frames - pause) // 2
    share = {**SHARE, "forward_left": -9.0, "forward_right": -9.0, "forward": 0.45, "hold": 0.02}
    there = [v if v in BACKWARDS else "hold" for v in explore(scene, pose, out, rng, share)]
    return there + ["hold"] * pause + [BACKWARDS[v] for v in reversed(there)]


def _loop(scene, pose, frames, rng) -> list[str]:
    """A full turn on the spot, or a walk round a square, then on."""
    full, quarter = int(round(2 * math.pi / TURN)), int(round(0.5 * math.pi / TURN))
    side = ["turn_left", "turn_right"][int(rng.integers(2))]
    if rng.random() < 0.5:
        for other in (side, "turn_right" if side == "turn_left" else "turn_left"):
            for length in (24, 18, 14, 10, 7):
                verbs = (["forward"] * length + [other] * quarter) * 4
                if len(verbs) <= frames and is_free(scene, follow(pose, verbs)):
                    return verbs + explore(
                        scene, follow(pose, verbs)[-1], frames - len(verbs), rng
                    )
    before = int(rng.integers(0, max(1, min(17, frames - full + 1))))
    verbs = explore(scene, pose, before, rng) if before >= 4 else []
    verbs += [side] * min(full, frames - len(verbs))
    return verbs + explore(scene, follow(pose, verbs)[-1], frames - len(verbs), rng)


def _there_and_back(scene, pose, frames, rng) -> list[str]:
    """A palindrome: every pose on the way out is met again, backwards, on the way home."""
    out = frames // 2
    share = {**SHARE, "forward_left": -9.0, "forward_right": -9.0, "forward": 0.45, "hold": 0.02}
    # A curve walked backwards has no verb of its own.
    there = [v if v in BACKWARDS else "hold" for v in explore(scene, pose, out, rng, share)]
    return there + ["hold"] * (frames % 2) + [BACKWARDS[v] for v in reversed(there)]


def _turns(scene, pose, frames, rng) -> list[str]:
    """On the spot, 240 to 360 degrees one way and back again; then on, looking around."""
    reach = int(rng.integers(round(math.radians(240) / TURN), round(math.radians(360) / TURN) + 1))
    reach = min(reach, frames // 2)
    side = ["turn_left", "turn_right"][int(rng.integers(2))]
    pause = min(int(rng.integers(0, 4)), frames - 2 * reach)
    verbs = [side] * reach + ["hold"] * pause + [BACKWARDS[side]] * reach
    share = {**SHARE, "turn_left": 0.38, "turn_right": 0.38, "forward": 0.12, "back": 0.02}
    rest = frames - len(verbs)
    return verbs + (explore(scene, follow(pose, verbs)[-1], rest, rng, share) if rest else [])


def _two_rooms(scene, pose, frames, rng, tries: int = 12) -> tuple[Pose, list[str]]:
    """Walk out of sight of the start, look around there, come back the same way, and go on.

    Starts elsewhere when no way from ``pose`` leaves the room in time.
    """
    look = int(rng.integers(4, 11)) if frames >= 40 else 0
    guide = Guide(scene, rng)
    best: tuple[int, Pose, list[str]] = (-1, pose, [])
    for _ in range(tries):
        out = frames // 2 - look
        if guide.aim_out_of_sight(pose, 0.8 * out * FORWARD):
            there = guide.route(pose, out)
            hidden = sum(not in_sight(scene, pose, p) for p in follow(pose, there))
            if hidden > best[0]:
                best = (hidden, pose, there)
            if hidden >= 3:
                break
        pose = scene.spawn(rng)
    _, pose, there = best
    side, again = (["turn_left", "turn_right"][int(rng.integers(2))] for _ in range(2))
    verbs = there + [side] * look + [BACKWARDS[side]] * look
    half_turn = int(round(math.pi / TURN))
    if frames >= len(verbs) + len(there) + 2 * half_turn and rng.random() < 0.7:
        # Turned round, one sees the way home.
        verbs += [side] * half_turn + [TURNED[v] for v in reversed(there)] + [again] * half_turn
    else:
        verbs += [BACKWARDS[v] for v in reversed(there)]
    rest = frames - len(verbs)
    return pose, verbs + (explore(scene, follow(pose, verbs)[-1], rest, rng) if rest else [])


#: Kinds of walks. All but "explore" come back to where they were; ``revisits`` says where.
KINDS = ("explore", "retrace", "there_and_back", "turns", "two_rooms", "loop")


def walk(scene, frames: int, rng: np.random.Generator, style: str = "explore") -> Walk:
    """A walk of ``frames`` steps; ``style`` is one of ``KINDS``. Raises ValueError for others."""
    pose = scene.spawn(rng)
    if style == "explore":
        verbs = explore(scene, pose, frames, rng)
    elif style == "retrace":
        verbs = _retrace(scene, pose, frames, rng)
    elif style == "there_and_back":
        verbs = _there_and_back(scene, pose, frames, rng)
    elif style == "loop":
        verbs = _loop(scene, pose, frames, rng)
    elif style == "turns":
        verbs = _turns(scene, pose, frames, rng)
    elif style == "two_rooms":
        pose, verbs = _two_rooms(scene, pose, frames, rng)
    else:
        raise ValueError(f"unknown walk style {style!r}; use one of {', '.join(KINDS)}")
    return Walk(follow(pose, verbs), verbs)
