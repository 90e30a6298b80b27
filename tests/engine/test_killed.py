"""An engine that the system ends with SIGKILL costs the chunk in work, and counts as memory that
ran out the second time at the latest. The parent remembers, since the child can't."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from core.engine.child_process import ChildProcessEngine
from core.engine.control import CancelToken
from core.engine.in_process import InProcessEngine
from core.engine.lowered import FILE, Low, Lowered, of_this_machine
from core.machine.exhausted import killed, times_killed
from core.project.model import Sampling
from core.rollout.events import (
    BegunAgain,
    Cancelled,
    Failed,
    Fitted,
    Learned,
    Progress,
    TakeReady,
)
from core.rollout.request import ContextRef
from tests.builders.tasks import Bench, files_below, run
from tests.builders.wan_tasks import chunk, wan_bench
from tests.worlds.tiny import build_wan

pytestmark = [
    pytest.mark.timeout(600), pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there"),
]


@pytest.fixture(scope="module")
def world_dir(tmp_path_factory) -> Path:
    return build_wan(tmp_path_factory.mktemp("world") / "tiny-wan")


@pytest.fixture
def bench(tmp_path, world_dir):
    return wan_bench(tmp_path, world_dir)


class Killer:
    """Ends the engine's process at the first step of each of ``phases``, one after the other."""

    def __init__(self, engine, *phases: str):
        self._engine, self._phases = engine, list(phases)
        self.pids: list[int] = []

    def __call__(self, event) -> None:
        if self._phases and isinstance(event, Progress) and event.phase == self._phases[0]:
            if (pid := self._engine.pid) is not None and pid not in self.pids:
                self._phases.pop(0)
                self.pids.append(pid)
                os.kill(pid, signal.SIGKILL)


def engine_of(path: Path | None = None, counts=lambda: 0, **more) -> ChildProcessEngine:
    return ChildProcessEngine(
        "cpu", previews=False, threads=1, lowered=Lowered(path), times_killed=counts, **more
    )


def tiers(events) -> list[tuple[str, bool]]:
    return [(e.tier, e.lowered) for e in events if isinstance(e, Fitted)]


def test_the_second_time_it_goes_on_a_tier_lower_and_stays_there(bench, tmp_path):
    file = tmp_path / "settings" / FILE
    engine = engine_of(file)
    try:
        # Once might be anything: the same chunk in the same tier, with the bits it would have had.
        events = run(engine, chunk(bench), on_event=Killer(engine, "sampling"))
        again = [e for e in events if isinstance(e, BegunAgain)]
        assert len(again) == 1 and "ended the engine while making this chunk" in again[0].words
        assert tiers(events) == [("full", False), ("full", False)] and not len(engine.lowered)
        first = events[-1]
        kept = Path(first.latents).read_bytes()
        plain = run(InProcessEngine("cpu", previews=False, threads=1), chunk(bench))[-1]
        assert kept == Path(plain.latents).read_bytes()
        # A task came to its end in between, so the next kill is a first one. Now twice: the second
        # time before the process has said in which tier it is.
        task = bench.learn(first.latents, 2, context=(ContextRef(str(bench.start), 0, 9),))
        killer = Killer(engine, "learning", "loading")
        events = run(engine, task, on_event=killer)
        assert len(killer.pids) == 2 and isinstance(events[-1], Learned)
        assert sum(isinstance(e, BegunAgain) for e in events) == 1
        assert tiers(events) == [("bf16", True), ("bf16", False)]
        told = next(e for e in events if isinstance(e, Fitted) and e.lowered)
        assert "system ended the engine while learning" in told.words
        assert "accepted is kept" in told.words
        assert told.thrifty and told.on == "the processor"
        assert files_below(task.out_dir) == ["snapshot.safetensors"]
        assert Path(first.latents).read_bytes() == kept
        # Another engine on this machine: it is not forgotten.
        engine.close()
        engine = engine_of(file)
        events = run(engine, chunk(bench))
        assert tiers(events) == [("bf16", False)] and isinstance(events[-1], TakeReady)
        words = [e.words for e in events if isinstance(e, Fitted)]
        assert "since memory ran out before" in words[0]
    finally:
        engine.close()


def test_where_the_system_counts_it_the_first_time_is_enough(tmp_path, tiny_world_dir):
    """The starter world has one tier: it says what to do, and the next task works."""
    counts, bench = [3], Bench(tmp_path, tiny_world_dir)
    engine = engine_of(counts=lambda: counts[0])
    killer = Killer(engine, "sampling")

    def end(event):
        killer(event)
        counts[0] = 3 + len(killer.pids)

    try:
        task = bench.chunk(sampling=Sampling(steps=1000))
        events = run(engine, task, on_event=end)
        assert not any(isinstance(e, BegunAgain) for e in events) and isinstance(events[-1], Failed)
        assert "system ended the engine" in events[-1].message
        assert "no thriftier way" in events[-1].message and "is kept" in events[-1].message
        assert files_below(task.out_dir) == []
        assert isinstance(run(engine, bench.chunk())[-1], TakeReady)
        # A cancel is no memory that ran out.
        token = CancelToken()

        def stop(event):
            if isinstance(event, Progress) and event.phase == "sampling":
                token.cancel()
                os.kill(engine.pid, signal.SIGKILL)

        events = run(engine, bench.chunk(sampling=Sampling(steps=1000)), token, on_event=stop)
        assert isinstance(events[-1], Cancelled)
        assert not any(isinstance(e, BegunAgain | Fitted) for e in events)
    finally:
        engine.close()


