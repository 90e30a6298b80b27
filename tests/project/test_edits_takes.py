import math
from dataclasses import replace

import pytest

from core.project import checks, edits, queries
from core.project.edits import EditError
from core.project.model import AT_START, ActionPart, Asset, LearningRecord, Parent
from tests.project.parts import (
    RECORD,
    append,
    empty,
    make_take,
    rolled_out,
    started,
    version,
    with_start,
)


def clips(p):
    return [(c.source or "start", c.start, c.out_frame) for c in p.tracks[0].clips]


def with_snapshot(p, id):
    return edits.add_assets(p, [Asset(id, "snapshot", f"assets/snapshot/{id}.safetensors", 3)])


def test_a_new_chunk_lands_at_the_end_as_a_draft():
    p = with_start()
    p, take = make_take(p, "t1", None)
    p = edits.add_take(p, None, take)
    assert queries.sequence_end(p) == 9
    clip = queries.draft_clip(p)
    assert clip is not None and (clip.start, clip.frames) == (1, 8)
    assert queries.chosen_take(p, clip.source).id == "t1"
    assert p.next_seed == 2
    p = edits.accept_take(p, "t1")
    assert queries.draft_clip(p) is None and p.takes["t1"].status == "accepted"


def test_a_new_version_is_chosen_and_takes_the_place_of_a_draft():
    p = rolled_out(2)
    p, take = make_take(p, "t2b", Parent("t1", 8))
    p = edits.add_take(p, "c-t2", take)
    assert queries.chosen_take(p, "c-t2").id == "t2b" and p.takes["t2"].status == "accepted"
    p, take = make_take(p, "t2c", Parent("t1", 8))
    p = edits.add_take(p, "c-t2", take)
    assert p.takes["t2b"].status == "discarded" and p.chunks["c-t2"].takes == ("t2", "t2b", "t2c")
    assert checks.find_problem(p) is None


def test_discard_falls_back_and_the_last_one_takes_the_chunk_along():
    p = version(rolled_out(2), "c-t2", "t2b")
    p = edits.discard_take(p, "t2b")
    assert queries.chosen_take(p, "c-t2").id == "t2"
    split = edits.split_clip(p, p.tracks[0].clips[2].id, 12)
    p = edits.discard_take(split, "t2")
    assert clips(p) == [("start", 0, 1), ("c-t1", 1, 8)]
    assert "c-t2" not in p.chunks and p.takes["t2"].status == "discarded"
    assert checks.find_problem(p) is None
    assert edits.discard_take(p, "t2") is p


def test_a_discarded_version_can_be_brought_back():
    p = edits.discard_take(rolled_out(2), "t2")
    p = edits.choose_take(p, "t2")
    assert p.takes["t2"].status == "draft" and clips(p)[2] == ("c-t2", 9, 8)
    assert checks.find_problem(p) is None
    with pytest.raises(EditError, match="Bring it back"):
        edits.accept_take(edits.discard_take(p, "t2"), "t2")


def test_choosing_a_chunk_that_was_deleted_puts_it_back():
    p = rolled_out(2)
    p = edits.delete_clip(p, p.tracks[0].clips[1].id)
    p = edits.choose_take(p, "t1")
    assert clips(p)[-1] == ("c-t1", 17, 8)


def test_stale_is_what_continues_something_no_longer_chosen():
    p = rolled_out(4)
    assert [queries.stale_reason(p, f"t{i}") for i in range(1, 5)] == [None] * 4
    p = version(p, "c-t2", "t2b")
    assert queries.stale_reason(p, "t2b") is None
    assert queries.stale_reason(p, "t2") is None  # it still follows t1, it is just not chosen
    for later in ("t3", "t4"):
        assert queries.stale_reason(p, later) == "Made from an earlier version of chunk 2."
    back = edits.choose_take(p, "t2")
    assert [queries.stale_reason(back, f"t{i}") for i in range(1, 5)] == [None] * 4


