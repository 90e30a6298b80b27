"""Roll-outs without a window: project on disk, takes, memory, recipe; the same bits again."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.engine.control import CancelToken
from core.engine.in_process import InProcessEngine
from core.media.encode import read_recipe
from core.media.reader import FrameReader
from core.media.thumbs import thumbnail_png
from core.memory.presets import settings_of
from core.project import edits, queries, steps
from core.project.errors import EditError, ProjectError
from core.project.jobs import redo_job
from core.project.model import MemoryUse, Sampling
from core.project.store import ProjectStore
from core.rollout import recipe as recipes
from core.rollout import remaking, render
from core.rollout.adopting import adopt_slow_adapter
from core.rollout.film import export_film
from core.rollout.latents import read_latents
from core.rollout.missing_adapter import find_adapter, missing_adapter, without_adapter
from core.worlds.catalogue import read_entry
from tests.builders.tasks import same
from tests.builders.tiny_world import picture
from tests.rollout.test_adopting import write_adapter

ACTIONS = (("forward", 10), ("turn left", 12))


@pytest.fixture(scope="module")
def engine():
    engine = InProcessEngine(device="cpu", previews=False, threads=1)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def start(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("start") / "view.png"
    path.write_bytes(thumbnail_png(picture(96, 3), 96))
    return path


def make(folder: Path, world_dir: Path, start: Path, engine, **given) -> ProjectStore:
    store = render.create(
        folder, read_entry(world_dir), start, scene="a house", sampling=Sampling(steps=2), **given
    )
    store.save(render.lay_actions(store.project, ACTIONS))
    render.roll_out(store, engine, world_dir, render.planned_end(store.project), CancelToken())
    return store


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_world_dir, start, engine):
    """A project of three chunks with memory."""
    store = make(tmp_path_factory.mktemp("p") / "walk", tiny_world_dir, start, engine)
    yield store
    store.close()


def latents(store: ProjectStore) -> list[np.ndarray]:
    p = store.project
    return [
        read_latents(store.path(queries.chosen_take(p, c.source).latents)).z
        for c in queries.track_clips(p) if c.kind == "chunk"
    ]


def test_three_chunks_accepted_and_learned(made):
    p = made.project
    takes = queries.chain(p, queries.tip(p).take)
    assert [t.status for t in takes] == ["accepted"] * 3
    assert all(t.learning is not None and t.learning.skipped is None for t in takes)
    assert [t.snapshot_in for t in takes] == [None, takes[0].snapshot, takes[1].snapshot]
    assert len({t.snapshot for t in takes}) == 3
    assert queries.sequence_end(p) == 25 and not list((made.folder / "staging").glob("*"))
    assert made.journal.load() == ()


def test_memory_off_learns_nothing_and_gives_another_film(
    made, tmp_path, tiny_world_dir, start, engine
):
    with make(tmp_path / "off", tiny_world_dir, start, engine, memory=MemoryUse("off")) as store:
        assert all(t.snapshot is None for t in store.project.takes.values())
        one, two = latents(made), latents(store)
        assert same(one[0], two[0])  # nothing was learned before the first chunk
        assert not np.array_equal(one[1], two[1])


def test_redo_from_a_chunk_is_bit_equal_for_the_same_seed(made, tiny_world_dir, engine):
    store, p = made, made.project
    clips = [c for c in queries.track_clips(p) if c.kind == "chunk"]
    old = queries.chosen_take(p, clips[1].source)
    job = redo_job(clips[1].source, seed=old.seed)
    step = steps.next_step(p, job, store, tiny_world_dir)
    events = list(engine.run(step.task, CancelToken(), _gate()))
    q = steps.apply_take_ready(p, step, events[-1], store)
    new = queries.chosen_take(q, clips[1].source)
    assert new.id != old.id and new.latents == old.latents and new.video == old.video
    job = redo_job(clips[1].source, seed=old.seed + 100)
    step = steps.next_step(p, job, store, tiny_world_dir)
    events = list(engine.run(step.task, CancelToken(), _gate()))
    other = read_latents(events[-1].latents).z
    assert not np.array_equal(other, read_latents(store.path(old.latents)).z)
    store.drop_staging(step.task.out_dir)


def _gate():
    from core.engine.control import PauseGate

    return PauseGate()


def test_the_same_bits_in_a_fresh_process(made, tmp_path, tiny_world_dir, start):
    script = f"""
