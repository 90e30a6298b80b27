"""A whole session with a stand-in for the model that writes real files: generate, draft, accept,
learn, redo, stale, generate again; killed and opened between any two steps."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.project import checks, edits, jobs, queries
from core.project.edits import EditError
from core.project.errors import ProjectError
from core.project.model import AT_START, ActionPart, MemoryUse, Parent
from core.project.steps import (
    AcceptStep,
    AwaitDecision,
    ChunkStep,
    Finished,
    LearnStep,
    apply_learned,
    context_refs,
    next_step,
    plan_step,
    take_edit,
)
from core.project.store import ProjectStore
from core.rollout.events import Learned, TakeReady
from tests.project.parts import FileEngine, drive, real_project


@pytest.fixture
def project(tmp_path):
    p, store = real_project(tmp_path / "walk", start_frames=3)
    yield edits.add_action(p, "walk", 3, 19), store
    store.close()


def auto(p):
    return edits.set_auto_accept(p, True)


def chosen(p):
    """The chosen takes along the timeline."""
    return [queries.chosen_take(p, c.source) for c in queries.track_clips(p) if c.kind == "chunk"]


def test_the_first_step_has_all_that_the_engine_needs(project):
    p, store = project
    step = next_step(p, jobs.generate_job(19), store, Path("/world"))
    assert isinstance(step, ChunkStep) and step.chunk is None and step.parent is None
    task = step.task
    assert (task.world_dir, task.world_hash, task.rate) == ("/world", p.world.hash, "8")
    assert [(r.start, r.stop) for r in task.context] == [(0, 3)]
    assert Path(task.context[0].path) == store.path(p.start.video)
    assert os.path.isabs(task.context[0].path) and Path(task.out_dir).is_dir()
    assert task.actions == (ActionPart("walk", 8),) and task.seed == 1 and task.snapshot is None
    assert step.start_source == p.start.video


def test_draft_accept_learn_and_on(project):
    p, store = project
    engine, job = FileEngine(), jobs.generate_job(19)
    p, step = drive(p, job, store, engine)
    assert isinstance(step, AwaitDecision)
    first = p.takes[step.take_id]
    assert first.status == "draft" and store.path(first.video).is_file()
    assert not list((store.folder / "staging").iterdir())
    assert next_step(p, job, store, "/world") == step  # it goes on waiting
    p = edits.accept_take(p, first.id)
    learn = next_step(p, job, store, "/world")
    assert isinstance(learn, LearnStep) and learn.take_id == first.id
    assert learn.task.snapshot is None and learn.task.seed == first.seed
    assert learn.task.take.path == str(store.path(first.latents))
    p, step = drive(p, job, store, engine)
    assert isinstance(step, AwaitDecision)
    second = p.takes[step.take_id]
    assert second.parent == Parent(first.id, 8)
    assert second.snapshot_in == p.takes[first.id].snapshot
    assert engine.ran[-1].task.snapshot == str(store.path(second.snapshot_in))
    refs = engine.ran[-1].task.context
    assert [(r.start, r.stop) for r in refs] == [(0, 3), (0, 8)]
    p = edits.accept_take(p, second.id)
    p, step = drive(p, job, store, engine)
    assert step == Finished()
    assert [type(s).__name__ for s in engine.ran] == ["ChunkStep", "LearnStep"] * 2
    assert queries.sequence_end(p) == 19 and checks.find_problem(p) is None
    assert engine.ran[-1].task.snapshot == str(store.path(p.takes[first.id].snapshot))


def test_accepting_by_itself(project):
    p, store = project
    engine = FileEngine()
    p, step = drive(auto(p), jobs.generate_job(40), store, engine)
    assert step == Finished() and queries.sequence_end(p) == 43
    takes = chosen(p)
    assert all(t.status == "accepted" and t.learning is not None for t in takes)
    assert [t.seed for t in takes] == [1, 2, 3, 4, 5] and p.next_seed == 6
    assert [queries.stale_reason(p, t.id) for t in takes] == [None] * 5
    assert takes[1].actions == (ActionPart("walk", 8),)
    assert takes[2].actions == (ActionPart("", 8),)
    store.save(p)
    store.close()
    with ProjectStore.open(store.folder) as again:
        assert again.project == p and again.missing == ()


def test_memory_off_learns_nothing(project):
    p, store = project
    engine = FileEngine()
    p = edits.set_memory(auto(p), MemoryUse(preset="off"))
    p, _ = drive(p, jobs.generate_job(19), store, engine)
    assert [type(s).__name__ for s in engine.ran] == ["ChunkStep"] * 2
    p = edits.set_memory(p, MemoryUse())
    p, _ = drive(p, jobs.generate_job(27), store, engine)
    assert engine.ran[2].task.snapshot is None and isinstance(engine.ran[3], LearnStep)


def test_redo_one_chunk_and_remake_what_follows(project):
    p, store = project
    engine = FileEngine()
    p, _ = drive(auto(p), jobs.generate_job(35), store, engine)
    old = chosen(p)
    p = edits.set_auto_accept(p, False)
    job = jobs.redo_job(old[1].chunk)
    engine.ran.clear()
    p, step = drive(p, job, store, engine)
    assert step == AwaitDecision(job.take)
    made = engine.ran[0]
    assert made.parent == Parent(old[0].id, 8) and made.seed == 5
    assert made.snapshot_in == old[0].snapshot == old[1].snapshot_in
    assert queries.stale_reason(p, old[2].id) == "Made from an earlier version of chunk 2."
    assert queries.stale_reason(p, old[3].id) is not None
    # Generate waits for the same draft; the redo ends when it is accepted and learned.
    generate = jobs.generate_job(43)
    assert plan_step(p, generate) == AwaitDecision(job.take)
    p = edits.accept_take(p, job.take)
    p, step = drive(p, job, store, engine)
    assert step == Finished() and p.takes[job.take].learning is not None
    # Now the stale chunks are remade in order, in their places, and only then one is added.
    engine.ran.clear()
    p, step = drive(auto(p), generate, store, engine)
    assert step == Finished()
    made = [s for s in engine.ran if isinstance(s, ChunkStep)]
    assert [s.chunk for s in made] == [old[2].chunk, old[3].chunk, None]
    new = chosen(p)
    assert [t.chunk for t in new[:4]] == [t.chunk for t in old]
    for before, after in zip(new, new[1:]):
        assert after.parent == Parent(before.id, 8) and after.snapshot_in == before.snapshot
    assert not any(queries.is_stale(p, t.id) for t in new)
    assert {t.id for t in old} <= set(p.takes)
    # The old version comes back with all that followed it then.
    back = edits.choose_take(p, old[1].id)
    back = edits.choose_take(edits.choose_take(back, old[2].id), old[3].id)
    assert not any(queries.is_stale(back, t.id) for t in chosen(back)[:4])
    assert queries.is_stale(back, new[4].id)


def test_the_same_redo_gives_the_same_files(project):
    """Everything a chunk is made from goes back to what it was."""
    p, store = project
    p, _ = drive(auto(p), jobs.generate_job(35), store, FileEngine())
    old = chosen(p)
    p, _ = drive(p, jobs.redo_job(old[1].chunk, seed=old[1].seed), store, FileEngine())
    assert chosen(p)[1].id != old[1].id and chosen(p)[1].video == old[1].video
    assert chosen(p)[1].snapshot == old[1].snapshot


def test_redo_of_a_draft_puts_the_draft_aside(project):
    p, store = project
    engine, job = FileEngine(), jobs.generate_job(19)
    p, step = drive(p, job, store, engine)
    first = p.takes[step.take_id]
    redo = jobs.redo_job(first.chunk)
    p, step = drive(p, redo, store, engine)
    assert step == AwaitDecision(redo.take) and p.takes[first.id].status == "discarded"
    assert len(queries.track_clips(p)) == 2 and p.takes[redo.take].seed != first.seed
    p = edits.accept_take(p, redo.take)
    p, step = drive(p, job, store, engine)
    assert isinstance(step, AwaitDecision) and p.takes[step.take_id].parent.take == redo.take
    p = edits.discard_take(p, step.take_id)
    assert queries.sequence_end(p) == 11


def test_a_stale_draft_is_not_waited_for(project):
    p, store = project
    engine = FileEngine()
    p, _ = drive(auto(p), jobs.generate_job(11), store, engine)
    p, step = drive(edits.set_auto_accept(p, False), jobs.generate_job(19), store, engine)
    draft = step.take_id
    p, _ = drive(auto(p), jobs.redo_job(chosen(p)[0].chunk), store, engine)
    p = edits.set_auto_accept(p, False)
    assert queries.is_stale(p, draft)
    p, step = drive(p, jobs.generate_job(19), store, engine)
    assert isinstance(step, AwaitDecision) and step.take_id != draft
    assert p.takes[draft].status == "discarded"


def test_redo_ends_when_the_artist_decides_otherwise(project):
    p, store = project
    engine = FileEngine()
    p, _ = drive(auto(p), jobs.generate_job(19), store, engine)
    chunk, old = chosen(p)[0].chunk, chosen(p)[0].id
    p = edits.set_auto_accept(p, False)
    job = jobs.redo_job(chunk)
    p, _ = drive(p, job, store, engine)
    for other in (edits.choose_take(p, old), edits.discard_take(p, job.take)):
        assert plan_step(other, job) == Finished()
    with pytest.raises(EditError, match="no longer in the project"):
        plan_step(p, jobs.redo_job("gone"))
    with pytest.raises(ValueError):
        plan_step(p, jobs.export_job({}))


def test_redo_of_a_chunk_whose_past_is_stale(project):
    p, store = project
    engine = FileEngine()
    p, _ = drive(auto(p), jobs.generate_job(27), store, engine)
    p, _ = drive(p, jobs.redo_job(chosen(p)[0].chunk), store, engine)
    third = chosen(p)[2].chunk
    with pytest.raises(EditError, match="chunk 2, is itself out of date"):
        plan_step(p, jobs.redo_job(third))
    # Off the timeline it is skipped, and the third chunk follows the first.
    hidden = edits.delete_clip(p, queries.clips_of(p, chosen(p)[1].chunk)[0].id)
    step = plan_step(hidden, jobs.redo_job(third))
    assert step.parent == Parent(chosen(p)[0].id, 8)
    p, step = drive(hidden, jobs.generate_job(27), store, engine)
    assert step == Finished() and not any(queries.is_stale(p, t.id) for t in chosen(p))


def test_a_discarded_chunk_in_the_middle(project):
    p, store = project
    engine = FileEngine()
    p, _ = drive(auto(p), jobs.generate_job(27), store, engine)
    first, second, third = chosen(p)
    p = edits.discard_take(p, second.id)
    assert queries.stale_reason(p, third.id) == "Made from a chunk that was discarded."
    p, _ = drive(p, jobs.generate_job(27), store, engine)
    assert chosen(p)[1].chunk == third.chunk and chosen(p)[1].parent == Parent(first.id, 8)


def test_a_new_start_remakes_everything(project, tmp_path):
    p, store = project
    engine = FileEngine()
    p, _ = drive(auto(p), jobs.generate_job(19), store, engine)
    other = tmp_path / "other.mp4"
    other.write_bytes(b"another start")
    asset = store.import_file(other, "video")
    p = edits.add_assets(p, [asset])
    p = edits.set_start(p, replace(p.start, source=asset.id, video=asset.id))
    assert all(queries.stale_reason(p, t.id) == "The start was changed." for t in chosen(p))
    engine.ran.clear()
    p, _ = drive(p, jobs.generate_job(19), store, engine)
    assert len([s for s in engine.ran if isinstance(s, ChunkStep)]) == 2
    assert engine.ran[0].task.context[0].path == str(store.path(asset.id))
    assert not any(queries.is_stale(p, t.id) for t in chosen(p))


def test_context_goes_back_as_far_as_it_may(project):
    p, store = project
    p, _ = drive(auto(p), jobs.generate_job(35), store, FileEngine())
    takes = chosen(p)
    names = {str(store.path(t.latents)): f"t{i}" for i, t in enumerate(takes, 1)}
    names[str(store.path(p.start.video))] = "start"

    def refs(parent, n):
        found = context_refs(p, store, parent, n)
        return [(names[r.path], r.start, r.stop) for r in found]

    third = Parent(takes[2].id, 8)
    assert refs(third, 16) == [("t2", 0, 8), ("t3", 0, 8)]
    assert refs(third, 10) == [("t2", 6, 8), ("t3", 0, 8)]
    assert refs(third, 5) == [("t3", 3, 8)]
    assert refs(Parent(takes[2].id, 5), 10) == [("t2", 3, 8), ("t3", 0, 5)]
    assert refs(third, 25) == [("start", 2, 3), ("t1", 0, 8), ("t2", 0, 8), ("t3", 0, 8)]
    assert refs(third, 99)[0] == ("start", 0, 3)
    assert refs(None, 2) == [("start", 1, 3)]
    assert refs(third, 0) == []


def test_a_cut_chunk_is_continued_from_the_cut(project):
    p, store = project
    engine = FileEngine()
    p, _ = drive(auto(p), jobs.generate_job(19), store, engine)
    clips = queries.track_clips(p)
    p = edits.trim_clip(p, clips[1].id, 0, 5, ripple=True)
    second = chosen(p)[1]
    assert not queries.is_stale(p, second.id)  # cutting changes what is seen, not what was made
    step = plan_step(p, jobs.redo_job(second.chunk))
    assert step.parent == Parent(chosen(p)[0].id, 5)
    p = edits.trim_clip(p, queries.track_clips(p)[2].id, 0, 3)
    step = plan_step(p, jobs.generate_job(40))
    assert step.parent == Parent(second.id, 3)


def test_redo_asks_for_the_actions_that_are_there_now(project):
    p, store = project
    p, _ = drive(auto(p), jobs.generate_job(19), store, FileEngine())
    first, second = queries.track_clips(p)[1:]
    p = edits.add_action(p, "turn left", 11, 15, overwrite=True)
    step = plan_step(p, jobs.redo_job(second.source))
    assert step.actions == (ActionPart("turn left", 4), ActionPart("walk", 4))
    # Where only a part is on the timeline, the rest is as it was made.
    p = edits.trim_clip(p, second.id, 2, 6)
    step = plan_step(p, jobs.redo_job(second.source))
    assert step.actions == (
        ActionPart("walk", 2),
        ActionPart("turn left", 2),
        ActionPart("walk", 4),
    )
    assert plan_step(p, jobs.redo_job(first.source)).actions == (ActionPart("walk", 8),)


def test_a_memory_set_by_hand_is_used_and_not_learned_over(project):
    p, store = project
    engine = FileEngine()
    p, _ = drive(auto(p), jobs.generate_job(11), store, engine)
    first = chosen(p)[0]
    p = edits.set_memory_base(p, first.id, "")
    assert plan_step(p, jobs.generate_job(19)).snapshot_in is None
    p = edits.set_memory_base(p, AT_START, first.snapshot)
    assert plan_step(p, jobs.redo_job(first.chunk)).snapshot_in == first.snapshot


def test_one_seed_for_a_whole_job(project):
    p, store = project
    p, _ = drive(auto(p), jobs.generate_job(27, seed=70), store, FileEngine())
    assert [t.seed for t in chosen(p)] == [70, 71, 72]
    assert plan_step(p, jobs.redo_job(chosen(p)[0].chunk, seed=9)).seed == 9


def test_what_is_missing_fails_in_words(project):
    p, store = project
    p, _ = drive(auto(p), jobs.generate_job(11), store, FileEngine())
    store.path(chosen(p)[0].latents).unlink()
    with pytest.raises(ProjectError, match="missing"):
        next_step(p, jobs.generate_job(19), store, "/world")
    with pytest.raises(EditError, match="start from"):
        plan_step(replace(p, start=None, tracks=()), jobs.generate_job(99))


def test_a_result_of_a_task_is_one_edit_that_can_be_run_again(project):
    """For undo and redo: the files move once."""
    p, store = project
    step = next_step(p, jobs.generate_job(11), store, "/world")
    out = Path(step.task.out_dir)
    for name in ("v.mp4", "l.safetensors", "t.jpg"):
        (out / name).write_bytes(name.encode())
    paths = [str(out / n) for n in ("v.mp4", "l.safetensors", "t.jpg")]
    edit = take_edit(step, TakeReady(*paths, 8, float("inf"), p.world.hash), store)
    assert not out.exists()
    again = edit(p)
    assert again.takes == edit(p).takes and again.takes[step.take_id].seconds == -1.0
    store.save(again)
    video = store.path(again.takes[step.take_id].video)
    assert video.stem == hashlib.sha256(video.read_bytes()).hexdigest()


def test_learning_that_was_skipped_leaves_the_memory(project):
    p, store = project
    p, step = drive(p, jobs.generate_job(11), store, FileEngine())
    p = edits.accept_take(p, step.take_id)
    learn = next_step(p, jobs.generate_job(11), store, "/world")
    event = Learned("", 8, 0.5, float("nan"), 0.0, 1.0, "It went to pieces.")
    p = apply_learned(p, learn, event, store)
    take = p.takes[step.take_id]
    assert take.snapshot is None and take.learning.skipped and take.learning.loss_after == -1.0
    assert plan_step(p, jobs.generate_job(11)) == Finished()
    store.save(p)


def test_a_whole_session_stopped_after_every_step(tmp_path):
    """Opened anew before each step, the session is the same as in one go."""
    p, store = real_project(tmp_path / "walk", start_frames=3)
    p = edits.add_action(p, "walk", 3, 19)
    job = jobs.generate_job(27)
    store.save(p)
    store.journal.save([job])
    engine = FileEngine()
    for _ in range(40):
        store.close()
        store = ProjectStore.open(tmp_path / "walk")
        p, (job,) = store.project, store.journal.load()
        match next_step(p, job, store, "/world"):
            case ChunkStep() as step:
                p = engine.make(p, step, store)
            case LearnStep() as step:
                p = engine.learn(p, step, store)
            case AwaitDecision(take_id) | AcceptStep(take_id):
                p = edits.accept_take(p, take_id)
            case Finished():
                break
        store.save(p)
    else:
        raise AssertionError("it never ends")
    assert [type(s).__name__ for s in engine.ran] == ["ChunkStep", "LearnStep"] * 3
    assert [t.seed for t in chosen(p)] == [1, 2, 3]
    assert not any(queries.is_stale(p, t.id) for t in chosen(p)) and store.missing == ()
    store.close()
