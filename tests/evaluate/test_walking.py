"""What an arm remembers of a walk, and what it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.evaluate import walking
from core.evaluate.arms import FEW, arm_of
from core.evaluate.bench import Bench
from core.evaluate.features import network
from core.evaluate.revisit import Revisit
from core.evaluate.walking import Walker, first_visit, revisit
from core.project.model import Sampling
from core.worlds.catalogue import load_world


@pytest.fixture
def bench(tiny_world_dir: Path) -> Bench:
    return Bench(load_world(tiny_world_dir), network("stand-in"), None, Sampling(1, 1.0), seed=3)


def _walked(bench: Bench, name: str) -> tuple[Walker, list[list[int]], list[int]]:
    """(the walker at the end, times of all that was learned of step by step, the first visit)."""
    suite = Revisit(("turn_around",))
    walk = suite.trajectory(bench, 0)
    shot = bench.shot(walk)
    walker, learned = bench.walker(arm_of(name), walk), []
    if walker.learner is not None:
        learn = walker.learner.learn

        def spied(context, new, earlier=()):
            learned.append([f.address.time for f in [*new, *(f for c in earlier for f in c)]])
            return learn(context, new, earlier)

        walker.learner.learn = spied
    them = suite.trajectory(bench, 1)
    other = (them, bench.shot(them)) if walker.arm.takes_over else None
    first_visit(walker, walk, shot, True, other)
    seen = [f.address.time for f in walker.frames]
    if other is not None:
        learned.clear()  # of the other's walk
    revisit(walker, walk, shot)
    bench.adapters.remove()
    return walker, learned, seen


def test_ones_own_memory_holds_the_first_visit(bench: Bench) -> None:
    walker, _, seen = _walked(bench, "bank")
    assert {*seen} < {f.address.time for f in walker.remembered}
    _, learned, seen = _walked(bench, "adapter")
    later = {t for times in learned for t in times if times[0] > seen[-1]}
    assert later & {*seen}  # chunks of it are learned again


def test_a_bank_of_two_frames_drops_the_others(bench: Bench) -> None:
    whole, _, seen = _walked(bench, "bank")
    few, _, _ = _walked(bench, "bank-of-two")
    assert len(few.remembered) == FEW < len(whole.remembered)
    assert few.remembered[0] is few.frames[0]
    assert few.remembered[1].address.time > 1  # what lies far from the opening


def test_an_adapter_that_yields_is_heard_where_the_bank_finds_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, make = [], walking.make_chunk

    def look(world, adapter, *rest):
        heard.append(adapter is not None)
        return make(world, adapter, *rest)

    monkeypatch.setattr(walking, "make_chunk", look)
    walker, _, _ = _walked(bench, "fallback")
    assert heard == [not found for found in walker.recalled] and not all(heard)
    heard.clear()
    _walked(bench, "adapter-bank")
    assert heard and all(heard)


@pytest.mark.parametrize("whose", ["later", "other"])
def test_nothing_of_the_first_visit_is_in_a_control(bench: Bench, whose: str) -> None:
    walker, learned, seen = _walked(bench, f"adapter:{whose}")
    after = [f.address.time for f in walker.frames[len(seen) :]]
    assert learned and {t for times in learned for t in times} == {*after}
    said = walker.account()
    assert said["learned_since"] == len(seen)
    assert said["learned"] == len(learned) if whose == "later" else said["learned"] > len(learned)
    walker, _, _ = _walked(bench, f"bank:{whose}")
    assert [f.address.time for f in walker.remembered][-len(after) :] == after
    assert whose == "other" or len(walker.remembered) == len(after)


def test_the_whole_history_of_a_control_begins_where_its_memory_does(bench: Bench) -> None:
    _, learned, seen = _walked(bench, "whole-history:later")
    assert learned and min(min(times) for times in learned) > seen[-1] - bench.world.geometry.n_past