import sys
from pathlib import Path
from tests.rollout.test_render import make, latents
from core.engine.in_process import InProcessEngine
store = make(Path({str(tmp_path / "again")!r}), Path({str(tiny_world_dir)!r}), Path({str(start)!r}),
             InProcessEngine("cpu", previews=False, threads=1))
store.close()
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", script], check=True, cwd=root, timeout=200)
    with ProjectStore.open(tmp_path / "again") as again:
        assert all(same(a, b) for a, b in zip(latents(made), latents(again), strict=True))


def test_a_film_carries_its_recipe_and_the_recipe_makes_it_again(
    made, tmp_path, tiny_world_dir, engine
):
    film = tmp_path / "film.mp4"
    export_film(made.project, made.path, film)
    with FrameReader(film) as reader:
        assert len(reader) == 25
    data = read_recipe(film)
    with remaking.project_from_recipe(data, tmp_path / "again") as store:
        p = store.project
        assert p.world == made.project.world and p.scene == "a house"
        assert [(s.text, s.start, s.end) for s in p.actions] == [
            (s.text, s.start, s.end) for s in made.project.actions
        ]
        assert p.sampling == Sampling(steps=2) and p.memory == made.project.memory
        render.roll_out(store, engine, tiny_world_dir, render.planned_end(p), CancelToken())
        assert all(same(a, b) for a, b in zip(latents(made), latents(store), strict=True))


@pytest.fixture
def fine_tuned(made, tmp_path, tiny_world_dir):
    """(project with a slow adapter, its recipe, the adapter's file)."""
    (tmp_path / "own").mkdir()
    file = write_adapter(tmp_path / "own" / "garden.safetensors", tiny_world_dir)
    p = adopt_slow_adapter(made, read_entry(tiny_world_dir), file)(made.project)
    return p, json.loads(json.dumps(recipes.recipe_of(p, made.path))), file


def test_a_recipe_names_the_slow_adapter_and_the_very_file_is_found(
    fine_tuned, made, tmp_path, tiny_world_dir, engine
):
    p, data, file = fine_tuned
    base = made.project.world
    assert data["slow_adapter"] == {
        "name": "garden", "base": {"id": base.id, "hash": base.hash, "name": base.name},
    }
    assert str(tmp_path) not in json.dumps(data)
    other = write_adapter(tmp_path / "own" / "attic.safetensors", tiny_world_dir, add=0.5)
    (tmp_path / "own" / "broken.safetensors").write_bytes(b"x")
    with remaking.project_from_recipe(data, tmp_path / "again") as store:
        missing = missing_adapter(store.project)
        assert store.project.world == p.world and store.project.slow_adapter is None
        assert "“garden” on “Tiny world”" in missing.words
        # A film of it, not made yet, says the same; and so does the project once it is saved.
        assert recipes.recipe_of(store.project)["slow_adapter"] == data["slow_adapter"]
        entry = read_entry(tiny_world_dir)
        with pytest.raises(EditError, match="garden.*attic.safetensors is another one"):
            adopt_slow_adapter(store, entry, other)
        assert find_adapter(missing, [tmp_path / "nowhere", tmp_path]) is None
        found = find_adapter(missing, [tmp_path / "nowhere", tmp_path / "own"])
        assert found == file
        store.save(adopt_slow_adapter(store, entry, found, missing.name)(store.project))
        assert store.project.world == p.world and missing_adapter(store.project) is None
        assert store.project.slow_adapter.name == "garden"
        render.roll_out(store, engine, tiny_world_dir, 9, CancelToken())
        assert {t.world_hash for t in store.project.takes.values()} == {p.world.hash}


def test_a_film_can_be_made_without_its_slow_adapter(fine_tuned, made, tmp_path):
    _, data, _ = fine_tuned
    with remaking.project_from_recipe(data, tmp_path / "again") as store:
        p = without_adapter(store.project)
        assert p.world == made.project.world and missing_adapter(p) is None
        assert without_adapter(p) == p
    with ProjectStore.open(tmp_path / "again") as store:
        assert missing_adapter(store.project).name == "garden"
        spoiled = replace(store.project, extra={"missing_slow_adapter": {"name": 3}})
        assert missing_adapter(spoiled) is None


