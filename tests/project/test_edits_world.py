"""A slow adapter on top of the project's world: chosen, removed, and what becomes stale."""

from __future__ import annotations

import pytest

from core.project import edits, queries, staleness
from core.project.errors import EditError
from core.project.jobs import generate_job
from core.project.model import AT_START, Asset, Project, SlowAdapterRef, WorldRef
from core.project.steps import ChunkStep, plan_step
from tests.project.parts import append, rolled_out


def with_adapter(p: Project, name: str = "garden") -> Project:
    base = p.slow_adapter.base if p.slow_adapter is not None else p.world
    p = edits.add_assets(p, [Asset(name, "slow_adapter", f"assets/slow_adapter/{name}.st", 3)])
    merged = WorldRef(base.id, f"{name}+" + base.hash[:50], f"{base.name} with {name}")
    return edits.set_slow_adapter(p, SlowAdapterRef(name, name, base), merged)


def test_it_makes_another_world_of_it_and_removing_brings_the_first_back():
    before = rolled_out(2)
    p = with_adapter(before)
    assert p.world.name == "Starter world with garden" and p.slow_adapter.base == before.world
    q = with_adapter(p, "yard")
    assert q.world.name == "Starter world with yard" and q.slow_adapter.base == before.world
    assert edits.remove_slow_adapter(q).world == before.world
    assert edits.remove_slow_adapter(q).slow_adapter is None


def test_what_another_world_made_is_stale_until_it_is_back():
    before = rolled_out(3)
    p = with_adapter(before)
    assert set(staleness.stale_takes(p)) == {"t1", "t2", "t3"}
    assert "slow adapter" in queries.stale_reason(p, "t1")
    assert queries.stale_reason(p, "t3") == queries.stale_reason(p, "t1")  # the oldest cause
    assert not staleness.stale_takes(edits.remove_slow_adapter(p))
    assert not staleness.stale_takes(before)  # as after an undo
    # Generate makes them again, from the first one on.
    step = plan_step(p, generate_job(queries.sequence_end(p)))
    assert isinstance(step, ChunkStep) and step.chunk == p.takes["t1"].chunk


def test_a_take_made_with_it_is_not_stale():
    p = append(with_adapter(rolled_out(0)), "new")
    assert p.takes["new"].world_hash == p.world.hash and not staleness.stale_takes(p)
    assert set(staleness.stale_takes(edits.remove_slow_adapter(p))) == {"new"}


def test_an_episode_loaded_at_the_start_fits_the_former_world_only():
    p = edits.add_assets(rolled_out(1), [Asset("hall", "snapshot", "assets/snapshot/h.st", 3)])
    p = edits.set_memory_base(p, AT_START, "hall")
    assert AT_START not in with_adapter(p).memory_bases
    reset = edits.set_memory_base(p, AT_START, "")
    assert with_adapter(reset).memory_bases == reset.memory_bases
    q = edits.set_memory_base(with_adapter(p), AT_START, "hall")
    again = with_adapter(q)  # the very same one
    assert again.memory_bases == q.memory_bases


def test_its_file_is_in_use():
    p = with_adapter(rolled_out(1))
    assert queries.unused_assets(p) == ()
    assert [a.id for a in queries.unused_assets(edits.remove_slow_adapter(p))] == ["garden"]


def test_what_does_not_fit_is_refused():
    p = rolled_out(1)
    other = WorldRef("other", "o" * 64, "Other world")
    with pytest.raises(EditError, match="not in the project"):
        edits.set_slow_adapter(p, SlowAdapterRef("nothing", "x", p.world), p.world)
    p = edits.add_assets(p, [Asset("a", "slow_adapter", "assets/slow_adapter/a.st", 3)])
    with pytest.raises(EditError, match="Other world"):
        edits.set_slow_adapter(p, SlowAdapterRef("a", "x", other), other)
    with pytest.raises(EditError, match="no slow adapter"):
        edits.remove_slow_adapter(p)
