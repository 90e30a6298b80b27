"""The robot's skills: they do to the named block what they say."""

from __future__ import annotations

import numpy as np
import pytest

from core.learning.language import BOOKS
from core.learning.robot.simulator import Simulator
from core.learning.robot.skills import PUSH, Arm
from core.learning.robot.table import layout
from core.learning.sources import SourceUnavailable
from core.learning.sources.robot import Robot


@pytest.fixture
def arm() -> Arm:
    try:
        return Arm(Simulator(3, draw=False))
    except SourceUnavailable as error:
        pytest.skip(str(error))


def lead(arm: Arm, steps) -> int:
    count = 0
    for step in steps:
        arm.simulator.frame(*step)
        count += 1
    return count


def places(arm: Arm) -> dict[str, np.ndarray]:
    return {c: arm.simulator.at(c) for c in arm.homes}


def test_a_push_moves_the_block_it_names_and_no_other(arm: Arm) -> None:
    before = places(arm)
    colour, side = next((c, s) for c in sorted(before) for s in (-1, 1) if arm.can_push(c, s))
    lead(arm, arm.push(colour, side))
    after = places(arm)
    assert (after[colour] - before[colour])[0] == pytest.approx(side * PUSH, abs=0.02)
    for other in set(before) - {colour}:
        assert np.linalg.norm(after[other] - before[other]) < 0.005


def test_pick_lifts_and_put_back_returns(arm: Arm) -> None:
    before = places(arm)
    colour = sorted(before)[0]
    lead(arm, arm.pick(colour))
    assert arm.simulator.held == colour
    assert arm.simulator.at(colour)[2] > 0.1
    lead(arm, arm.put_back(colour))
    assert arm.simulator.held is None
    assert np.linalg.norm(arm.simulator.at(colour) - before[colour]) < 0.01


def test_put_back_returns_a_block_that_was_pushed_away(arm: Arm) -> None:
    before = places(arm)
    colour, side = next((c, s) for c in sorted(before) for s in (-1, 1) if arm.can_push(c, s))
    lead(arm, arm.push(colour, side))
    lead(arm, arm.put_back(colour))
    assert np.linalg.norm(arm.simulator.at(colour) - before[colour]) < 0.01


def test_swap_exchanges_two_blocks(arm: Arm) -> None:
    before = places(arm)
    a, b = sorted(before)[:2]
    lead(arm, arm.swap(a, b, arm.free_place(np.random.default_rng(0))))
    for colour, place in ((a, before[b]), (b, before[a])):
        assert np.linalg.norm(arm.simulator.at(colour) - place) < 0.01


def test_recordings_are_the_same_for_the_same_number() -> None:
    try:
        one, two = (Robot().record(5, 12, size=48) for _ in range(2))
    except SourceUnavailable as error:
        pytest.skip(str(error))
    assert np.array_equal(one.pictures, two.pictures) and one.actions == two.actions
    assert one.pictures.shape == (12, 48, 48, 3) and one.pictures.std() > 12
    assert one.poses is None and set(one.actions) <= set(BOOKS["robot"].phrases)


def test_layouts_follow_from_the_seed() -> None:
    assert layout(8) == layout(8) != layout(9)
    assert {layout(s).table for s in range(20)} == set(BOOKS["robot"].places)
    assert {len(layout(s).blocks) for s in range(30)} == {3, 4, 5}
