"""Memory that runs out: the engine frees what it has, drops a tier and makes the same chunk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from core.engine.child_process import ChildProcessEngine
from core.engine.in_process import InProcessEngine
from core.machine.exhausted import out_of_memory
from core.rollout.events import Failed, Fitted, Learned, TakeReady
from core.rollout.request import ContextRef
from core.worlds import wan
from core.worlds.tiers import ladder
from tests.builders.tasks import files_below, run
from tests.builders.wan_tasks import chunk, wan_bench
from tests.worlds.tiny import build_wan

pytestmark = pytest.mark.timeout(240)
LADDER = [t.id for t in ladder("wan", "cpu")]


def card_full() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def processor_full() -> None:
    torch.empty(1 << 50)  # a petabyte: the allocator's own error


@pytest.fixture(scope="module")
def world_dir(tmp_path_factory) -> Path:
    return build_wan(tmp_path_factory.mktemp("world") / "tiny-wan")


@pytest.fixture
def bench(tmp_path, world_dir):
    return wan_bench(tmp_path, world_dir)


def short_of(monkeypatch, fails, tiers, learning: bool | None = None) -> list[str]:
    """The world's forward really fails in these tiers; returns the tiers of all that was called."""
    forward, called = wan.WanWorld.forward, []

    def tried(self, z, u, cond):
        called.append(self.tier.id)
        if self.tier.id in tiers and learning in (None, torch.is_grad_enabled()):
            fails()
        return forward(self, z, u, cond)

    monkeypatch.setattr(wan.WanWorld, "forward", tried)
    return called


@pytest.mark.parametrize("fails", [card_full, processor_full])
def test_it_goes_on_a_tier_lower(bench, monkeypatch, fails):
    called = short_of(monkeypatch, fails, {"full"})
    engine = InProcessEngine("cpu", previews=False, threads=1)
    events = run(engine, chunk(bench))
    fitted = [e for e in events if isinstance(e, Fitted)]
    tiers = [(e.tier, e.lowered) for e in fitted]
    assert tiers == [("full", False), ("bf16", True), ("bf16", False)]
    assert "ran out" in fitted[1].words and "accepted is kept" in fitted[1].words
    assert "since memory ran out before" in fitted[2].words
    assert isinstance(events[-1], TakeReady) and Path(events[-1].video).is_file()
    # The next chunk does not run into the same wall, not even after the engine was closed.
    called.clear()
    engine.close()
    assert isinstance(run(engine, chunk(bench))[-1], TakeReady)
    assert set(called) == {"bf16"}


def test_what_is_made_then_is_what_that_tier_makes(bench, monkeypatch):
    plain = run(InProcessEngine("cpu", previews=False, threads=1, tier="bf16"), chunk(bench))[-1]
    short_of(monkeypatch, card_full, {"full"})
    lowered = run(InProcessEngine("cpu", previews=False, threads=1), chunk(bench))[-1]
    assert Path(plain.latents).read_bytes() == Path(lowered.latents).read_bytes()


def test_a_learning_step_that_needs_too_much(bench, monkeypatch):
    engine = InProcessEngine("cpu", previews=False, threads=1)
    made = run(engine, chunk(bench))[-1]
    kept = Path(made.latents).read_bytes()
    called = short_of(monkeypatch, card_full, {"full", "bf16"}, learning=True)
    task = bench.learn(made.latents, 2, context=(ContextRef(str(bench.start), 0, 9),))
    events = run(engine, task)
    assert isinstance(events[-1], Learned) and Path(events[-1].snapshot).is_file()
    assert [e.tier for e in events if isinstance(e, Fitted) and e.lowered] == ["bf16", "tiled"]
    assert called[-1] == "tiled" and Path(made.latents).read_bytes() == kept


def test_at_the_lowest_tier_it_says_what_to_do(bench, monkeypatch):
    short_of(monkeypatch, card_full, set(LADDER))
    task = chunk(bench)
    events = run(InProcessEngine("cpu", previews=False, threads=1), task)
    assert [e.tier for e in events if isinstance(e, Fitted) and e.lowered] == LADDER[1:]
    assert isinstance(events[-1], Failed)
    assert "no thriftier way left to run Tiny Wan" in events[-1].message
    assert "is kept" in events[-1].message and "Close other programs" in events[-1].message
    assert "OutOfMemoryError" in events[-1].detail
    assert files_below(Path(task.out_dir)) == []


def test_what_was_loaded_is_given_back_before_it_is_loaded_again(bench, monkeypatch):
    import weakref

    held, there = [], []
    load = wan.load

    def counted(*args):
        there.append([ref() is None for ref in held])
        world = load(*args)
        held.append(weakref.ref(world.net))
        return world

    monkeypatch.setattr(wan, "load", counted)
    short_of(monkeypatch, card_full, {"full", "bf16"})
    assert isinstance(run(InProcessEngine("cpu", previews=False, threads=1), chunk(bench))[-1],
                      TakeReady)
    assert there == [[], [True], [True, True]]


def test_a_chosen_tier_is_used_and_unknown_ones_are_refused(bench, monkeypatch):
    events = run(InProcessEngine("cpu", previews=False, threads=1, tier="tiled"), chunk(bench))
    assert [e.tier for e in events if isinstance(e, Fitted)] == ["tiled"]
    monkeypatch.setenv("SLOWFAST_TIER", "smallest")
    last = run(InProcessEngine("cpu", previews=False, threads=1), chunk(bench))[-1]
    assert isinstance(last, Failed) and "no tier 'smallest'" in last.message


@pytest.mark.skipif(os.name == "nt", reason="no limits on a process there")
def test_a_process_that_may_not_have_more(bench):
    """A limit on the child's address space: a real failed allocation, and it lives on."""
    import resource

    engine = ChildProcessEngine("cpu", previews=False, threads=1)
    try:
        first = run(engine, chunk(bench))
        assert isinstance(first[-1], TakeReady), first[-1]
        pages = int(Path(f"/proc/{engine.pid}/statm").read_text().split()[0])
        most = pages * os.sysconf("SC_PAGESIZE") + (24 << 20)
        resource.prlimit(engine.pid, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
        pid, big = engine.pid, chunk(bench, context=(ContextRef(first[-1].latents, 0, 2),) * 3)
        last = run(engine, big)[-1]
        assert isinstance(last, TakeReady | Failed) and engine.pid == pid
        resource.prlimit(engine.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        assert isinstance(run(engine, chunk(bench))[-1], TakeReady)
    finally:
        engine.close()


def test_which_errors_mean_that_memory_ran_out():
    for fails in (card_full, processor_full):
        with pytest.raises(Exception) as caught:
            fails()
        assert out_of_memory(caught.value)
    with pytest.raises(RuntimeError) as other:
        torch.ones(2) @ torch.ones(3)
    assert not out_of_memory(other.value) and out_of_memory(MemoryError())
    assert out_of_memory(OSError(12, "Cannot allocate memory"))
    assert not out_of_memory(ValueError("out of memory"))
