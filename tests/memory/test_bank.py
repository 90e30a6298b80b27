"""Which remembered frames are used, and when they must not be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.memory.bank import anchors, choose, moved, placed, recognised, thinned, useful
from core.memory.snapshot import Frames
from core.worlds.poses import apart
from core.worlds.protocol import Address


class Walker:
    """Only what the bank asks of a world."""

    def apart(self, seen, wanted):
        return apart(np.array([a.pose for a in seen]), np.array([a.pose for a in wanted]))


def addresses(poses, first: int = 0) -> list[Address]:
    return [Address(first + i, tuple(map(float, pose))) for i, pose in enumerate(poses)]


def frames(count: int, seed: int = 0, spread: float = 3.0) -> Frames:
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(count, 12, 4, 4)).astype(np.float32)
    z = coarse.repeat(4, 2).repeat(4, 3) + 0.05 * rng.normal(size=(count, 12, 16, 16)).astype("f4")
    pose = rng.normal(size=(count, 3)) * spread
    return Frames(z.astype(np.float32), np.arange(count), pose)


def test_the_frames_that_look_there_are_chosen_and_not_twice_the_same():
    turned = [(0.0, 0.0, math.radians(6 * i)) for i in range(60)]
    wanted = addresses([(0.0, 0.0, math.radians(a)) for a in range(90, 140, 6)], 100)
    found = useful(Walker(), addresses(turned), addresses([(0.0, 0.0, 0.0)], 99), wanted, 4)
    degrees = [6 * i for i in found]
    assert found == sorted(found) and len(set(found)) == 4
    assert all(85 <= d <= 145 for d in degrees) and max(degrees) - min(degrees) > 20


def test_nothing_is_chosen_that_shows_nothing_new():
    here = addresses([(0.0, 0.0, 0.0)])
    ahead = addresses([(0.1 * i, 0.0, 0.0) for i in range(1, 9)], 10)
    far = addresses([(40.0, 3.0, 0.0), (0.0, 0.0, math.pi)])
    assert useful(Walker(), far, here, ahead, 4) == []
    assert useful(Walker(), [], here, ahead, 4) == []
    assert useful(Walker(), here, here, ahead, 0) == []


def test_the_opening_stays_in_view_where_there_is_room():
    walked = addresses([(0.1 * i, 0.0, 0.0) for i in range(40)])
    elsewhere = addresses([(9.0, 0.0, 0.0)] * 5, -1000)  # an episode's come first
    bank, recent = elsewhere + walked, walked[-4:]
    assert anchors(bank, recent, [], 4) == [5, 9]
    assert anchors(bank, recent, [20, 21, 22], 4) == [5]
    assert anchors(bank, recent, [5, 20], 4) == [9]
    assert anchors(bank, recent, [20, 21, 22, 23], 4) == [] == anchors(bank, recent, [], 0)
    assert anchors(bank, walked[:4], [], 4) == []  # it is in the context anyway
    assert anchors(bank, walked[2:6], [], 4) == [5] and anchors([], recent, [], 4) == []


def test_where_the_camera_never_moves_moments_are_remembered_the_first_one_always():
    watched = addresses([(0.0, 0.0, 0.0)] * 40)
    recent, wanted = watched[-4:], addresses([(0.0, 0.0, 0.0)] * 8, 40)
    assert useful(Walker(), watched, recent, wanted, 4) == []
    assert anchors(watched, recent, [], 4) == [0, 9, 18, 27]
    assert anchors(watched, recent, [], 1) == [0] and anchors(watched, recent, [], 0) == []
    assert anchors(watched[:2] + recent, recent, [], 4) == [0, 1]
    # Frames of an episode that was loaded show the same place and count like one's own.
    before = addresses([(0.0, 0.0, 0.0)] * 4, -1000)
    assert anchors(before + watched, recent, [], 4) == [0, 10, 20, 30]
    # A pose that nobody knows is no camera that stands still.
    unknown = [Address(i) for i in range(40)]
    assert anchors(unknown, unknown[-4:], [], 4) == [0, 4]


def test_choosing_is_greedy_in_what_is_gained():
    cost = np.array([[0.1, 2.0], [0.2, 0.2], [2.0, 0.1]])
    assert choose(cost, np.array([2.5, 2.5]), 1) == [1]
    assert choose(cost, np.array([2.5, 2.5]), 3) == [1, 0, 2]
    assert choose(cost, np.array([0.0, 0.0]), 3) == []


def test_an_episode_is_moved_to_where_its_place_is_recognised():
    bank = frames(12)
    there = np.array([3.0, -1.0, 0.9])
    turn = there[2] - bank.pose[7, 2]
    rng = np.random.default_rng(9)
    seen = Frames(
        bank.z[7:8] + 0.1 * rng.normal(size=bank.z[7:8].shape).astype(np.float32),
        np.array([0]), there[None],
    )
    assert recognised(bank, seen) == (7, 0)
    found = placed(bank, seen)
    np.testing.assert_allclose(found.pose[7], there, atol=1e-9)
    # What lay one step ahead of it still lies one step ahead.
    step = bank.pose[3, :2] - bank.pose[7, :2]
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]) @ step
    np.testing.assert_allclose(found.pose[3, :2] - there[:2], turned, atol=1e-9)


def test_a_place_that_is_not_recognised_is_not_used():
    bank, elsewhere = frames(12), frames(2, seed=5)
    assert recognised(bank, elsewhere) is None and placed(bank, elsewhere) is None
    nowhere = Frames(bank.z[:1], np.array([0]), np.full((1, 3), np.nan))
    assert placed(bank, nowhere) is None  # the same picture, but nobody knows from where


def test_moving_by_nothing_changes_nothing():
    bank = frames(5)
    np.testing.assert_allclose(moved(bank, bank.pose[2], bank.pose[2]).pose, bank.pose, atol=1e-12)


@pytest.mark.parametrize("known", [True, False])
def test_a_bank_over_its_budget_keeps_what_covers_the_walk(known):
    pose = np.concatenate([np.zeros((50, 3)), np.array([[5.0, 0, 0], [0, 5.0, 0], [0, 0, 3.0]])])
    pose += 1e-3 * np.random.default_rng(0).normal(size=pose.shape)
    if not known:
        pose[3] = np.nan
    bank = Frames(np.zeros((53, 1, 4, 4), np.float32), np.arange(53), pose)
    kept = thinned(bank, 6)
    assert len(kept) == 6 and np.all(np.diff(kept.time) > 0) and kept.time[0] == 0
    if known:
        assert {50, 51, 52} <= set(kept.time.tolist())
    assert thinned(bank, 53) is bank


def test_large_frames_are_kept_by_their_bytes(monkeypatch):
    monkeypatch.setattr("core.memory.bank.BUDGET_BYTES", 5 * 16 * 4 + 1)
    bank = Frames(np.zeros((9, 1, 4, 4), np.float32), np.arange(9), np.full((9, 3), np.nan))
    assert len(thinned(bank)) == 5 and len(thinned(bank, 3)) == 3


@pytest.mark.parametrize("size", [(30, 52), (15, 22), (3, 5), (1, 2)])
def test_latents_of_any_shape_are_recognised(size):
    rng = np.random.default_rng(1)
    z = rng.normal(size=(6, 4, *size)).astype(np.float32)
    pose = np.arange(18.0).reshape(6, 3)
    bank = Frames(z, np.arange(6), pose)
    again = Frames(z[4:5] + np.float32(0.01), np.array([9]), pose[:1])
    assert recognised(bank, again) == (4, 0)
    assert recognised(bank, Frames(z[:1] + 5, np.array([9]), pose[:1])) is None
