import pytest

from core.project import edits, queries
from core.project.edits import EditError
from core.project.model import ActionPart
from tests.project.parts import empty


def lane(p):
    return [(s.text, s.start, s.end) for s in p.actions]


def two():
    p = edits.add_action(empty(), "walk forward", 8, 16, id="a")
    return edits.add_action(p, "turn left", 16, 20, id="b")


def test_actions_are_kept_in_order():
    p = edits.add_action(two(), "look up", 0, 8, id="c")
    assert lane(p) == [("look up", 0, 8), ("walk forward", 8, 16), ("turn left", 16, 20)]


@pytest.mark.parametrize("start, end", [(4, 9), (8, 16), (10, 12), (19, 30), (0, 40)])
def test_actions_never_overlap(start, end):
    with pytest.raises(EditError, match="already there"):
        edits.add_action(two(), "jump", start, end)


def test_overwrite_cuts_what_is_there():
    p = edits.add_action(two(), "jump", 10, 18, overwrite=True)
    assert lane(p) == [("walk forward", 8, 10), ("jump", 10, 18), ("turn left", 18, 20)]
    p = edits.add_action(two(), "jump", 10, 12, overwrite=True)
    assert lane(p)[:3] == [("walk forward", 8, 10), ("jump", 10, 12), ("walk forward", 12, 16)]
    assert len({s.id for s in p.actions}) == 4


@pytest.mark.parametrize(
    "text, start, end, says",
    [
        ("", 0, 4, "Write what"),
        (" \n ", 0, 4, "Write what"),
        ("x" * 501, 0, 4, "too long"),
        ("go", 4, 4, "one frame"),
        ("go", 5, 4, "one frame"),
        ("go", -1, 4, "before the timeline"),
        ("go", 0, 10**10, "beyond"),
    ],
)
def test_bad_actions_are_refused_in_words(text, start, end, says):
    with pytest.raises(EditError, match=says):
        edits.add_action(empty(), text, start, end)


def test_text_is_one_clean_line():
    p = edits.add_action(empty(), "  walk\n\tfor\x00ward \ud800", 0, 4)
    assert p.actions[0].text == "walk for ward"


def test_move_resize_text_delete_split():
    p = edits.move_action(two(), "b", 30)
    assert lane(p)[1] == ("turn left", 30, 34)
    with pytest.raises(EditError):
        edits.move_action(p, "b", 12)
    p = edits.resize_action(p, "a", 2, 10)
    p = edits.set_action_text(p, "a", "run")
    assert lane(p)[0] == ("run", 2, 10)
    p = edits.split_action(p, "a", 5)
    assert lane(p)[:2] == [("run", 2, 5), ("run", 5, 10)]
    assert p.actions[0].id == "a" and p.actions[1].id != "a"
    assert lane(edits.delete_action(p, "a")) == [("run", 5, 10), ("turn left", 30, 34)]
    for edit in (edits.delete_action, lambda p, i: edits.split_action(p, i, 3)):
        with pytest.raises(EditError, match="no longer"):
            edit(p, "nobody")
    with pytest.raises(EditError):
        edits.split_action(p, "a", 2)


def test_the_last_action_in_a_chunk_fills_it():
    p = two()
    assert queries.action_parts(p, 8, 8) == (ActionPart("walk forward", 8),)
    assert queries.action_parts(p, 12, 6) == (
        ActionPart("walk forward", 4),
        ActionPart("turn left", 2),
    )
    assert queries.action_parts(p, 16, 8) == (ActionPart("turn left", 8),)
    assert queries.action_parts(p, 4, 8) == (ActionPart("", 4), ActionPart("walk forward", 4))
    assert queries.action_parts(p, 20, 8) == (ActionPart("", 8),)
    gap = edits.add_action(p, "jump", 24, 26)
    assert queries.action_parts(gap, 18, 8) == (
        ActionPart("turn left", 2),
        ActionPart("", 4),
        ActionPart("jump", 2),
    )


def test_neighbours_with_one_text_are_one_part():
    p = edits.split_action(two(), "a", 12)
    assert queries.action_parts(p, 8, 8) == (ActionPart("walk forward", 8),)
