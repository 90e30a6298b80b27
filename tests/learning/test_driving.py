"""Towns and drives: deterministic, exact in pose, on the road, coming back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.learning.driving import KINDS, STYLES, Town, drive
from core.learning.language import BOOKS


@pytest.fixture(scope="module")
def town() -> Town:
    return Town(4, "a sunny suburb")


@pytest.mark.parametrize("style", [STYLES[1], STYLES[4]])
def test_one_pose_shows_one_picture(style: str) -> None:
    town = Town(9, style)
    poses = drive(town.roads, 12, np.random.default_rng(1)).poses[::6]
    pictures = town.render(poses, 48)
    assert pictures.shape == (3, 48, 48, 3) and pictures.std() > 12
    assert np.array_equal(pictures[::-1], town.render(poses[::-1], 48))
    assert np.array_equal(pictures[1], Town(9, style).render(poses[1], 48)[0])


def test_the_style_follows_from_the_seed() -> None:
    assert Town(2).style == Town(2).style in STYLES


@pytest.mark.parametrize("kind", KINDS)
def test_drives_stay_on_the_road_and_move_like_a_car(town: Town, kind: str) -> None:
    for seed in range(6):
        path = drive(town.roads, 111, np.random.default_rng(seed), kind)
        assert path.poses.shape == (112, 3) and len(path.verbs) == 111
        assert set(path.verbs) <= set(BOOKS["driving"].phrases)
        lines = np.concatenate(town.roads.strands)
        for x, y, _ in path.poses[::5]:
            off = np.hypot(*(lines - (x, y)).T).min()
            assert off < town.roads.half + 0.3  # kerbs are rounded at corners
        moved = np.hypot(*np.diff(path.poses[:, :2], axis=0).T)
        turned = np.abs(np.remainder(np.diff(path.poses[:, 2]) + math.pi, 2 * math.pi) - math.pi)
        assert moved.max() < 1.0 and turned.max() < 0.5
        still = np.array([v == "parked" for v in path.verbs])
        assert moved[still].max(initial=0) < 1e-9 and moved[~still].min() > 0


def test_a_bend_to_the_left_turns_left(town: Town) -> None:
    seen = set()
    for seed in range(6):
        path = drive(town.roads, 111, np.random.default_rng(seed))
        for a, b, verb in zip(path.poses, path.poses[1:], path.verbs):
            turn = math.remainder(b[2] - a[2], 2 * math.pi)
            ahead = (b[0] - a[0]) * math.cos(a[2]) + (b[1] - a[1]) * math.sin(a[2])
            if verb in ("bend_left", "bend_right"):
                assert (turn > 0) == (verb == "bend_left")
            if verb in ("reverse", "drive_on"):
                assert (ahead < 0) == (verb == "reverse")
            seen.add(verb)
    assert seen == set(BOOKS["driving"].phrases)


def test_coming_back_shows_the_same_pixels(town: Town) -> None:
    there = drive(town.roads, 40, np.random.default_rng(2), "there_and_back")
    assert np.array_equal(there.poses, there.poses[::-1])
    pictures = town.render(there.poses[[3, 37]], 48)
    assert np.array_equal(pictures[0], pictures[1])
    around = drive(town.roads, 240, np.random.default_rng(2), "around").poses
    laps = [n for n in range(20, 240) if np.array_equal(around[n], around[0])]
    assert laps and np.array_equal(around[laps[0] :], around[: len(around) - laps[0]])


def test_unknown_names_are_refused(town: Town) -> None:
    with pytest.raises(ValueError, match="unknown style"):
        Town(1, "the moon")
    with pytest.raises(ValueError, match="unknown kind"):
        drive(town.roads, 10, np.random.default_rng(0), "fly")
