"""Scenes and walks: deterministic, exact in pose, free of walls, distinct by style."""

import collections
import math

import numpy as np
import pytest

from core.learning.scenes import (
    FORWARD,
    KINDS,
    MOTIONS,
    STYLES,
    TURN,
    Scene,
    revisits,
    step,
    walk,
)
from core.learning.scenes.explorer import in_sight


@pytest.fixture(scope="module")
def scenes():
    return [Scene(11 + i, style) for i, style in enumerate(STYLES)]


def _poses(scene, count=3, seed=5):
    rng = np.random.default_rng(seed)
    return np.stack([scene.spawn(rng) for _ in range(count)])


def test_same_seed_same_pictures(scenes):
    for scene in scenes:
        again = Scene(scene.seed, scene.style)
        poses = _poses(scene)
        assert np.array_equal(poses, _poses(again))
        assert np.array_equal(scene.render(poses), again.render(poses))


def test_style_follows_from_seed():
    found = {Scene(seed).style for seed in range(24)}
    assert found == set(STYLES)
    assert Scene(3).style == Scene(3).style
    with pytest.raises(ValueError, match="unknown style"):
        Scene(3, "a submarine")


def test_render_is_stateless_and_well_formed(scenes):
    for scene in scenes:
        poses = _poses(scene)
        batch = scene.render(poses)
        assert batch.shape == (3, 128, 128, 3) and batch.dtype == np.uint8
        backwards = scene.render(poses[::-1])[::-1]
        assert np.array_equal(batch, backwards)
        assert np.array_equal(batch[1], scene.render(poses[1])[0])
        assert batch.std() > 12
    assert scenes[0].render(poses[:1], 32).shape == (1, 32, 32, 3)


def test_full_turn_shows_the_same_view(scenes):
    pose = _poses(scenes[0], 1)[0]
    turned = pose + [0.0, 0.0, 2 * math.pi]
    a, b = scenes[0].render(np.stack([pose, turned])).astype(int)
    assert abs(a - b).max() <= 2


def test_turning_left_moves_the_view_right(scenes):
    pose = _poses(scenes[2], 1)[0]
    a, b = (
        f.mean(-1) for f in scenes[2].render(np.stack([pose, pose + [0, 0, TURN]])).astype(float)
    )
    shift = 10  # pixels a turn of six degrees moves the middle of the view, roughly
    right = abs(a[:, 40:80] - b[:, 40 + shift : 80 + shift]).mean()
    left = abs(a[:, 40:80] - b[:, 40 - shift : 80 - shift]).mean()
    assert right < left


def test_styles_and_seeds_differ(scenes):
    tints = [scene.render(_poses(scene, 8)).mean((0, 1, 2)) for scene in scenes]
    for i in range(len(tints)):
        for j in range(i):
            assert np.abs(tints[i] - tints[j]).max() > 8, (STYLES[i], STYLES[j])
    for scene in scenes:
        other = Scene(scene.seed + 100, scene.style)
        assert not np.array_equal(scene.render(_poses(scene)), other.render(_poses(other)))


@pytest.mark.parametrize("kind", KINDS)
def test_walks_are_exact_and_free(scenes, kind):
    for n, scene in enumerate(scenes):
        for frames in (15, 140):
            w = walk(scene, frames, np.random.default_rng(n), kind)
            assert len(w.verbs) == frames and w.poses.shape == (frames + 1, 3)
            for i, verb in enumerate(w.verbs):
                assert np.array_equal(w.poses[i + 1], step(w.poses[i], MOTIONS[verb]))
            assert all(scene.free(x, y) for x, y, _ in w.poses)


def test_all_verbs_appear_in_sensible_shares(scenes):
    counts = collections.Counter()
    for n, scene in enumerate(scenes):
        for k in range(3):
            counts.update(walk(scene, 300, np.random.default_rng([n, k])).verbs)
    share = {verb: counts[verb] / sum(counts.values()) for verb in MOTIONS}
    assert all(value > 0.015 for value in share.values()), share
    assert 0.2 < share["forward"] < 0.5 and share["hold"] < 0.12 and share["back"] < 0.15, share


def test_explorers_travel(scenes):
    for n, scene in enumerate(scenes):
        w = walk(scene, 300, np.random.default_rng(n))
        assert np.ptp(w.poses[:, :2], axis=0).max() > 3.0, scene.style


@pytest.mark.parametrize("frames", [16, 41, 120, 241])
def test_retrace_comes_home(scenes, frames):
    for n, scene in enumerate(scenes):
        w = walk(scene, frames, np.random.default_rng(n), "retrace")
        assert np.allclose(w.poses[-1, :2], w.poses[0, :2], atol=1e-6)
        assert abs(math.remainder(w.poses[-1, 2] - w.poses[0, 2], 2 * math.pi)) < 1e-6


@pytest.mark.parametrize(
    ("kind", "least"), [("there_and_back", 40), ("turns", 30), ("two_rooms", 8), ("loop", 1)]
)
def test_walks_for_memory_come_back(scenes, kind, least):
    for n, scene in enumerate(scenes):
        poses = walk(scene, 111, np.random.default_rng(n), kind).poses
        pairs = revisits(poses)
        assert len(pairs) >= least, scene.style
        for first, again in pairs:
            assert again - first >= 16
            assert np.hypot(*(poses[first] - poses[again])[:2]) <= 0.15
            off = math.remainder(poses[first][2] - poses[again][2], 2 * math.pi)
            assert abs(off) <= math.radians(7) + 1e-9


def test_turns_go_around_and_return(scenes):
    for n, scene in enumerate(scenes):
        w = walk(scene, 150, np.random.default_rng(n), "turns")
        reach = next(i for i, verb in enumerate(w.verbs) if verb != w.verbs[0])
        assert 240 <= round(math.degrees(reach * TURN)) <= 360
        back = w.verbs.index({"turn_left": "turn_right", "turn_right": "turn_left"}[w.verbs[0]])
        assert np.allclose(w.poses[back + reach], w.poses[0], atol=1e-9)


def test_two_rooms_lose_sight_of_the_start(scenes):
    hidden = 0
    for n, scene in enumerate(scenes):
        for k in range(2):
            poses = walk(scene, 111, np.random.default_rng([n, k]), "two_rooms").poses
            hidden += any(not in_sight(scene, poses[0], p) for p in poses[:60])
    assert hidden >= 7


def test_standing_still_is_no_revisit():
    still = np.zeros((60, 3))
    assert len(revisits(still)) == 0
    away = still.copy()
    away[20:40, 0] = 3.0
    pairs = revisits(away, gap=16)
    assert len(pairs) == 20 and np.all(pairs[:, 1] >= 40) and np.all(pairs[:, 0] < 20)
    assert revisits(away, gap=59).shape == (1, 2)


def test_reversed_motion_inverts_exactly():
    pose = np.array([3.0, 4.0, 0.7])
    for forward, left, turn in MOTIONS.values():
        back = step(step(pose, (forward, left, turn)), (-forward, -left, -turn))
        assert np.allclose(back, pose, atol=1e-12)
    ahead = step(np.zeros(3), MOTIONS["forward"])
    assert np.allclose(ahead, [FORWARD, 0, 0]) and step(np.zeros(3), MOTIONS["strafe_left"])[1] > 0