def test_an_older_recipe_is_read(made, tmp_path):
    data = recipes.recipe_of(made.project, made.path)
    assert made.project.memory.preset == "both"
    data = json.loads(json.dumps(data).replace('"both"', '"default"'))
    data["schema"] = 1
    del data["slow_adapter"]
    with remaking.project_from_recipe(data, tmp_path / "again") as store:
        assert store.project.memory == made.project.memory


def test_seeds_that_are_not_in_a_row_are_kept(made, tmp_path, tiny_world_dir, engine):
    data = json.loads(json.dumps(recipes.recipe_of(made.project, made.path)))
    for chunk, seed in zip(data["chunks"], (50, 3, 77)):
        chunk["seed"] = seed
    with remaking.project_from_recipe(data, tmp_path / "seeds") as store:
        render.roll_out(store, engine, tiny_world_dir, 25, CancelToken())
        p = store.project
        assert [t.seed for t in queries.chain(p, queries.tip(p).take)] == [50, 3, 77]


def test_a_recipe_says_in_which_way_the_film_was_sampled(made, tmp_path):
    """In a schema that an older studio refuses; without a way in it, it reads as exact."""
    alone = MemoryUse("bank")  # with an adapter beside it, it needs the newer schema too
    made_alone = replace(
        made.project, memory=alone,
        takes={k: replace(t, memory=alone) for k, t in made.project.takes.items()},
    )
    plain = recipes.recipe_of(made_alone)
    assert plain["schema"] == 1 and recipes.recipe_of(made.project)["schema"] == 2
    other = replace(made_alone, memory=MemoryUse("fallback"))
    assert recipes.recipe_of(other)["schema"] == 2
    old = json.loads(json.dumps(plain))
    for sampling in (old["sampling"], *(chunk["sampling"] for chunk in old["chunks"])):
        assert sampling.pop("way") == "exact"
    assert {c.sampling for c in recipes.read(old).chunks} == {Sampling(steps=2)}
    p = replace(  # all of it in one way, and the project asks for another now
        made_alone,
        takes={k: replace(t, sampling=Sampling(2, way="cache")) for k, t in
               made_alone.takes.items()},
    )
    data = json.loads(json.dumps(recipes.recipe_of(p)))
    assert data["schema"] == 2 and data["sampling"]["way"] == "exact"
    with remaking.project_from_recipe(data, tmp_path / "again") as store:
        assert store.project.sampling == Sampling(2, way="cache")
    data["chunks"][0]["sampling"]["way"] = "exact"  # not all of it
    with remaking.project_from_recipe(data, tmp_path / "mixed") as store:
        assert store.project.sampling == Sampling(2)


def test_without_files_the_recipe_has_no_start(made, tmp_path):
    data = recipes.recipe_of(made.project)
    assert data["start"] is None
    with remaking.project_from_recipe(data, tmp_path / "p") as store:
        assert store.project.start is None


def test_nothing_of_this_machine_is_in_a_recipe(made):
    text = json.dumps(recipes.recipe_of(made.project, made.path))
    assert str(made.folder) not in text and "/tmp" not in text and len(text) < 400_000


def spoiled(data: dict, **changes) -> dict:
    return json.loads(json.dumps({**data, **changes}))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"}, {"schema": recipes.SCHEMA + 1}, {"schema": "1"}, {"width": 10**6},
        {"width": "64"},
        {"rate": "1/0"}, {"rate": "8"}, {"chunk_frames": 0}, {"chunk_frames": 10**9},
        {"actions": {}},
        {"actions": [{"id": "x", "text": "a", "start": 5, "end": 5}]},
        {"actions": [{"id": "x", "text": "a", "start": 0, "end": 9},
                     {"id": "y", "text": "b", "start": 3, "end": 12}]},
        {"sampling": {"steps": 10**9, "guidance": 1.0}}, {"memory": {"preset": "evil"}},
        {"sampling": {"steps": 2, "guidance": 1.0, "way": "magic"}},
        {"memory": {"preset": "paper", "strength": 1e9, "muted": False}},
        {"start": {"kind": "picture", "frames": 1, "video": "%%%"}},
        {"start": {"kind": "picture", "frames": 1, "video": "aGVsbG8="}},
        {"start": {"kind": "picture", "frames": 3, "video": "SAME"}},
        {"start": {"kind": "picture", "frames": 1, "video": "A" * (5 << 20)}},
        {"world": {"id": "x"}}, {"chunks": [{"seed": -1}]}, {"name": 5},
    ],
    ids=lambda c: next(iter(c)),
)
def test_hostile_recipes_are_refused_and_leave_nothing(made, tmp_path, change):
    data = recipes.recipe_of(made.project, made.path)
    if "start" in change and change["start"]["video"] == "SAME":
        change = {"start": {**change["start"], "video": data["start"]["video"]}}
    with pytest.raises(ProjectError) as refused:
        remaking.project_from_recipe(spoiled(data, **change), tmp_path / "p")
    assert str(refused.value)[-1] == "." and not (tmp_path / "p").exists()


