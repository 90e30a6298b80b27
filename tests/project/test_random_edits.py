"""Long random sessions: whatever the artist does, what ``checks`` describes holds."""

from __future__ import annotations

import random

import pytest

from core.project import checks, edits, queries, serialise
from core.project.edits import EditError
from core.project.model import Asset, MemoryUse, Parent, Project, Sampling
from tests.project.parts import RECORD, append, make_take, started, with_start


def some_id(rng: random.Random, things) -> str:
    ids = [t if isinstance(t, str) else t.id for t in things]
    return rng.choice(ids) if ids and rng.random() > 0.03 else "nobody"


def random_edit(p: Project, rng: random.Random, n: int) -> Project:
    clips = [c for _, c in queries.all_clips(p)]
    clip = some_id(rng, clips)
    action = some_id(rng, p.actions)
    take = some_id(rng, p.takes)
    marker = some_id(rng, p.markers)

    def frame() -> int:
        return rng.randrange(-2, queries.sequence_end(p) + 20)

    def new_version() -> Project:
        chunk = rng.choice(sorted(p.chunks))
        q, made = make_take(
            p, f"v{n}", queries.chosen_take(p, chunk).parent, frames=rng.choice([8, 8, 8, 5, 12])
        )
        return edits.add_take(q, chunk, made)

    def new_chunk() -> Project:
        q, made = make_take(p, f"n{n}", queries.tip(p))
        return edits.add_take(q, None, made)

    def learned() -> Project:
        q = edits.add_assets(p, [Asset(f"s{n}", "snapshot", f"assets/snapshot/{n}.bin", 1)])
        return edits.set_learned(q, take, f"s{n}", RECORD)

    choices = [
        lambda: append(p, f"a{n}"),
        new_chunk,
        new_version,
        learned,
        lambda: edits.add_action(p, f"do {n % 3}", frame(), frame(), overwrite=rng.random() < 0.5),
        lambda: edits.add_action(p, f"do {n % 3}", (f := frame()), f + 6, overwrite=True),
        lambda: edits.move_action(p, action, frame()),
        lambda: edits.resize_action(p, action, frame(), frame()),
        lambda: edits.split_action(p, action, frame()),
        lambda: edits.set_action_text(p, action, rng.choice(["walk", "", "turn"])),
        lambda: edits.delete_action(p, action),
        lambda: edits.accept_take(p, take),
        lambda: edits.discard_take(p, take),
        lambda: edits.choose_take(p, take),
        lambda: edits.choose_take(p, take),
        lambda: edits.split_clip(p, clip, frame()),
        lambda: edits.trim_clip(p, clip, rng.randrange(9), rng.randrange(9), rng.random() < 0.5),
        lambda: edits.move_clip(p, clip, frame(), rng.choice([None, some_id(rng, p.tracks)])),
        lambda: edits.reorder_clip(p, clip, rng.randrange(-1, 9)),
        lambda: edits.delete_clip(p, clip),
        lambda: edits.ripple_delete_clip(p, clip),
        lambda: edits.add_track(p) if len(p.tracks) < 4 else p,
        lambda: edits.set_track(p, some_id(rng, p.tracks), locked=rng.random() < 0.2),
        lambda: edits.add_marker(p, frame()),
        lambda: edits.move_marker(p, marker, frame()),
        lambda: edits.delete_marker(p, marker),
        lambda: edits.set_in_out(p, frame(), frame()),
        lambda: edits.set_memory_base(p, take, ""),
        lambda: edits.set_memory(p, MemoryUse(strength=rng.random() * 2)),
        lambda: edits.set_sampling(p, Sampling(steps=rng.randrange(0, 9))),
        lambda: started(p, rng.randrange(1, 20), f"start{n}"),
    ]
    return rng.choice(choices)()


@pytest.mark.parametrize("seed", range(8))
def test_random_sessions_keep_the_document_sound(seed):
    rng = random.Random(seed)
    p = with_start()
    made = 0
    for n in range(300):
        before = serialise.to_json(p) if n % 50 == 0 else None
        try:
            q = random_edit(p, rng, n)
            made += 1
        except EditError as error:
            assert str(error).endswith(".")
            q = p
        except IndexError:  # no chunk to make a version of
            q = p
        assert checks.find_problem(q) is None, n
        if before is not None:
            assert serialise.to_json(p) == before  # the one before is as it was
            assert serialise.from_json(serialise.to_json(q)) == q
        ask_everything(q)
        p = q
    assert made > 110


def ask_everything(p: Project) -> None:
    end = queries.sequence_end(p)
    queries.chunk_grid(p, end + 30)
    queries.draft_clip(p)
    tip = queries.tip(p)
    queries.memory_before(p, tip)
    for take in p.takes:
        reason = queries.stale_reason(p, take)
        assert reason is None or reason.endswith(".")
    for _, clip in queries.all_clips(p):
        queries.actions_changed(p, clip)
    for at in range(0, end + 10, 7):
        shown = queries.source_at(p, at)
        assert shown is None or shown[1] >= 0
        parts = queries.action_parts(p, at, 8)
        assert sum(a.frames for a in parts) == 8
    queries.unused_assets(p)


@pytest.mark.parametrize("seed", range(5))
def test_stale_as_its_definition_says(seed):
    """Against the definition written out plainly."""
    rng = random.Random(seed)
    p = with_start()
    for n in range(150):
        try:
            p = random_edit(p, rng, n)
        except (EditError, IndexError):
            pass

    def stale(take_id: str) -> bool:
        take = p.takes[take_id]
        if take.parent is None:
            return take.start_source not in ("", p.start.video)
        parent = p.takes[take.parent.take]
        chunk = p.chunks.get(parent.chunk)
        chosen = chunk is not None and chunk.chosen == parent.id
        return not chosen or parent.status == "discarded" or stale(parent.id)

    for take_id in p.takes:
        assert queries.is_stale(p, take_id) == stale(take_id)
        assert (queries.stale_reason(p, take_id) is not None) == stale(take_id)
    assert isinstance(queries.tip(p), Parent | None)
