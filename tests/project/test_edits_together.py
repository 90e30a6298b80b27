"""Moving and reordering several clips and actions at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.project import checks, edits
from core.project.errors import EditError
from core.project.model import Project
from tests.app.timeline.sample import N, project


def spans(p: Project) -> dict[str, tuple[int, int]]:
    return {a.id: (a.start, a.end) for a in p.actions}


def clips(p: Project) -> dict[str, int]:
    return {c.id: c.start for c in p.tracks[0].clips}


def test_actions_move_by_the_same_distance():
    p = project(4)
    after = edits.move_together(p, [], ["a2", "a4"], 60)
    assert spans(after)["a2"] == (13 + 60, 25 + 60) and spans(after)["a4"] == (37 + 60, 49 + 60)
    assert spans(after)["a1"] == spans(p)["a1"] and spans(after)["a3"] == spans(p)["a3"]
    assert [a.id for a in after.actions] == ["a1", "a3", "a2", "a4"]
    assert checks.find_problem(after) == checks.find_problem(p)


def test_clips_take_the_actions_above_them_along():
    p = project(4)
    after = edits.move_together(p, ["clip3", "clip4"], [], 2 * N)
    assert clips(after)["clip3"] == 1 + 4 * N and clips(after)["clip4"] == 1 + 5 * N
    assert spans(after)["a3"] == (1 + 4 * N, 1 + 5 * N)
    assert spans(after)["a2"] == spans(p)["a2"]


def test_actions_stay_where_others_are_in_the_way_of_their_clips():
    p = project(4, actions=2)  # a5 and a6 lie behind the last clip
    after = edits.move_together(p, ["clip4"], [], N)
    assert clips(after)["clip4"] == 1 + 4 * N and spans(after) == spans(p)


def test_blocks_may_step_into_each_others_place():
    p = project(4)
    after = edits.move_together(p, ["clip2", "clip3", "clip4"], [], 3)
    assert [c.start for c in after.tracks[0].clips] == [0, 1, 16, 28, 40]


@pytest.mark.parametrize(
    ("chosen", "by"),
    [
        (((), ("a1", "a2")), 5),  # onto a3
        (((), ("a1", "a3")), -2),  # before the beginning
        ((("clip2", "clip3"), ()), 6),  # onto clip 4
        ((("start", "clip1"), ()), -1),
        (((), ("gone",)), 5),
        ((("gone",), ()), 5),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(chosen, by):
    with pytest.raises(EditError, match=r"\.$"):
        edits.move_together(project(4), *chosen, by)


def test_a_locked_track_is_not_changed():
    p = project(4)
    p = replace(p, tracks=(replace(p.tracks[0], locked=True),))
    with pytest.raises(EditError, match="locked"):
        edits.move_together(p, ["clip4"], [], N)


@pytest.mark.parametrize(
    ("chosen", "index", "order"),
    [
        (["clip3", "clip4"], 1, ["start", "clip3", "clip4", "clip1", "clip2"]),
        (["clip1", "clip2"], 3, ["start", "clip3", "clip4", "clip1", "clip2"]),
        (["clip1", "clip4"], 2, ["start", "clip2", "clip1", "clip4", "clip3"]),
        (["clip2", "clip3"], 2, ["start", "clip1", "clip2", "clip3", "clip4"]),
        (["clip4", "clip1"], 99, ["start", "clip2", "clip3", "clip1", "clip4"]),
    ],
)
def test_clips_are_put_side_by_side_and_keep_their_order(chosen, index, order):
    after = edits.reorder_clips(project(4), chosen, index)
    assert [c.id for c in after.tracks[0].clips] == order
    starts = [c.start for c in after.tracks[0].clips]
    assert starts == [0, *(1 + i * N for i in range(4))]  # no gap, no overlap
    above = {a.start: a.id[1:] for a in after.actions}
    assert all(above[c.start] == c.id[4:] for c in after.tracks[0].clips[1:])  # actions went along