@pytest.mark.parametrize("data", [None, [], "x", 5, {}, {"format": "slowfast-recipe", "schema": 1}])
def test_things_that_are_no_recipe(tmp_path, data):
    with pytest.raises(ProjectError):
        remaking.project_from_recipe(data, tmp_path / "p")


def test_names_in_a_recipe_are_no_paths(made, tmp_path):
    data = recipes.recipe_of(made.project, made.path)
    data["start"]["name"] = "..\\../../etc/passwd"
    data["name"] = "a\nb\x00"
    with remaking.project_from_recipe(spoiled(data), tmp_path / "p") as store:
        p = store.project
        assert p.assets[p.start.source].name == "passwd" and p.name == "a b"


def test_cancelled_it_keeps_what_is_made_and_goes_on(tmp_path, tiny_world_dir, start, engine, made):
    world = read_entry(tiny_world_dir)
    store = render.create(tmp_path / "p", world, start, scene="a house", sampling=Sampling(steps=2))
    store.save(render.lay_actions(store.project, ACTIONS))
    token = CancelToken()

    def stop(e):
        if e.chunk == 2 and e.phase == "sampling":
            token.cancel()

    with pytest.raises(render.RenderStopped):
        render.roll_out(store, engine, tiny_world_dir, 23, token, progress=stop)
    store.close()
    with ProjectStore.open(tmp_path / "p") as store:
        assert len(store.project.takes) == 1
        assert [j.kind for j in store.journal.load()] == ["generate"]
        assert render.lay_actions(store.project, ACTIONS) is store.project
        told = []
        render.roll_out(
            store, engine, tiny_world_dir, 23, CancelToken(), progress=told.append, clock=Ticks()
        )
        assert all(same(a, b) for a, b in zip(latents(made), latents(store), strict=True))
        assert told[-1].chunk == told[-1].chunks == 2
        later = [e.remaining for e in told if e.remaining is not None]
        assert later and later[-1] < later[0]


class Ticks:
    """A clock on which every event takes as long as any other."""

    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.5
        return self.now


def test_learning_counts_in_what_remains(tmp_path, tiny_world_dir, start, engine):
    world, told = read_entry(tiny_world_dir), []
    with render.create(
        tmp_path / "p", world, start, sampling=Sampling(steps=2), memory=MemoryUse("adapter")
    ) as store:
        store.save(render.lay_actions(store.project, (("forward", 8),)))
        render.roll_out(
            store, engine, tiny_world_dir, 9, CancelToken(), progress=told.append, clock=Ticks()
        )
    learning = [e for e in told if e.phase == "learning" and e.step]
    assert learning[0].steps == settings_of("adapter").steps >= 20
    # Its own pace says how long the last chunk is still learned.
    for e in (learning[9], learning[17]):
        took = e.elapsed - learning[0].elapsed
        assert e.remaining == pytest.approx(took / (e.step - 1) * (e.steps - e.step), rel=0.15)


def test_a_failure_is_told_and_keeps_the_project(tmp_path, tiny_world_dir, start, engine):
    world = read_entry(tiny_world_dir)
    with render.create(tmp_path / "p", world, start) as store:
        p = edits.add_action(store.project, "forward", 1, 9)
        store.save(replace(p, world=replace(p.world, hash="0" * 64)))
        with pytest.raises(render.RenderFailed, match="another version"):
            render.roll_out(store, engine, tiny_world_dir, 9, CancelToken())
        assert store.project.takes == {}


def test_a_start_that_is_none_leaves_no_project(tmp_path, tiny_world_dir):
    from core.media.errors import MediaError

    (tmp_path / "x.mp4").write_text("I am text")
    with pytest.raises(MediaError, match="x.mp4"):
        render.create(tmp_path / "p", read_entry(tiny_world_dir), tmp_path / "x.mp4")
    assert not (tmp_path / "p").exists()
