"""Two walks merged into one episode: loaded at either place, continued, and made again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.engine.control import CancelToken, PauseGate
from core.engine.in_process import InProcessEngine
from core.media.thumbs import thumbnail_png
from core.memory.episode import episode_to_snapshot, load_episode, save_episode
from core.memory.merging import merge_files
from core.memory.snapshot import load_snapshot
from core.project import edits, queries, steps
from core.project.jobs import redo_job
from core.project.model import MemoryUse, Sampling
from core.project.store import ProjectStore
from core.project.tasks import bank_refs
from core.rollout import render
from core.rollout.latents import read_latents
from core.rollout.recall import Recall
from core.rollout.remembered import remembered
from core.worlds.catalogue import load_world, read_entry
from tests.builders.tasks import same
from tests.builders.tiny_world import picture


@pytest.fixture(scope="module")
def engine():
    engine = InProcessEngine(device="cpu", previews=False, threads=1)
    yield engine
    engine.close()


def walk(folder: Path, world_dir: Path, engine, name: str, seed: int) -> ProjectStore:
    start = folder / f"{name}.png"
    start.write_bytes(thumbnail_png(picture(64, seed), 64))
    store = render.create(
        folder / name, read_entry(world_dir), start, sampling=Sampling(steps=2),
        memory=MemoryUse("both"),
    )
    store.save(render.lay_actions(store.project, (("turn left", 8), ("turn right", 8))))
    render.roll_out(store, engine, world_dir, 17, CancelToken())
    return store


def saved(store: ProjectStore, path: Path, away: float = 0.0) -> Path:
    """The walk's memory as an episode. ``away``: its frames look like nothing else."""
    p = store.project
    tip = queries.tip(p)
    bank = remembered(p, store, tip)
    save_episode(
        path, load_snapshot(store.path(queries.memory_before(p, tip))), name=path.stem,
        bank=replace(bank, z=bank.z + np.float32(away)),
    )
    return path


@pytest.fixture(scope="module")
def places(tmp_path_factory, tiny_world_dir, engine):
    """A project in the hall, and an episode merged of the garden (heavier) and the hall."""
    folder = tmp_path_factory.mktemp("places")
    with walk(folder, tiny_world_dir, engine, "garden", 4) as garden:
        other = saved(garden, folder / "garden.sfep", away=3.0)
    with walk(folder, tiny_world_dir, engine, "hall", 3) as hall:
        own = saved(hall, folder / "hall.sfep")
        merged = merge_files([other, own], [0.7, 0.5], folder / "both.sfep", "Both")
        yield hall, folder / "both.sfep", merged


@pytest.fixture(scope="module")
def loaded(places):
    """The hall's project, with the merged episode loaded at its end."""
    hall, file, _ = places
    snapshot = file.with_suffix(".safetensors")
    episode_to_snapshot(file, snapshot, hall.project.world.hash)
    p, tip = hall.project, queries.tip(hall.project)
    asset = hall.import_file(snapshot, "snapshot")
    p = edits.set_memory_base(edits.add_assets(p, (asset,)), tip.take, asset.id)
    return edits.add_action(p, "turn left", 17, 33)


def test_only_the_place_that_is_seen_is_shown(places, loaded, tiny_world_dir):
    hall, _, merged = places
    assert [len(w) for w in merged.bank.walks().values()] == [16, 16]
    _, episode = bank_refs(loaded, hall, queries.tip(loaded))
    recall = Recall(load_world(tiny_world_dir))
    shown = np.stack([f.z.numpy() for f in recall._placed(episode)])
    assert same(shown, remembered(hall.project, hall, queries.tip(hall.project)).z)
    # The page is the garden's, and the garden is not here.
    assert merged.page == "" and recall.home(episode, merged.snapshot.home) is None


def test_it_is_continued_learned_and_made_again_bit_for_bit(places, loaded, tiny_world_dir, engine):
    hall, file, merged = places
    p = loaded
    job = render.generate_job(33, 5)
    made = []
    while not isinstance(step := steps.next_step(p, job, hall, tiny_world_dir), steps.Finished):
        match step:
            case steps.ChunkStep():
                ready = list(engine.run(step.task, CancelToken(), PauseGate()))[-1]
                p = steps.apply_take_ready(p, step, ready, hall)
            case steps.AwaitDecision(take_id=take):
                p = edits.accept_take(p, take)
            case steps.LearnStep():
                done = list(engine.run(step.task, CancelToken(), PauseGate()))[-1]
                p = steps.apply_learned(p, step, done, hall)
                made.append(step.take_id)
    assert len(made) == 2
    first, second = (p.takes[id] for id in made)
    assert all(t.learning.skipped is None and t.learning.steps for t in (first, second))
    one = load_snapshot(hall.path(first.snapshot))
    assert one.adam_step == 1 and one.chunks == merged.snapshot.chunks + 1
    assert (one.weights.keys(), one.rank) == (merged.snapshot.weights.keys(), 32)

    # Made again, from the merged memory and from what was learned after it.
    for take in (first, second):
        step = steps.next_step(p, redo_job(take.chunk, seed=take.seed), hall, tiny_world_dir)
        again = list(engine.run(step.task, CancelToken(), PauseGate()))[-1]
        assert same(read_latents(again.latents).z, read_latents(hall.path(take.latents)).z)
        hall.drop_staging(step.task.out_dir)
    unlearned = replace(first, snapshot=None, learning=None)
    step = steps.next_step(
        replace(p, takes={**p.takes, first.id: unlearned}), job, hall, tiny_world_dir
    )
    again = list(engine.run(step.task, CancelToken(), PauseGate()))[-1]
    assert Path(again.snapshot).read_bytes() == hall.path(first.snapshot).read_bytes()
    hall.drop_staging(step.task.out_dir)

    # Saved again, it still knows both places, each for itself.
    bank = remembered(p, hall, queries.tip(p))
    assert [len(w) for w in bank.walks().values()] == [16 + 16, 16]
    save_episode(file.with_name("later.sfep"), one, name="Later", bank=bank)
    assert load_episode(file.with_name("later.sfep")).bank.walks().keys() == {0, 1}
