from __future__ import annotations

from app.state.selection import Selection
from tests.app.timeline.sample import project


def test_selection_says_so_once_a_change(qtbot):
    selection = Selection()
    heard = []
    selection.changed.connect(lambda: heard.append((selection.clips, selection.actions)))
    selection.set(clips=["a", "b"])
    selection.set(clips=["b", "a"])
    selection.toggle_clip("a")
    selection.add(actions=["x"])
    assert heard == [({"a", "b"}, set()), ({"b"}, set()), ({"b"}, {"x"})]
    selection.clear()
    assert selection.empty


def test_selection_forgets_what_is_gone(qtbot):
    selection = Selection()
    selection.set(clips=["clip1", "gone"], actions=["a1", "gone"], take="gone")
    selection.prune(project(2))
    assert (selection.clips, selection.actions, selection.take) == ({"clip1"}, {"a1"}, None)
