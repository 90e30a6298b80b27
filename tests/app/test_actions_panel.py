"""The Actions panel: what is typed is kept while the project is shown anew; what Generate says."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.panels.actions_panel import may_follow
from core.project import queries


@pytest.fixture
def selected(opened):
    """With one action that is selected, and the field that shows its words in focus."""
    h = opened
    h.w.editing.add_action(1, 9, "walk forward")
    h.settle()
    h.w.activateWindow()
    h.w.actions_panel.text.setFocus()
    h.until(h.w.actions_panel.text.hasFocus)
    return h


def said(h) -> list[str]:
    return [a.text for a in h.p.actions]


def test_the_scene_can_be_typed_with_a_pause_behind_a_space(opened, qtbot):
    h, scene = opened, opened.w.actions_panel.scene
    scene.setFocus()
    scene.selectAll()
    qtbot.keyClicks(scene, "a quiet ")
    h.until(lambda: h.p.scene == "a quiet")
    h.settle()
    qtbot.keyClicks(scene, "corridor")
    assert scene.toPlainText() == "a quiet corridor"
    h.until(lambda: h.p.scene == "a quiet corridor")
    h.w.document.undo()  # the one step of all that was written
    h.settle()
    assert scene.toPlainText() == h.p.scene == "a small room"


def test_undo_reaches_the_scene_also_at_once(opened):
    h, panel = opened, opened.w.actions_panel
    panel.scene.setPlainText("a quiet corridor")
    panel.flush()
    assert h.p.scene == "a quiet corridor"
    h.w.document.undo()
    h.settle()
    assert panel.scene.toPlainText() == h.p.scene == "a small room"


def test_a_scene_that_was_not_sent_yet_stays_with_its_project(opened, qtbot, picture_file):
    h, scene = opened, opened.w.actions_panel.scene
    first = h.w.document.folder
    scene.setFocus()
    scene.selectAll()
    qtbot.keyClicks(scene, "a hall")
    h.open_sample(picture_file, "Another room")
    assert scene.toPlainText() == h.p.scene == "a small room"
    h.w.projects.open(first)
    h.settle()
    assert scene.toPlainText() == h.p.scene == "a hall"


def test_words_of_a_selected_action_stay_until_they_are_kept(selected, qtbot):
    h, field = selected, selected.w.actions_panel.text
    field.selectAll()
    qtbot.keyClicks(field, "turn le")
    h.trigger("verb_3")  # a change of the project
    h.w.selection.changed.emit()  # and what else shows the selection anew
    h.settle()
    assert field.text() == "turn le" and said(h)[0] == "walk forward"
    h.w.refresh.moved(h.w.transport.frame)
    qtbot.keyClicks(field, "ft ")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    h.settle()
    assert said(h)[0] == "turn left" and field.text() == "turn left "
    h.w.document.undo()
    h.settle()
    assert said(h)[0] == field.text() == "walk forward", "what is not being written follows"


def test_the_playhead_in_another_clip_leaves_what_is_typed(selected, qtbot):
    h, field = selected, selected.w.actions_panel.text
    h.trigger("auto_accept")
    h.trigger("generate")
    h.wait_idle()
    h.w.selection.set(actions=[h.p.actions[0].id])
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "look up")
    for clip in queries.track_clips(h.p):
        h.w.transport.seek(clip.start)
        h.settle()
    assert field.text() == "look up"


def test_leaving_keeps_the_words_and_escape_drops_them(selected, qtbot):
    h, panel = selected, selected.w.actions_panel
    panel.text.selectAll()
    qtbot.keyClicks(panel.text, "look up")
    qtbot.keyClick(panel.text, Qt.Key.Key_Escape)
    assert said(h) == ["walk forward"]
    panel.text.setFocus()
    panel.text.selectAll()
    qtbot.keyClick(panel.text, Qt.Key.Key_Delete)
    h.w.viewer.setFocus()
    assert said(h) == ["walk forward"] and panel.text.text() == "walk forward"
    panel.text.setFocus()
    panel.text.selectAll()
    qtbot.keyClicks(panel.text, "look up")
    h.w.editing.add_action(9, 17, "hold still")  # it is selected from now on
    h.settle()
    assert said(h) == ["look up", "hold still"] and panel.text.text() == "hold still"
    h.w.editing.set_text(h.p.actions[1].id, "turn left")
    h.w.selection.clear()  # before the field has heard of it
    h.settle()
    assert said(h) == ["look up", "turn left"]


def test_generate_rests_while_there_is_nothing_more_to_make(opened):
    h = opened
    action, button = h.w.actions_table["generate"], h.w.actions_panel.generate
    h.trigger("auto_accept")
    h.w.editing.add_action(1, 1 + 8 * h.p.chunk_frames, "walk forward")
    h.trigger("generate")
    h.until(lambda: h.w.queue.active is not None)
    h.trigger("pause")
    h.settle()
    assert button.text() == "Generating…"
    h.w.selection.set(clips=[h.p.tracks[0].clips[0].id])
    h.w.selection.clear()
    h.w.transport.seek(0)
    assert not action.isEnabled() and not button.isEnabled()
    h.trigger("verb_1")
    h.settle()
    assert action.isEnabled() and button.isEnabled()
    h.trigger("cancel")
    h.wait_idle()
    assert action.isEnabled()
    h.w.projects.close()
    h.settle()
    assert not action.isEnabled()


def test_a_fixed_seed_can_be_read(opened):
    amounts = opened.w.actions_panel.amounts
    amounts.fix_seed(2_147_483_647)
    opened.settle()
    field = amounts.seed.lineEdit()
    assert field.isVisible()
    assert field.width() >= field.fontMetrics().horizontalAdvance(field.text())


@pytest.mark.parametrize(
    ("field", "now", "follows"),
    [("a hall", "a room", True), ("a  hall ", "a room", True), ("a hall", "a hall", False),
     ("a hall with", "a room", False), ("", "a room", False)],
)  # fmt: skip
def test_a_field_follows_only_what_nobody_touched(field, now, follows):
    assert may_follow(field, "a hall", now) == follows
