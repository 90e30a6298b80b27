"""A task's way of sampling reaches the world, and what was really done comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.engine.in_process import InProcessEngine
from core.project.model import Sampling
from core.rollout.events import Remark, TakeReady
from core.rollout.latents import read_latents
from core.worlds import quicker, ways
from tests.builders.tasks import Bench, result, run, same
from tests.builders.wan_tasks import chunk, wan_bench
from tests.worlds import tiny

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def wan_dir(tmp_path_factory):
    return tiny.build_wan(tmp_path_factory.mktemp("worlds") / "tiny-wan")


@pytest.fixture
def engine():
    engine = InProcessEngine(device="cpu", previews=False, threads=1)
    yield engine
    engine.close()


def z_of(ready: TakeReady):
    return read_latents(ready.latents).z


def remarks(events) -> list[str]:
    return [e.words for e in events if isinstance(e, Remark)]


def test_a_way_that_the_world_allows(engine, tmp_path, wan_dir, monkeypatch):
    monkeypatch.setattr(quicker, "THRESHOLD", 10.0)  # everything that may be left out is
    bench = wan_bench(tmp_path, wan_dir)
    made = {}
    for way in ("exact", "cache"):
        events = run(engine, chunk(bench, sampling=Sampling(4, 2.0, way)))
        assert events[-1].way == way and not remarks(events)
        made[way] = z_of(events[-1])
    assert not same(made["exact"], made["cache"])


def test_a_way_that_it_does_not_is_remarked_once_and_sampled_exactly(
    engine, tmp_path, tiny_world_dir
):
    bench = Bench(tmp_path, tiny_world_dir)
    exact = result(engine, bench.chunk())
    asked = bench.chunk(sampling=replace(bench.chunk().sampling, way="cache"))
    events = run(engine, asked)
    (words,) = remarks(events)
    assert "sampled exactly, not with blocks left out: this world does not allow it" in words
    assert events[-1].way == "exact" and same(z_of(events[-1]), z_of(exact))
    again = run(engine, bench.chunk(sampling=asked.sampling))
    assert not remarks(again) and again[-1].way == "exact"


def test_where_compiling_fails_it_is_known_only_then(engine, tmp_path, wan_dir, monkeypatch):
    def broken(graph, inputs):
        raise OSError("no such compiler")

    monkeypatch.setattr(quicker, "BACKEND", broken)
    monkeypatch.setattr(ways, "compiler", lambda: "/usr/bin/c++")
    bench = wan_bench(tmp_path, wan_dir)
    exact = result(engine, chunk(bench))
    events = run(engine, chunk(bench, sampling=Sampling(2, 2.0, "compiled")))
    (words,) = remarks(events)
    assert "could not compile it here (OSError: no such compiler)" in words
    assert events[-1].way == "exact" and same(z_of(events[-1]), z_of(exact))
