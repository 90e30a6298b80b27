"""How long it will still take."""

from __future__ import annotations

import pytest

from app.state.meter import StepMeter
from core.rollout.events import Progress


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