def test_stale_reasons_name_the_oldest_cause():
    p = rolled_out(3)
    p = edits.discard_take(p, "t1")
    assert queries.stale_reason(p, "t2") == "Made from a chunk that was discarded."
    assert queries.stale_reason(p, "t3") == "Made from a chunk that was discarded."
    p = started(rolled_out(2), name="other")
    assert queries.stale_reason(p, "t2") == "The start was changed."
    p = edits.discard_take(version(rolled_out(3), "c-t2", "t2b"), "t2")
    assert queries.stale_reason(p, "t3") == "Made from a discarded version of chunk 2."


def test_staleness_of_a_very_long_roll_out():
    p = rolled_out(1)
    takes = dict(p.takes)
    chunks = dict(p.chunks)
    for i in range(2, 5001):
        takes[f"t{i}"] = replace(
            takes["t1"], id=f"t{i}", chunk=f"c{i}", parent=Parent(f"t{i - 1}", 8)
        )
        chunks[f"c{i}"] = replace(chunks["c-t1"], id=f"c{i}", takes=(f"t{i}",), chosen=f"t{i}")
    takes["t1b"] = replace(takes["t1"], id="t1b")
    chunks["c-t1"] = replace(chunks["c-t1"], takes=("t1", "t1b"), chosen="t1b")
    p = replace(p, takes=takes, chunks=chunks)
    assert checks.find_problem(p) is None
    assert queries.stale_reason(p, "t5000") == "Made from an earlier version of chunk 1."
    assert len(queries.chain(p, "t5000")) == 5000


def test_a_new_start_replaces_the_old_one_and_makes_room():
    p = edits.add_action(rolled_out(2), "walk", 1, 17)
    p = started(p, frames=5, name="video")
    assert clips(p) == [("start", 0, 5), ("c-t1", 5, 8), ("c-t2", 13, 8)]
    assert [(s.start, s.end) for s in p.actions] == [(5, 21)]
    p = started(p, frames=1, name="third")
    assert clips(p) == clips(rolled_out(2)) and p.actions[0].start == 1
    gone = edits.delete_clip(p, p.tracks[0].clips[0].id)
    assert clips(started(gone, frames=3, name="v4"))[:2] == [("start", 0, 3), ("c-t1", 3, 8)]
    p = started(replace(empty(), tracks=()), frames=2)
    assert p.tracks[0].name == "Video 1" and checks.find_problem(p) is None


def test_a_new_start_keeps_actions_written_before_there_was_any():
    p = edits.add_action(empty(), "walk", 0, 16)
    assert started(p).actions == p.actions


def test_memory_before():
    p = rolled_out(3)
    assert queries.memory_before(p, Parent("t3", 8)) is None
    p = with_snapshot(with_snapshot(p, "s1"), "s2")
    p = edits.set_learned(p, "t1", "s1", RECORD)
    assert queries.memory_before(p, None) is None
    assert queries.memory_before(p, Parent("t1", 8)) == "s1"
    assert queries.memory_before(p, Parent("t3", 8)) == "s1"  # t2 and t3 learned nothing
    p = edits.set_learned(p, "t2", "s2", RECORD)
    assert queries.memory_before(p, Parent("t3", 8)) == "s2"
    p = edits.set_memory_base(p, "t2", "")  # reset there
    assert queries.memory_before(p, Parent("t3", 8)) is None
    p = edits.set_memory_base(p, AT_START, "s1")
    assert queries.memory_before(p, None) == "s1"
    assert queries.memory_before(p, Parent("t3", 8)) is None
    p = edits.clear_memory_base(p, "t2")
    assert queries.memory_before(p, Parent("t3", 8)) == "s2"
    for key, snapshot in (("nobody", "s1"), ("t1", "nothing")):
        with pytest.raises(EditError):
            edits.set_memory_base(p, key, snapshot)


