"""A project that carries a slow adapter: adopted, made with in either engine, refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.engine.child_process import ChildProcessEngine
from core.engine.control import CancelToken, PauseGate
from core.engine.in_process import InProcessEngine
from core.learning.fine_tuning import put_in, weights_of
from core.media.thumbs import thumbnail_png
from core.memory.snapshot import load_snapshot
from core.project import edits, steps
from core.project.errors import EditError, ProjectError
from core.project.model import MemoryUse, Sampling, WorldRef
from core.project.store import ProjectStore
from core.rollout import render
from core.rollout.adopting import adopt_slow_adapter
from core.rollout.latents import read_latents
from core.worlds.catalogue import WorldError, load_world, read_entry, with_slow_adapter
from core.worlds.slow_adapter import SlowAdapter, save_slow_adapter
from tests.builders.tasks import same
from tests.builders.tiny_world import picture


def write_adapter(path: Path, world_dir: Path, add: float = 0.2) -> Path:
    world = load_world(world_dir)
    put_in(world.net, 2)
    weights = {n: a + add for n, a in weights_of(world.net).items()}
    save_slow_adapter(path, SlowAdapter(world.id, world.name, world.hash, 2, 2.0, weights, {}))
    return path


@pytest.fixture
def adapter(tmp_path, tiny_world_dir) -> Path:
    return write_adapter(tmp_path / "garden.safetensors", tiny_world_dir)


@pytest.fixture
def store(tmp_path, tiny_world_dir):
    start = tmp_path / "view.png"
    start.write_bytes(thumbnail_png(picture(64, 3), 64))
    made = render.create(
        tmp_path / "walk", read_entry(tiny_world_dir), start, sampling=Sampling(steps=2),
        memory=MemoryUse("paper"),
    )
    made.save(render.lay_actions(made.project, (("turn left", 8),)))
    yield made
    made.close()


def test_the_project_has_its_own_copy(store, adapter, tiny_world_dir):
    entry = read_entry(tiny_world_dir)
    p = adopt_slow_adapter(store, entry, adapter)(store.project)
    assert p.world.hash == with_slow_adapter(entry, adapter).hash
    assert p.slow_adapter.name == "garden" and p.slow_adapter.base == store.project.world
    store.save(p)
    adapter.unlink()
    step = steps.next_step(p, render.generate_job(9), store, tiny_world_dir)
    kept = Path(step.task.slow_adapter.path)
    assert kept.is_file() and kept.is_relative_to(store.folder)
    kept.unlink()
    with pytest.raises(ProjectError, match="“garden” is missing"):
        steps.next_step(p, render.generate_job(9), store, tiny_world_dir)


def test_both_engines_make_the_same_with_it(store, adapter, tiny_world_dir):
    plain = store.project
    p = adopt_slow_adapter(store, read_entry(tiny_world_dir), adapter)(plain)
    here = InProcessEngine(device="cpu", previews=False, threads=1)
    there = ChildProcessEngine(device="cpu", previews=False, threads=1)
    found = []
    try:
        for engine, q in ((here, plain), (here, p), (there, p)):
            step = steps.next_step(q, render.generate_job(9, 5), store, tiny_world_dir)
            ready = list(engine.run(step.task, CancelToken(), PauseGate()))[-1]
            assert ready.world_hash == q.world.hash
            found.append(read_latents(ready.latents).z)
            if engine is there:
                q = edits.accept_take(steps.apply_take_ready(q, step, ready, store), step.take_id)
                step = steps.next_step(q, render.generate_job(9, 5), store, tiny_world_dir)
                done = list(engine.run(step.task, CancelToken(), PauseGate()))[-1]
                assert load_snapshot(done.snapshot).world == p.world  # by name too
    finally:
        here.close()
        there.close()
    assert not same(found[0], found[1]) and same(found[1], found[2])


def test_made_with_it_before_projects_carried_one(store, adapter, tiny_world_dir):
    """Its world is already the merged one, and nothing becomes stale."""
    merged = with_slow_adapter(read_entry(tiny_world_dir), adapter)
    old = replace(store.project, world=WorldRef(merged.id, merged.hash, merged.name))
    store.save(old)
    p = adopt_slow_adapter(store, read_entry(tiny_world_dir), adapter)(old)
    assert p.world == old.world and p.slow_adapter is not None


def test_what_is_not_for_this_world_changes_nothing(
    store, adapter, tmp_path, tiny_world_dir, other_world_dir
):
    entry, other = read_entry(tiny_world_dir), read_entry(other_world_dir)
    foreign = write_adapter(tmp_path / "foreign.safetensors", other_world_dir)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(adapter.read_bytes()[:-9])
    picture_file = tmp_path / "view.png"
    for path, words in (
        (foreign, "only the very world it was trained on"), (broken, "damaged"),
        (picture_file, "can't be used"), (tmp_path / "gone.safetensors", "not there any more"),
    ):
        with pytest.raises(WorldError, match=words):
            adopt_slow_adapter(store, entry, path)
    with pytest.raises(EditError, match="Install the version it was made with"):
        adopt_slow_adapter(store, other, foreign)
    assert not (store.folder / "assets" / "slow_adapter").exists()
    with ProjectStore.create(tmp_path / "other", edits.new_project(
        "Other", WorldRef(entry.id, "9" * 64, "An older one"), entry.rate, (64, 64), 8, 4,
    )) as older, pytest.raises(EditError, match="An older one"):
        adopt_slow_adapter(older, entry, adapter)
