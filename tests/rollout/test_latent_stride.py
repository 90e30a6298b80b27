"""Several pictures in a latent frame: what a chunk is shown, continues and is asked, in latent
frames, while the document counts pictures."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from core.project import edits, queries, steps
from core.project.jobs import generate_job, redo_job
from core.project.lived import began, frame_at
from core.project.model import ActionPart, Parent
from core.project.steps import ChunkStep, LearnStep, take_edit
from core.project.tasks import bank_refs, context_refs, live_parent
from core.rollout.chunk import latent_texts, plan
from core.rollout.context import lead_of, shown
from core.rollout.events import TakeReady
from core.rollout.request import LEAD, ContextRef
from core.worlds.protocol import Address, Geometry, LatentFrame
from tests.project.parts import FileEngine, append, drive, real_project, rolled_out

G = Geometry(
    channels=2, latent_height=2, latent_width=2, s_stride=8, t_stride=4, n_past=3, n_new=2,
    rate=Fraction(8), causal_first=True,
)


def frames(*times: int) -> list[LatentFrame]:
    return [LatentFrame(torch.full((2, 2, 2), float(t)), Address(t)) for t in times]


def times(found) -> list[int]:
    return [f.address.time for f in found]


# ---- windows ------------------------------------------------------------------------------------


def test_the_first_frame_stays_in_every_window():
    past = frames(0, 4, 8, 12, 16)
    assert times(shown(past[:2], G)) == [0, 4]
    assert times(shown(past[:3], G)) == [0, 4, 8]
    assert times(shown(past, G)) == [0, 12, 16]
    assert times(shown(past, replace(G, n_past=1))) == [16]
    plain = replace(G, causal_first=False)
    assert times(shown(past, plain)) == [8, 12, 16] and lead_of(past, plain) is None


def test_a_decoder_goes_on_from_frames_in_a_row():
    def lead(*when: int) -> list[float]:
        return lead_of(frames(*when), G)[:, 0, 0, 0].tolist()

    assert lead(0) == [0] and lead(0, 4, 8) == [0, 4, 8]
    assert lead(0, 40, 44) == [40, 44]  # the first frame of all was long ago
    assert lead(*range(0, 80, 4)) == list(range(80 - 4 * LEAD, 80, 4))


def test_actions_of_pictures_become_actions_of_latent_frames(tiny_world):
    assert latent_texts(["a"] * 6 + ["b"] * 2, 4) == ["a", "a"]  # half each: the earlier
    assert latent_texts(["a"] * 5 + ["b"] * 3, 4) == ["a", "b"]
    assert latent_texts(["a", "b", "b"], 1) == ["a", "b", "b"]
    actions = (ActionPart("forward", 6), ActionPart("turn left", 8))
    each, texts = plan(tiny_world, Address(3), actions)
    assert len(each) == len(texts) == 14 and texts[5:7] == ["forward", "turn left"]
    tiny_world.geometry, own = replace(tiny_world.geometry, t_stride=4), tiny_world.geometry
    try:
        some, texts = plan(tiny_world, Address(3), actions)
    finally:
        tiny_world.geometry = own
    assert texts == ["forward", "forward", "turn left", "turn left"]
    assert some[:3] == each[3::4] and [a.time for a in some] == [7, 11, 15, 19]
    held = tiny_world.addresses(each[-1], ["turn left"] * 2)  # filled up with the last action
    assert some[-1] == held[-1]


# ---- the document -------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path):
    p, store = real_project(tmp_path / "p", 7)
    p = replace(p, latent_stride=4, context_frames=3)
    yield p, store
    store.close()


def two_chunks(p, store):
    """Chunks of 8 pictures in 2 latent frames each: (project, first take, second take)."""
    p, _ = drive(replace(p, auto_accept=True), generate_job(7 + 16, 1), store, FileEngine())
    return p, *(t.id for t in queries.chain(p, queries.tip(p).take))


def parts(p, store, refs: tuple[ContextRef, ...]) -> list[tuple[str, int, int]]:
    """(take, first, last) of each; "" for the start."""
    of = {str(store.path(t.latents)): t.id for t in p.takes.values()}
    return [(of.get(r.path, ""), r.start, r.stop) for r in refs]


def test_a_start_is_one_picture_and_whole_latent_frames(project):
    p, store = project
    (ref,) = context_refs(p, store, None, 3)  # of 7 pictures: 1 + 4, the last ones
    assert (ref.start, ref.stop) == (2, 7) and not ref.holds_latents
    for length, first in ((1, 0), (4, 3), (5, 0), (9, 0), (14, 5)):
        q = replace(p, start=replace(p.start, frames=length))
        (ref,) = context_refs(q, store, None, 3)
        assert (ref.start, ref.stop) == (first, length)


def test_context_is_named_in_latent_frames_with_the_start_in_front(project):
    p, store = project
    p, one, two = two_chunks(p, store)
    found = parts(p, store, context_refs(p, store, Parent(two, 8), 3))
    assert found == [("", 2, 7), (one, 0, 2), (two, 0, 2)]
    found = parts(p, store, context_refs(p, store, Parent(two, 4), 3))
    assert found == [("", 2, 7), (one, 0, 2), (two, 0, 1)]
    found = parts(p, store, bank_refs(p, store, Parent(two, 8))[0])
    assert found == [("", 6, 7), (one, 0, 2), (two, 0, 2)]
    plain = replace(p, latent_stride=1)
    assert parts(p, store, context_refs(plain, store, Parent(two, 8), 3)) == [(two, 5, 8)]


def test_a_cut_within_a_latent_frame_is_continued_from_before_it(project):
    p, store = project
    p, one, two = two_chunks(p, store)
    last = queries.track_clips(p)[-1]
    for cut, parent in ((8, (two, 8)), (7, (two, 4)), (4, (two, 4)), (3, (one, 8))):
        tip = queries.tip(edits.trim_clip(p, last.id, 0, cut))
        assert (tip.take, tip.frames) == parent
    q = edits.trim_clip(p, last.id, 0, 6)
    q = append(q, "t3")  # shown right after the cut; what it continues is counted in whole frames
    t3 = q.takes["t3"]
    assert t3.parent == Parent(two, 4) and began(q, t3) == 7 + 8 + 4
    assert frame_at(q, t3, began(q, t3) - 1).take == two
    assert live_parent(q, "c-t3") == Parent(two, 4)
    q = edits.trim_clip(q, last.id, 0, 2)
    q = edits.move_clip(q, queries.track_clips(q)[-1].id, 7 + 8 + 2)
    assert live_parent(q, "c-t3") == Parent(two, 4)  # one at least: it is what is shown before


def test_what_is_learned_is_the_whole_take(project):
    p, store = project
    engine = FileEngine()
    p, _ = drive(replace(p, auto_accept=True), generate_job(7 + 8, 1), store, engine)
    learned = [step.task for step in engine.ran if isinstance(step, LearnStep)]
    assert [(task.take.start, task.take.stop) for task in learned] == [(0, 2)]
    assert parts(p, store, learned[0].context) == [("", 2, 7)]


def test_a_redo_asks_for_whole_chunks(project):
    p, store = project
    p, one, two = two_chunks(p, store)
    step = steps.next_step(p, redo_job(p.takes[two].chunk, seed=3), store, "/w")
    assert isinstance(step, ChunkStep) and step.parent == Parent(one, 8)
    assert sum(part.frames for part in step.task.actions) == 8


def test_a_chunk_made_longer_than_asked_says_what_its_last_pictures_were(project):
    p, store = project
    p = edits.add_action(p, "walk", 7, 12)
    step = steps.next_step(p, generate_job(12, 1), store, "/w")
    step = replace(step, actions=(ActionPart("walk", 5),))
    out = store.staging()
    files = [out / n for n in ("a.mp4", "b.safetensors", "c.jpg")]
    for file in files:
        file.write_bytes(file.name.encode())
    event = TakeReady(*(str(f) for f in files), 8, 0.5, p.world.hash)
    q = take_edit(step, event, store)(p)
    (take,) = q.takes.values()
    assert take.frames == 8 and take.actions == (ActionPart("walk", 8),)


def test_worlds_of_one_picture_a_latent_frame_are_as_they_were():
    p = rolled_out(2)
    last = queries.track_clips(p)[-1]
    assert queries.tip(edits.trim_clip(p, last.id, 0, 5)) == Parent("t2", 5)
