"""The bank in real roll-outs: what a chunk is shown of long ago, and where that comes from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.engine.control import CancelToken, PauseGate
from core.engine.in_process import InProcessEngine
from core.media.thumbs import thumbnail_png
from core.memory.bank import thinned
from core.memory.episode import episode_to_snapshot, save_episode
from core.memory.presets import settings_of
from core.memory.snapshot import load_bank, load_snapshot
from core.project import edits, queries, steps
from core.project.jobs import redo_job
from core.project.memory_use import learns_again
from core.project.model import AT_START, MemoryUse, Sampling
from core.project.store import ProjectStore
from core.project.tasks import bank_refs
from core.rollout import render
from core.rollout.latents import read_latents
from core.rollout.recall import Recall
from core.rollout.remembered import remembered
from core.worlds.catalogue import load_world, read_entry
from tests.builders.tasks import same
from tests.builders.tiny_world import picture

OUT_AND_BACK = (("turn left", 16), ("turn right", 16))


@pytest.fixture(scope="module")
def engine():
    engine = InProcessEngine(device="cpu", previews=False, threads=1)
    yield engine
    engine.close()


def walk(folder: Path, world_dir: Path, engine, preset: str, seed: int = 3) -> ProjectStore:
    folder.mkdir(parents=True, exist_ok=True)
    start = folder.parent / f"view{seed}.png"
    start.write_bytes(thumbnail_png(picture(64, seed), 64))
    store = render.create(
        folder / "walk", read_entry(world_dir), start, scene="a house",
        sampling=Sampling(steps=2), memory=MemoryUse(preset),
    )
    store.save(render.lay_actions(store.project, OUT_AND_BACK))
    render.roll_out(store, engine, world_dir, 33, CancelToken())
    return store


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_world_dir, engine):
    with walk(tmp_path_factory.mktemp("made"), tiny_world_dir, engine, "bank") as store:
        yield store


def z(store: ProjectStore) -> list[np.ndarray]:
    takes = queries.chain(store.project, queries.tip(store.project).take)
    return [read_latents(store.path(t.latents)).z for t in takes]


def test_the_way_back_is_made_of_what_was_seen(made, tmp_path, tiny_world_dir, engine):
    with walk(tmp_path / "off", tiny_world_dir, engine, "off") as off:
        with_bank, without = z(made), z(off)
    assert same(with_bank[0], without[0])  # nothing was remembered yet
    assert not np.array_equal(with_bank[3], without[3])


def test_a_redo_remembers_the_same_and_is_bit_equal(made, tiny_world_dir, engine):
    p = made.project
    last = p.takes[queries.tip(p).take]
    step = steps.next_step(p, redo_job(last.chunk, seed=last.seed), made, tiny_world_dir)
    assert [r.stop - r.start for r in step.task.bank] == [1, 8, 8, 8]  # the start comes first
    done = list(engine.run(step.task, CancelToken(), PauseGate()))[-1]
    assert same(read_latents(done.latents).z, read_latents(made.path(last.latents)).z)
    made.drop_staging(step.task.out_dir)

    muted = replace(step.task, memory=MemoryUse("bank", bank_muted=True), out_dir=step.task.out_dir)
    done = list(engine.run(muted, CancelToken(), PauseGate()))[-1]
    assert not np.array_equal(
        read_latents(done.latents).z, read_latents(made.path(last.latents)).z
    )
    made.drop_staging(step.task.out_dir)


def test_a_reset_forgets_and_a_chunk_without_memory_leaves_a_gap(made):
    p = made.project
    takes = queries.chain(p, queries.tip(p).take)
    reset = edits.set_memory_base(p, takes[1].id, "")
    refs, episode = bank_refs(reset, made, queries.tip(p))
    assert [Path(r.path) for r in refs] == [made.path(t.latents) for t in takes[2:]]
    assert episode is None
    off = replace(p, takes={**p.takes, takes[1].id: replace(takes[1], memory=MemoryUse("off"))})
    refs, _ = bank_refs(off, made, queries.tip(p))
    assert str(made.path(takes[1].latents)) not in [r.path for r in refs] and len(refs) == 4
    fresh = edits.set_memory_base(p, AT_START, "")
    assert len(bank_refs(fresh, made, queries.tip(p))[0]) == 4  # not the start


def test_an_episode_is_remembered_where_its_place_is_recognised(
    made, tmp_path, tiny_world_dir, engine, monkeypatch
):
    p = made.project
    tip = queries.tip(p)
    bank = remembered(p, made, tip)
    assert len(bank) == 32
    file, snapshot = tmp_path / "hall.sfep", tmp_path / "hall.safetensors"
    saved = load_snapshot(made.path(queries.memory_before(p, tip)))
    assert saved.bank is None
    save_episode(file, saved, name="Hall", bank=bank)
    episode_to_snapshot(file, snapshot, p.world.hash)
    assert len(load_bank(snapshot, p.world.hash)) == 32

    # Loaded again at the end of the walk that it is of: its frames lie where they lay.
    asset = made.import_file(snapshot, "snapshot")
    loaded = edits.set_memory_base(edits.add_assets(p, (asset,)), tip.take, asset.id)
    refs, episode = bank_refs(loaded, made, tip)
    assert refs == () and episode is not None
    again = remembered(loaded, made, tip)
    np.testing.assert_allclose(again.pose, bank.pose, atol=1e-6)
    # And so do the axes of its adapter, wherever they stood in its own walk.
    recall = Recall(load_world(tiny_world_dir))
    np.testing.assert_allclose(recall.home(episode, np.zeros(3)), np.zeros(3), atol=1e-6)
    np.testing.assert_allclose(recall.home(episode, np.array([1.0, 2, 3])), [1, 2, 3], atol=1e-6)
    assert recall.home(episode, np.full(3, np.nan)) is None
    # What was read joins the recent frames where the world computes.
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("core.rollout.recall.device_of", lambda world: torch.device("meta"))
        assert {f.z.device.type for f in recall._placed(episode)} == {"meta"}

    # It is used for the next chunk, and it matters.
    loaded = edits.add_action(loaded, "turn left", 33, 41)
    job = render.generate_job(41, 5)
    task = steps.next_step(loaded, job, made, tiny_world_dir).task
    one = read_latents(list(engine.run(task, CancelToken(), PauseGate()))[-1].latents).z
    made.drop_staging(task.out_dir)
    task = replace(task, episode=None)
    other = read_latents(list(engine.run(task, CancelToken(), PauseGate()))[-1].latents).z
    made.drop_staging(task.out_dir)
    assert not np.array_equal(one, other)


def test_an_episode_of_another_place_changes_nothing(made, tmp_path, tiny_world_dir, engine):
    with walk(tmp_path / "other", tiny_world_dir, engine, "bank", seed=4) as other:
        q = other.project
        elsewhere = queries.tip(q)
        file, snapshot = tmp_path / "other.sfep", tmp_path / "other.safetensors"
        bank = remembered(q, other, elsewhere)
        # Far from anything that this walk has seen.
        bank = replace(thinned(bank), z=bank.z + 3.0)
        save_episode(file, load_snapshot(other.path(queries.memory_before(q, elsewhere))),
                     name="Other", bank=bank)
    episode_to_snapshot(file, snapshot, q.world.hash)
    p, tip = made.project, queries.tip(made.project)
    asset = made.import_file(snapshot, "snapshot")
    loaded = edits.set_memory_base(edits.add_assets(p, (asset,)), tip.take, asset.id)
    kept = remembered(loaded, made, tip)  # still known to be of another place when saved again
    assert set(kept.walks()) == {1} and same(kept.z, bank.z)
    loaded = edits.add_action(loaded, "turn left", 33, 41)
    task = steps.next_step(loaded, render.generate_job(41, 5), made, tiny_world_dir).task
    assert Recall(load_world(tiny_world_dir)).home(task.episode, np.zeros(3)) is None
    found = []
    for each in (task, replace(task, episode=None)):
        done = list(engine.run(each, CancelToken(), PauseGate()))[-1]
        found.append(read_latents(done.latents).z)
        made.drop_staging(task.out_dir)
    assert same(*found)


def test_an_adapter_learns_earlier_chunks_again(tmp_path, tiny_world_dir, engine):
    with walk(tmp_path, tiny_world_dir, engine, "adapter", seed=6) as store:
        p = store.project
        takes = queries.chain(p, queries.tip(p).take)
        assert [t.learning.skipped for t in takes] == [None] * 4
        last = replace(p, takes={**p.takes, takes[-1].id: replace(takes[-1], snapshot=None, learning=None)})
        job = render.generate_job(33, 5)
        task = steps.next_step(last, job, store, tiny_world_dir).task
        assert [Path(ref.path) for ref in task.earlier] == [
            store.path(t.latents) for t in takes[:-1]
        ]
        found = []
        for each in (task, task, replace(task, earlier=())):
            done = list(engine.run(each, CancelToken(), PauseGate()))[-1]
            found.append(load_snapshot(done.snapshot).weights["rays.out.weight"])
            store.drop_staging(task.out_dir)
        assert same(found[0], found[1]) and not np.array_equal(found[0], found[2])
        # A chunk is made with it as it learned: left out at low noise.
        engine._adapter.quiet_below = 0.0
        ahead = edits.add_action(p, "turn left", 33, 41)
        task = steps.next_step(ahead, render.generate_job(41, 5), store, tiny_world_dir).task
        list(engine.run(task, CancelToken(), PauseGate()))
        store.drop_staging(task.out_dir)
        assert engine._adapter.quiet_below == settings_of("adapter").quiet_below > 0


def test_an_adapter_that_falls_back_is_heard_where_no_frame_is_found(
    tmp_path, tiny_world_dir, engine
):
    with walk(tmp_path, tiny_world_dir, engine, "fallback", seed=7) as store:
        p = store.project
        takes = queries.chain(p, queries.tip(p).take)
        assert [t.learning.steps for t in takes] == [settings_of("adapter").steps] * 4
        found = [bool(t.recalled) for t in takes]
        assert True in found and False in found[1:]  # the first has nothing to be heard yet
        for take, frames in list(zip(takes, found))[1:]:
            step = steps.next_step(p, redo_job(take.chunk, seed=take.seed), store, tiny_world_dir)
            made = {}
            for preset in ("fallback", "both", "bank"):
                task = replace(step.task, memory=MemoryUse(preset))
                done = list(engine.run(task, CancelToken(), PauseGate()))[-1]
                made[preset] = read_latents(done.latents).z
                store.drop_staging(task.out_dir)
            assert same(made["fallback"], read_latents(store.path(take.latents)).z)
            assert same(made["fallback"], made["bank"]) is frames
            assert same(made["fallback"], made["both"]) is not frames
            # Muted frames are none that were found.
            muted = replace(step.task, memory=MemoryUse("fallback", bank_muted=True))
            done = list(engine.run(muted, CancelToken(), PauseGate()))[-1]
            alone = read_latents(done.latents).z
            store.drop_staging(muted.out_dir)
            muted = replace(muted, memory=MemoryUse("adapter"), bank=())
            done = list(engine.run(muted, CancelToken(), PauseGate()))[-1]
            assert same(alone, read_latents(done.latents).z)
            store.drop_staging(muted.out_dir)


def test_only_what_is_learned_again_has_to_be_there(made, tmp_path, tiny_world_dir):
    """A file that went missing long ago stops neither the paper's adapter nor its learning."""
    p = made.project
    takes = queries.chain(p, queries.tip(p).take)
    for preset, again in (("paper", False), ("bank", False), ("adapter", True), ("fallback", True)):
        assert learns_again(MemoryUse(preset)) is again is (settings_of(preset).replay > 0)
        last = replace(takes[-1], memory=MemoryUse(preset), snapshot=None, learning=None)
        q = replace(p, takes={**p.takes, last.id: last})
        task = steps.next_step(q, render.generate_job(33, 5), made, tiny_world_dir).task
        assert len(task.earlier) == 3 * again
        made.drop_staging(task.out_dir)
    p = edits.add_action(p, "turn left", 33, 41)
    p = replace(p, memory=MemoryUse("paper"))
    task = steps.next_step(p, render.generate_job(41, 5), made, tiny_world_dir).task
    assert task.bank == ()
    made.drop_staging(task.out_dir)
