"""Held-out walks come back to where they were, and wrong pairs do not."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluate.trajectories import (
    BACKWARDS,
    FAR,
    NEAR,
    NEAR_TURN,
    PATTERNS,
    TURNED,
    is_free,
    long_walk,
    scene_of,
    trajectory,
)
from core.learning.data import HELD_OUT, VERBS
from core.learning.scenes.walker import follow
from core.worlds.poses import apart


@pytest.mark.parametrize("number", range(len(PATTERNS)))
def test_a_walk_comes_back(number: int) -> None:
    walked = trajectory(number, seed=3)
    first, again, wrong = walked.pairs.T
    assert walked.pattern == PATTERNS[number] and walked.scene >= HELD_OUT
    assert walked.half % 8 == 0 and (len(walked.verbs) - 1) % 8 == 0
    assert len(walked.pairs) >= 16 and (again > walked.half).all() and (first <= walked.half).all()
    assert (again - first >= 24).all()  # two windows
    away = apart(walked.poses, walked.poses)
    assert (away[first, again] <= NEAR + NEAR_TURN).all() and (away[wrong, again] >= FAR).all()
    made = follow(walked.poses[0], [VERBS[v] for v in walked.verbs[1:]])
    np.testing.assert_array_equal(made, walked.poses)
    assert is_free(scene_of(walked.scene), walked.poses, 0.2)


def test_the_same_seed_walks_the_same_and_another_does_not() -> None:
    a, b, c = trajectory(0, 3), trajectory(0, 3), trajectory(0, 4)
    np.testing.assert_array_equal(a.poses, b.poses)
    np.testing.assert_array_equal(a.pairs, b.pairs)
    assert a.scene == b.scene != c.scene


def test_a_long_walk_goes_home_and_out_again() -> None:
    walked = long_walk(0, 3, chunks=12)
    lap = walked.half
    assert lap == 48 and len(walked.verbs) == 97 and len(walked.pairs) > 40
    np.testing.assert_allclose(walked.poses[0, :2], walked.poses[lap, :2], atol=1e-9)


def test_every_motion_that_is_undone_is_undone() -> None:
    start = np.array([3.0, 4.0, 0.7])
    for verb, back in BACKWARDS.items():
        np.testing.assert_allclose(follow(start, [verb, back])[-1], start, atol=1e-12)
    assert BACKWARDS["forward"] == "back" and TURNED["forward_left"] == "forward_right"
    half_turn = ["turn_left"] * 30
    way = ["forward", "strafe_left", "turn_right", "forward_left"]
    back = [TURNED[v] for v in reversed(way)]
    end = follow(start, way + half_turn + back)[-1]
    np.testing.assert_allclose(end[:2], start[:2], atol=1e-9)