# ---- what is remembered -------------------------------------------------------------------------


def test_it_counts_for_this_world_this_size_this_device_and_this_wish(bench, tmp_path):
    low, task = Lowered(tmp_path / FILE), chunk(bench)
    low.put(task, Low("bf16", "auto", "a card"))
    assert low.find(task, "auto", "a card").tier == "bf16" and low.find(task, "auto", "a card").at
    assert low.find(task, "full", "a card") is None, "the person chose anew"
    assert low.find(task, "auto", "another card") is None
    other = wan_bench(tmp_path, bench.world_dir)
    other.hash = "0" * 64
    assert low.find(chunk(other), "auto", "a card") is None
    wide = tmp_path / "wide"
    wide.mkdir()
    for path in bench.world_dir.rglob("*"):
        if path.is_file():
            target = wide / path.relative_to(bench.world_dir)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    facts = json.loads((wide / "world.json").read_text("utf-8"))
    (wide / "world.json").write_text(json.dumps({**facts, "width": 192}), "utf-8")
    assert low.find(chunk(bench, world_dir=str(wide)), "auto", "a card") is None
    assert Lowered(tmp_path / FILE).find(task, "auto", "a card").tier == "bf16"
    low.forget()
    assert low.find(task, "auto", "a card") is None and not len(Lowered(tmp_path / FILE))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"worlds": {"a": 3}}', '{"worlds": {"a": {"tier": 1}}}']
)
def test_a_damaged_file_is_no_memory(bench, tmp_path, text):
    (tmp_path / FILE).write_text(text)
    low, task = Lowered(tmp_path / FILE), chunk(bench)
    assert low.find(task, "auto", "") is None
    low.put(task, Low("int8"))
    assert low.find(task, "auto", "").tier == "int8"


def test_it_lies_beside_the_settings_and_a_disk_that_refuses_costs_nothing(
    bench, tmp_path, monkeypatch
):
    monkeypatch.setenv("SLOWFAST_SETTINGS", str(tmp_path / "s" / "studio.ini"))
    of_this_machine().put(chunk(bench), Low("tiled"))
    assert (tmp_path / "s" / FILE).is_file()
    (tmp_path / "file").write_text("")
    low, task = Lowered(tmp_path / "file" / FILE), chunk(bench)
    low.put(task, Low("tiled"))
    assert low.find(task, "auto", "").tier == "tiled"


def test_a_tier_that_it_was_lowered_to_is_the_most_it_gets(bench):
    """Where less is free than then, it goes further down by itself."""
    from core.worlds.catalogue import read_entry
    from core.worlds.preflight import Room, preflight

    entry = read_entry(bench.world_dir)
    plenty, little = (Room("cpu", "x", n, n) for n in (1 << 40, 1))
    assert preflight(entry, plenty, most="bf16", because="so").tier.id == "bf16"
    assert ", so" in preflight(entry, plenty, most="bf16", because="so").words
    assert preflight(entry, little, most="bf16").tier.id not in ("full", "bf16")
    assert preflight(entry, plenty, most="gone").tier.id == "full"
    assert not preflight(entry, plenty, most="bf16", thrifty=True).keep_text


def test_in_this_process_too(bench, monkeypatch):
    import torch

    from core.worlds import wan

    forward = wan.WanWorld.forward

    def tried(self, z, u, cond):
        if self.tier.id == "full":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, z, u, cond)

    monkeypatch.setattr(wan.WanWorld, "forward", tried)
    low = Lowered()
    for expected in ([("full", False), ("bf16", True), ("bf16", False)], [("bf16", False)]):
        engine = InProcessEngine("cpu", previews=False, threads=1, lowered=low)
        assert tiers(run(engine, chunk(bench))) == expected


# ---- what the system says -----------------------------------------------------------------------


def test_how_a_process_ends_that_was_killed():
    assert killed(-9) and killed(137) and killed(0xC000012D)
    assert not killed(-11) and not killed(1) and not killed(0) and not killed(None)


def test_the_systems_own_count(tmp_path):
    counts = tmp_path / "vmstat"
    counts.write_text("nr_free_pages 3\noom_kill 17\nnuma_hit 4\n")
    assert times_killed(counts) == 17
    counts.write_text("nr_free_pages 3\n")
    assert times_killed(counts) is None and times_killed(tmp_path / "none") is None
