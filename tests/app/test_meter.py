"""How long it will still take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.state.meter import StepMeter, measured
from core.project.model import LearningRecord, MemoryUse, Sampling
from core.rollout.events import Progress
from tests.project import parts


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_loading_the_world_says_nothing_about_the_pace():
    left = []
    for loading in (0.0, 60.0):
        clock = Clock()
        meter = StepMeter(False, clock)
        meter.take(Progress("loading", 0, 3))
        clock.now += loading
        meter.take(Progress("encoding", 0, 1))
        clock.now += 4.0
        meter.take(Progress("sampling", 2, 4))
        assert meter.worked == pytest.approx(4.0) and meter.elapsed == pytest.approx(4.0 + loading)
        left.append(meter.left(None))
    assert left[0] == pytest.approx(left[1])
    assert 2.0 < left[0] < 12.0


def test_a_pause_costs_nothing():
    clock = Clock()
    meter = StepMeter(False, clock)
    meter.take(Progress("sampling", 1, 4))
    clock.now += 2.0
    meter.pause()
    clock.now += 100.0
    meter.resume()
    assert meter.elapsed == pytest.approx(2.0)


def timed(*made: tuple[float, Sampling]):
    """A project whose takes took so long, drawn in these ways, oldest first."""
    p = parts.with_start()
    for i, (seconds, sampling) in enumerate(made):
        p, take = parts.make_take(p, f"t{i}", None, seconds=seconds, sampling=sampling)
        p = replace(p, takes={**p.takes, take.id: take})
    return p


def test_a_chunk_is_expected_to_take_what_takes_drawn_the_same_way_took():
    exact, cached = Sampling(4), Sampling(4, 1.0, "cache")
    p = timed((2.0, exact), (1.0, cached), (2.2, exact), (1.1, cached), (2.4, exact))
    assert measured(replace(p, sampling=exact))[0] == pytest.approx(2.2)
    assert measured(replace(p, sampling=cached))[0] == pytest.approx(1.05)


def test_more_steps_and_guidance_are_reckoned_until_they_are_measured():
    p = timed((2.0, Sampling(4)))
    twice = measured(replace(p, sampling=Sampling(8)))[0]
    assert 2.0 < twice < 4.0
    assert measured(replace(p, sampling=Sampling(4, 3.0)))[0] == twice
    # What is asked for may not be allowed: then takes of any way are all there is to go by.
    assert measured(replace(p, sampling=Sampling(4, 1.0, "compiled")))[0] == pytest.approx(2.0)


def test_another_preset_or_another_world_is_no_measure():
    p = parts.with_start()
    learned = LearningRecord(24, 0.2, 0.1, 0.01, 6.0)
    p, take = parts.make_take(
        p, "t", None, seconds=2.0, learning=learned, memory=MemoryUse(preset="adapter")
    )
    p = replace(p, takes={take.id: take})
    assert measured(replace(p, memory=MemoryUse(preset="adapter"))) == (2.0, 6.0)
    assert measured(replace(p, memory=MemoryUse(preset="paper"))) == (2.0, None)
    assert measured(replace(p, world=replace(p.world, hash="x" * 64)))[0] is None
