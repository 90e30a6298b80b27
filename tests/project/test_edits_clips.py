import pytest

from core.project import checks, edits, queries
from core.project.edits import EditError
from core.project.model import Parent
from tests.project.parts import append, empty, rolled_out, with_start


def clips(p, track=0):
    return [(c.source or "start", c.start, c.in_frame, c.out_frame) for c in p.tracks[track].clips]


def lane(p):
    return [(s.text, s.start, s.end) for s in p.actions]


def three():
    """start 0–1, chunks 1–9, 9–17, 17–25; one action above each; markers at 5, 12 and 20."""
    p = rolled_out(3)
    for text, start, end in (("one", 1, 9), ("two", 9, 17), ("three", 17, 25)):
        p = edits.add_action(p, text, start, end, id=text)
    for name, frame in (("m1", 5), ("m2", 12), ("m3", 20)):
        p = edits.add_marker(p, frame, id=name)
    return p


def clip(p, n):
    return p.tracks[0].clips[n].id


def test_split_shows_the_same():
    p = three()
    q = edits.split_clip(p, clip(p, 2), 12)
    assert clips(q)[2:4] == [("c-t2", 9, 0, 3), ("c-t2", 12, 3, 8)]
    assert [queries.source_at(q, f) for f in range(26)] == [
        queries.source_at(p, f) for f in range(26)
    ]
    for frame in (9, 17, 0, 40):
        with pytest.raises(EditError, match="split"):
            edits.split_clip(p, clip(p, 2), frame)


def test_trim_keeps_what_is_seen_where_it_is():
    p = three()
    q = edits.trim_clip(p, clip(p, 2), 2, 6)
    assert clips(q)[1:] == [("c-t1", 1, 0, 8), ("c-t2", 11, 2, 6), ("c-t3", 17, 0, 8)]
    assert lane(q) == lane(p)
    assert clips(edits.trim_clip(q, clip(q, 2), 0, 8)) == clips(p)
    moved = edits.trim_clip(p, clip(p, 2), 0, 4)
    moved = edits.move_clip(moved, clip(p, 2), 13)
    with pytest.raises(EditError, match="no room"):
        edits.trim_clip(moved, clip(p, 2), 0, 8)
    for bad in ((-1, 8), (0, 9), (4, 4), (5, 3)):
        with pytest.raises(EditError):
            edits.trim_clip(p, clip(p, 2), *bad)


def test_ripple_trim_closes_up_actions_and_markers_too():
    p = edits.set_in_out(three(), 10, 22)
    q = edits.trim_clip(p, clip(p, 2), 2, 6, ripple=True)
    assert clips(q)[1:] == [("c-t1", 1, 0, 8), ("c-t2", 9, 2, 6), ("c-t3", 13, 0, 8)]
    assert lane(q) == [("one", 1, 9), ("two", 9, 13), ("three", 13, 21)]
    assert [m.frame for m in q.markers] == [5, 10, 16]
    assert (q.in_point, q.out_point) == (9, 18)
    back = edits.trim_clip(q, clip(p, 2), 0, 8, ripple=True)
    assert clips(back) == clips(p)
    assert lane(back)[2] == ("three", 17, 25)


def test_delete_leaves_a_gap_and_ripple_delete_closes_it():
    p = three()
    gap = edits.delete_clip(p, clip(p, 2))
    assert clips(gap)[1:] == [("c-t1", 1, 0, 8), ("c-t3", 17, 0, 8)]
    assert lane(gap) == lane(p) and "c-t2" in gap.chunks
    assert queries.source_at(gap, 12) is None
    closed = edits.ripple_delete_clip(p, clip(p, 2))
    assert clips(closed)[1:] == [("c-t1", 1, 0, 8), ("c-t3", 9, 0, 8)]
    assert lane(closed) == [("one", 1, 9), ("three", 9, 17)]
    assert [(m.id, m.frame) for m in closed.markers] == [("m1", 5), ("m2", 9), ("m3", 12)]


def test_ripple_delete_cuts_an_action_that_lies_across():
    p = edits.delete_action(three(), "two")
    p = edits.resize_action(p, "one", 1, 15)
    p = edits.ripple_delete_clip(p, clip(p, 2))
    assert lane(p) == [("one", 1, 9), ("three", 9, 17)]
    p = edits.add_action(rolled_out(3), "all", 1, 25, id="all")
    p = edits.ripple_delete_clip(p, clip(p, 2))
    assert lane(p) == [("all", 1, 17)] and p.actions[0].id == "all"


def test_ripple_delete_of_a_marked_range_clears_the_marks():
    p = edits.set_in_out(three(), 10, 14)
    p = edits.ripple_delete_clip(p, clip(p, 2))
    assert (p.in_point, p.out_point) == (None, None)


