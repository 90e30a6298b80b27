"""Episodes merged in the window: selected, weighed, undone, refused with words."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QDialog

from core.memory.episode import peek_episode
from core.project import queries
from tests.app.test_episodes import learned, save  # noqa: F401  (a fixture)


@pytest.fixture
def two(learned):  # noqa: F811
    """With two saved episodes, both selected."""
    save(learned, "Hall")
    learned.trigger("generate")
    learned.wait_idle()
    save(learned, "Kitchen")
    learned.w.notices.clear()
    learned.w.show_panel("episodes")
    learned.w.episodes_panel.rows.list.selectAll()
    learned.settle()
    return learned


def dialog(h):
    return next((d for d in h.w.findChildren(QDialog) if d.isVisible()), None)


def test_two_become_a_third_that_can_be_continued(two):
    h = two
    panel = h.w.episodes_panel
    assert panel._merge.isVisible() and not panel._load.isVisible()
    assert panel._hint.text() == "2 episodes selected."
    h.trigger("episode_merge")
    d = dialog(h)
    assert d.name == "Hall and Kitchen" and d.weights == [0.5, 0.5] and d.go.isEnabled()
    d.rows[0].slider.setValue(70)
    d.rows[1].box.setValue(30)
    assert d.rows[0].box.value() == 70 and d.rows[1].slider.value() == 30
    d.go.click()
    h.until(lambda: len(h.p.episodes) == 3)
    h.settle()
    made = h.p.episodes[-1]
    assert made.name == "Hall and Kitchen" and made.chunks == 3
    assert [(m.name, m.weight) for m in made.merged] == [("Hall", 0.7), ("Kitchen", 0.3)]
    assert peek_episode(h.w.document.folder / made.path).merged == made.merged
    assert panel.rows.selected == [made.id] and panel._load.isVisible()
    row = panel.rows.list.item(2)
    assert "Merged from Hall (70 %), Kitchen (30 %)" in row.toolTip()
    notice = h.w.notices.current
    assert "Merged from “Hall” (70 %)" in notice.kept

    assert notice.fixes[0][0] == "Continue with it"
    notice.fixes[0][1]()
    h.until(lambda: bool(h.p.memory_bases))
    h.settle()
    h.trigger("generate")
    h.wait_idle()
    last = h.p.takes[queries.tip(h.p).take]
    assert last.snapshot_in in h.p.memory_bases.values() and last.learning.skipped is None


def test_merging_is_undone_and_done_again(two):
    h = two
    h.w.merging.merge([e.id for e in h.p.episodes], [1.0, 0.5], "Both")
    h.until(lambda: len(h.p.episodes) == 3)
    assert h.w.document.stack.undoText() == "Merge episodes into “Both”"
    h.w.document.undo()
    h.settle()
    assert [e.name for e in h.p.episodes] == ["Hall", "Kitchen"]
    assert len(h.w.episodes_panel.rows.ids()) == 2
    h.w.document.redo()
    assert [e.name for e in h.p.episodes] == ["Hall", "Kitchen", "Both"]
    assert peek_episode(h.w.document.folder / h.p.episodes[-1].path).name == "Both"


def test_a_renamed_episode_is_called_by_its_name(two):
    h = two
    h.w.episodes.rename(h.p.episodes[0].id, "Great hall")
    h.w.merging.merge([e.id for e in h.p.episodes], [1, 1], "Both")
    h.until(lambda: len(h.p.episodes) == 3)
    assert h.p.episodes[-1].merged[0].name == "Great hall"


def test_the_dialog_says_what_is_missing(two):
    two.trigger("episode_merge")
    d = dialog(two)
    d.rows[0].slider.setValue(0)
    assert d.go.isEnabled() and d.message.text() == "Left out: Hall."
    assert d.chosen(["a", "b"]) == (["a", "b"], [0.0, 0.5])  # one alone is no merge
    d.rows[1].slider.setValue(0)
    assert not d.go.isEnabled() and "Nothing would be left" in d.message.text()
    d.rows[0].slider.setValue(90)
    d.rows[1].slider.setValue(20)
    assert d.go.isEnabled() and "Beyond 100 %" in d.message.text()
    d._name.setText("  ")
    assert not d.go.isEnabled() and "name" in d.message.text()
    d.reject()
    assert len(two.p.episodes) == 2


def test_the_suggested_name_follows_those_that_count(two, qtbot):
    h = two
    h.w.merging.merge([e.id for e in h.p.episodes], [1.0, 0.5], "Yard")
    h.until(lambda: len(h.p.episodes) == 3)
    h.settle()
    h.w.episodes_panel.rows.list.selectAll()
    h.trigger("episode_merge")
    d = dialog(h)
    assert d.name == "Hall, Kitchen and Yard"
    d.rows[0].slider.setValue(0)
    assert d.name == "Kitchen and Yard"
    d.rows[1].box.setValue(0)
    assert d.name == "Yard 2", "an episode is called Yard already"
    d.rows[0].slider.setValue(10)
    assert d.name == "Hall and Yard"
    d.rows[1].slider.setValue(10)
    assert d.name == "Hall, Kitchen and Yard"
    qtbot.keyClicks(d._name, "Ours")  # all of what is suggested is selected
    d.rows[0].slider.setValue(0)
    assert d.name == "Ours"
    d.go.click()
    h.until(lambda: len(h.p.episodes) == 4)
    assert h.p.episodes[-1].name == "Ours"
    assert [m.name for m in h.p.episodes[-1].merged] == ["Kitchen", "Yard"]


def test_what_to_do_first_is_said(two, opened):
    h, rows = two, two.w.episodes_panel.rows
    rows.select(h.p.episodes[0].id)
    assert h.w.merging.to_merge(rows.selected) == list(h.p.episodes)  # there are but two
    h.w.merging.merge([e.id for e in h.p.episodes], [1, 1], "Both")
    h.until(lambda: len(h.p.episodes) == 3)
    h.settle()
    assert h.w.merging.to_merge(rows.selected) == []
    assert "Select two or more" in h.w.notices.current.text
    h.trigger("episode_merge")
    assert dialog(h) is None
    h.w.document.undo()
    h.w.document.undo()
    assert h.w.merging.to_merge([]) == [] and "two saved episodes" in h.w.notices.current.text


def test_other_worlds_and_damage_are_refused_with_words(two):
    h = two
    hall, kitchen = h.p.episodes
    other = replace(kitchen, world_hash="b" * 64)
    h.w.document.do("x", lambda p: replace(p, episodes=(hall, other)))
    assert h.w.merging.to_merge([hall.id, kitchen.id]) == []
    assert "different worlds" in h.w.notices.current.text
    h.w.document.undo()
    path = h.w.document.folder / kitchen.path
    path.write_bytes(path.read_bytes()[:-40])
    h.trigger("episode_merge")
    d = dialog(h)
    d.go.click()
    h.until(lambda: "Nothing was merged" in d.message.text())
    assert d.isVisible() and d.go.isEnabled() and not d.bar.isVisible()
    assert len(h.p.episodes) == 2
    d.reject()


def test_it_can_be_stopped(two, monkeypatch):
    h = two
    before = sorted((h.w.document.folder / "episodes").iterdir())
    h.trigger("episode_merge")
    d = dialog(h)
    held = threading.Event()  # the work waits where a large memory takes its time
    from core.memory import merging

    summed = merging.summed
    monkeypatch.setattr(merging, "summed", lambda *a: held.wait(20) and summed(*a))
    d.go.click()
    assert d.bar.isVisible() and not d.go.isEnabled() and d.cancel.text() == "Stop"
    h.until(lambda: d.bar.value() >= 20)
    d.cancel.click()
    held.set()
    h.until(lambda: not d.bar.isVisible())
    assert d.isVisible() and d.go.isEnabled() and d.cancel.text() == "Cancel"
    assert len(h.p.episodes) == 2
    assert sorted((h.w.document.folder / "episodes").iterdir()) == before
    d.cancel.click()
    assert not d.isVisible()


def test_commands_of_one_row_rest_while_several_are_selected(two):
    panel = two.w.episodes_panel
    assert not any(tool.isEnabled() for tool in panel._tools)
    panel._on_current("delete")
    assert len(two.p.episodes) == 2
    one = panel.rows.list.item(0)
    panel.rows.list.setCurrentItem(one, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    assert all(tool.isEnabled() for tool in panel._tools)
    # What is selected stays so when the list is filled again.
    panel.rows.list.selectAll()
    two.w.episodes.rename(two.p.episodes[0].id, "Great hall")
    two.settle()
    assert len(panel.rows.selected) == 2