def test_a_memory_loaded_after_a_chunk_is_there_after_its_next_version_too():
    for base in ("s1", ""):  # loaded; emptied
        p = edits.set_memory_base(with_snapshot(rolled_out(2), "s1"), "t1", base)
        for choose in (True, False):
            q, take = make_take(p, "t1b", None)
            q = edits.add_take(q, "c-t1", take, choose=choose)
            assert q.memory_bases == {"t1": base, "t1b": base}
            assert queries.memory_before(q, Parent("t1b", 8)) == (base or None)
            assert checks.find_problem(q) is None


def test_only_accepted_versions_are_learned():
    p = with_snapshot(rolled_out(1), "s1")
    p, take = make_take(p, "t2", Parent("t1", 8))
    p = edits.add_take(p, None, take)
    with pytest.raises(EditError, match="accepted"):
        edits.set_learned(p, "t2", "s1", RECORD)
    with pytest.raises(EditError, match="file"):
        edits.set_learned(p, "t1", "s9", RECORD)
    with pytest.raises(EditError, match="not a number"):
        edits.set_learned(p, "t1", "s1", LearningRecord(1, math.nan, 0.0, 0.0, 0.0))
    skipped = replace(RECORD, skipped="The memory grew too fast.")
    p = edits.set_learned(p, "t1", None, skipped)
    assert p.takes["t1"].learning == skipped and p.takes["t1"].snapshot is None


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"frames": 0}, "one frame"),
        ({"parent": Parent("nobody", 8)}, "does not exist"),
        ({"parent": Parent("t1", 9)}, "does not exist"),
        ({"video": "nothing"}, "file"),
        ({"actions": (ActionPart("x", 0),)}, "actions"),
        ({"seed": -1}, "seed"),
        ({"seconds": math.inf}, "number"),
        ({"status": "discarded"}, "discarded"),
        ({"id": "t1"}, "already"),
        ({"chunk": "c-t1"}, "already"),
    ],
)
def test_a_take_that_does_not_fit_is_refused(changes, says):
    p, take = make_take(rolled_out(1), "t2", Parent("t1", 8))
    with pytest.raises(EditError, match=says):
        edits.add_take(p, None, replace(take, **changes))


def test_a_shorter_version_shortens_its_clips():
    p = rolled_out(2)
    p = edits.split_clip(p, p.tracks[0].clips[1].id, 6)
    p, take = make_take(p, "t1b", None, frames=4, actions=())
    p = edits.add_take(p, "c-t1", take)
    assert clips(p) == [("start", 0, 1), ("c-t1", 1, 4), ("c-t2", 9, 8)]
    assert checks.find_problem(p) is None


def test_actions_changed():
    p = edits.add_action(with_start(), "walk", 1, 17, id="walk")
    p = append(append(p, "t1"), "t2")
    first, second = p.tracks[0].clips[1:]
    assert not queries.actions_changed(p, first) and not queries.actions_changed(p, second)
    p = edits.add_action(p, "turn left", 9, 17, overwrite=True)
    assert not queries.actions_changed(p, first) and queries.actions_changed(p, second)
    p = edits.trim_clip(p, second.id, 0, 4)
    assert not queries.actions_changed(p, p.tracks[0].clips[2])
    assert not queries.actions_changed(p, p.tracks[0].clips[0])


def test_an_action_that_ends_inside_a_chunk_is_not_changed_by_what_follows():
    p = append(edits.add_action(with_start(), "walk", 1, 6), "t1")
    assert p.takes["t1"].actions == (ActionPart("walk", 8),)
    p = edits.add_action(p, "turn left", 9, 17)
    assert not queries.actions_changed(p, p.tracks[0].clips[1])


def test_unused_assets():
    p = rolled_out(2)
    assert queries.unused_assets(p) == ()
    p = version(p, "c-t2", "t2b")
    assert queries.unused_assets(p) == ()
    p = edits.discard_take(p, "t2")
    assert {a.id for a in queries.unused_assets(p)} == {"t2-video", "t2-latents", "t2-thumbnail"}
    p = edits.discard_take(rolled_out(3), "t2")  # t3 was made from it and is still there
    assert queries.unused_assets(p) == ()