def test_move_takes_its_actions_along_where_there_is_room():
    p = three()
    q = edits.move_clip(p, clip(p, 3), 30)
    assert clips(q)[3] == ("c-t3", 30, 0, 8)
    assert lane(q)[2] == ("three", 30, 38)
    q = edits.move_clip(p, clip(p, 3), 20)  # over its own old place
    assert lane(q)[2] == ("three", 20, 28)
    taken = edits.add_action(p, "later", 34, 36)
    q = edits.move_clip(taken, clip(p, 3), 30)
    assert lane(q) == lane(taken)
    for start, says in ((10, "no room"), (-1, "before the timeline")):
        with pytest.raises(EditError, match=says):
            edits.move_clip(p, clip(p, 3), start)


def test_move_to_another_track():
    p = edits.add_track(three(), id="v2")
    q = edits.move_clip(p, clip(p, 2), 3, "v2")
    assert clips(q, 1) == [("c-t2", 3, 0, 8)]
    assert lane(q) == lane(p)
    assert queries.source_at(q, 4) == ("t2-video", 1)  # over the first track
    assert queries.source_at(edits.set_track(q, "v2", muted=True), 4) == ("t1-video", 3)
    solo = edits.set_track(q, q.tracks[0].id, solo=True)
    assert queries.source_at(solo, 4) == ("t1-video", 3)
    with pytest.raises(EditError, match="no longer"):
        edits.move_clip(p, clip(p, 2), 3, "nowhere")


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize("which", range(4))
def test_reorder_keeps_the_actions_above_each_clip(which, index):
    p = three()
    above = {c.source: queries.action_parts(p, c.start, c.frames) for c in p.tracks[0].clips}
    q = edits.reorder_clip(p, clip(p, which), index)
    order = [c.source for c in p.tracks[0].clips]
    order.insert(index, order.pop(which))
    assert [c.source for c in q.tracks[0].clips] == order
    assert {
        c.source: queries.action_parts(q, c.start, c.frames) for c in q.tracks[0].clips
    } == above
    assert queries.sequence_end(q) == queries.sequence_end(p)
    for marker in ("m1", "m2", "m3"):
        before, after = (next(m.frame for m in x.markers if m.id == marker) for x in (p, q))
        assert queries.source_at(q, after) == queries.source_at(p, before)
    assert checks.find_problem(q) is None


def test_reorder_splits_an_action_that_goes_on():
    p = edits.add_action(rolled_out(3), "walk", 1, 25)
    q = edits.reorder_clip(p, clip(p, 3), 1)
    assert queries.action_parts(q, 1, 24) == queries.action_parts(p, 1, 24)


def test_a_locked_track_is_left_alone():
    p = three()
    p = edits.set_track(p, p.tracks[0].id, locked=True)
    for edit in (edits.delete_clip, edits.ripple_delete_clip):
        with pytest.raises(EditError, match="locked"):
            edit(p, clip(p, 1))
    assert len(append(p, "t4").tracks[0].clips) == 5  # generating is not editing


def test_the_start_may_be_trimmed_and_deleted():
    p = with_start(frames=10)
    p = edits.trim_clip(p, clip(p, 0), 4, 8)
    assert clips(p) == [("start", 4, 4, 8)]
    assert queries.tip(p) is None
    assert queries.tip(edits.delete_clip(p, clip(p, 0))) is None


def test_tip_is_cut_where_the_last_clip_is_cut():
    p = three()
    assert queries.tip(p) == Parent("t3", 8)
    assert queries.tip(edits.trim_clip(p, clip(p, 3), 0, 5)) == Parent("t3", 5)
    assert queries.tip(edits.reorder_clip(p, clip(p, 1), 3)) == Parent("t1", 8)
    assert queries.tip(edits.delete_clip(p, clip(p, 3))) == Parent("t2", 8)
    assert queries.tip(empty()) is None


def test_chunk_grid():
    p = three()
    assert queries.chunk_grid(p, 0) == [0, 1, 9, 17, 25]
    assert queries.chunk_grid(p, 40) == [0, 1, 9, 17, 25, 33, 41]
    assert queries.chunk_grid(empty(), 9) == [0, 8, 16]


def test_gone_clips_say_so():
    for edit in (
        lambda p: edits.delete_clip(p, "x"),
        lambda p: edits.split_clip(p, "x", 3),
        lambda p: edits.trim_clip(p, "x", 0, 3),
        lambda p: edits.move_clip(p, "x", 3),
        lambda p: edits.reorder_clip(p, "x", 3),
    ):
        with pytest.raises(EditError, match="no longer"):
            edit(three())
