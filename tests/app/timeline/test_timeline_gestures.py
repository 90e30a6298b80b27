"""Every gesture with real events: what is asked for, and that Esc asks for nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.timeline.drops import ACTION_MIME
from core.project.model import ActionSpan, Track
from tests.app.timeline.conftest import Ear, Hands
from tests.app.timeline.sample import N, project

Ctrl, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
MID = 1 + N + N // 2  # the middle of chunk 2


def test_hits(view, hands):
    hit = view.pointer.hit
    assert (hit(hands.at(MID)).kind, hit(hands.at(MID)).id) == ("clip", "clip2")
    assert hit(hands.at(1 + N) + QPointF(2, 0)).edge == "left"
    assert hit(hands.at(1 + 2 * N) - QPointF(2, 0)).edge == "right"
    assert hit(hands.at(MID, "actions")).id == "a2"
    assert hit(hands.at(5, "ruler")).kind == "ruler"
    assert hit(hands.at(1 + N, "memory")).id == "c1t1"
    assert hit(hands.at(1 + N + 6, "memory")).kind == "empty"
    assert hit(hands.at(90)).kind == "empty"
    marker = hands.at(25, "ruler")
    marker.setY(30)
    assert (hit(marker).kind, hit(marker).id) == ("marker", "m1")


def test_click_selects_and_modifiers_add(view, hands, ear):
    hands.click(hands.at(MID))
    assert view.selection.clips == {"clip2"}
    hands.click(hands.at(MID + N), modifiers=Ctrl)
    hands.click(hands.at(MID, "actions"), modifiers=Shift)
    assert view.selection.clips == {"clip2", "clip3"}
    assert view.selection.actions == {"a2"}
    hands.click(hands.at(MID + N), modifiers=Ctrl)
    assert view.selection.clips == {"clip2"}
    hands.click(hands.at(90))
    assert view.selection.empty
    assert ear.take() == []


def test_clicking_one_of_several_selected_narrows_only_without_a_drag(view, hands):
    view.selection.set(clips=["clip1", "clip2"])
    hands.press(hands.at(MID))
    assert view.selection.clips == {"clip1", "clip2"}
    hands.release(hands.at(MID))
    assert view.selection.clips == {"clip2"}


def test_scrubbing(view, hands, ear):
    hands.drag(hands.at(3, "ruler"), hands.at(20, "ruler"))
    frames = [heard[1] for heard in ear.take()]
    assert frames[0] == 3 and frames[-1] == 20


def test_rubber_band(view, hands):
    hands.drag(hands.at(70, "memory"), hands.at(MID, "actions"))
    assert view.selection.clips == {"clip2", "clip3", "clip4"}
    assert view.selection.actions == {"a2", "a3", "a4"}


def test_rubber_band_gives_back_what_was_selected_on_esc(view, hands):
    view.selection.set(clips=["clip1"])
    hands.drag(hands.at(70), hands.at(MID), modifiers=Shift, drop=False)
    assert len(view.selection.clips) == 4
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.selection.clips == {"clip1"}


def test_a_clip_dropped_on_others_takes_a_place_in_the_order(view, hands, ear):
    hands.drag(hands.at(MID + 2 * N), hands.at(MID))
    (heard,) = ear.take()
    assert heard[0] == "clip_move_requested"
    assert heard[1] == "clip4" or heard[1] == "clip4"
    assert heard[3] == 2 and heard[4] == "v1"
    hands.drag(hands.at(MID), hands.at(MID + N + 4))
    assert [h[1:4:2] for h in ear.take()] == [("clip2", 3)]


def test_a_clip_dropped_on_free_ground_goes_there_and_snaps(view, hands, ear):
    view.set_playhead(70)
    hands.drag(hands.at(MID + 2 * N), hands.at(70 + N / 2 + 0.6))
    assert ear.take() == [("clip_move_requested", "clip4", 70, -1, "v1")]
    view.set_snapping(False)
    ear.take()
    hands.drag(hands.at(MID + 2 * N), hands.at(70 + N / 2 + 0.6))
    assert ear.take() == [("clip_move_requested", "clip4", 71, -1, "v1")]


def test_a_clip_dropped_where_it_was_asks_for_nothing(view, hands, ear):
    hands.drag(hands.at(MID), hands.at(MID + 1))
    assert ear.take() == []


def test_a_clip_moves_to_another_track_but_not_to_a_locked_one(make_view):
    p = project(4)
    p = replace(p, tracks=(*p.tracks, Track("v2", "Video 2"), Track("v3", "Video 3", locked=True)))
    view = make_view(p)
    view.resize(1000, 520)
    hands, ear = Hands(view), Ear(view)
    hands.drag(hands.at(MID), hands.at(MID + 30, track="v2"))
    assert ear.take() == [("clip_move_requested", "clip2", 43, -1, "v2")]
    hands.drag(hands.at(MID + 2 * N), hands.at(80, track="v3"))
    assert [h[4] for h in ear.take()] == ["v1"]


def test_locked_tracks_can_be_selected_and_not_moved(make_view):
    p = project(4)
    view = make_view(replace(p, tracks=(replace(p.tracks[0], locked=True),)))
    hands, ear = Hands(view), Ear(view)
    hands.drag(hands.at(MID), hands.at(80))
    assert ear.take() == [] and view.selection.clips == {"clip2"}
    view.set_tool("blade")
    hands.click(hands.at(MID))
    assert [h[0] for h in ear.take()] == ["tool_changed"]


@pytest.mark.parametrize("ripple", [False, True])
def test_trimming(view, hands, ear, ripple):
    held = Shift if ripple else Qt.KeyboardModifier.NoModifier
    view.set_snapping(False)
    ear.take()
    edge = hands.at(1 + 2 * N) - QPointF(2, 0)
    hands.drag(edge, edge - QPointF(4 * 8, 0), modifiers=held)
    assert ear.take() == [("clip_trim_requested", "clip2", 0, N - 4, ripple)]
    edge = hands.at(1 + N) + QPointF(2, 0)
    hands.drag(edge, edge + QPointF(3 * 8, 0), modifiers=held)
    assert ear.take() == [("clip_trim_requested", "clip2", 3, N, ripple)]
    hands.drag(
        edge, edge - QPointF(9 * 8, 0), modifiers=held
    )  # there is nothing before its frame 0
    assert ear.take() == []


def test_the_blade_splits_where_it_is_clicked(view, hands, ear):
    QTest.keyClick(view, Qt.Key.Key_B)
    hands.hover(hands.at(MID + 0.2))
    assert view.pointer.blade == MID
    hands.click(hands.at(MID + 0.2))
    hands.click(hands.at(1 + N) + QPointF(1, 0))  # an edge: nothing to cut
    QTest.keyClick(view, Qt.Key.Key_V)
    assert ear.take() == [
        ("tool_changed", "blade"),
        ("clip_split_requested", "clip2", MID),
        ("tool_changed", "select"),
    ]


def test_actions_move_resize_and_stay_off_each_other(make_view):
    p = project(4)
    spans = (ActionSpan("a", "walk", 1, 13), ActionSpan("b", "turn", 25, 37))
    view = make_view(replace(p, actions=spans))
    hands, ear = Hands(view), Ear(view)
    hands.drag(hands.at(7, "actions"), hands.at(7 + 11.5, "actions"))
    assert ear.take() == [("action_move_requested", "a", 13)]  # stuck to the chunk boundary
    hands.drag(hands.at(7, "actions"), hands.at(24, "actions"))
    assert ear.take() == [("action_move_requested", "a", 13)]  # no room nearer than that
    right = hands.at(13, "actions") - QPointF(2, 0)
    hands.drag(right, right + QPointF(8 * 30, 0))
    assert ear.take() == [("action_resize_requested", "a", 1, 25)]  # up to the next one
    left = hands.at(25, "actions") + QPointF(2, 0)
    hands.drag(left, left + QPointF(8 * 5, 0))
    assert ear.take() == [("action_resize_requested", "b", 30, 37)]


@pytest.mark.parametrize(
    "grab, drop",
    [
        (("track", MID, 0), 80),
        (("actions", MID, 0), 80),
        (("track", 1 + 2 * N, -2), 30),
        (("actions", 1 + 2 * N, -2), 30),
    ],
)
def test_esc_cancels_a_drag(view, hands, ear, grab, drop):
    lane, frame, off = grab
    hands.drag(hands.at(frame, lane) + QPointF(off, 0), hands.at(drop, lane), drop=False)
    assert view.pointer.gesture is not None and view.pointer.gesture.begun
    view.grab()  # its ghost can be painted
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.pointer.gesture is None
    hands.release(hands.at(drop, lane))
    assert ear.take() == []


def test_a_drag_is_dropped_when_the_document_changes_under_it(view, hands, ear):
    hands.drag(hands.at(MID), hands.at(80), drop=False)
    view.set_project(project(1))
    hands.release(hands.at(80))
    assert ear.take() == [] and view.selection.empty


def test_double_click_writes_a_new_action_in_one_step(make_view, qtbot):
    view = make_view(replace(project(4), actions=()))
    hands, ear = Hands(view), Ear(view)
    hands.double_click(hands.at(MID, "actions"))
    assert ear.take() == []  # nothing is asked for before there are words
    qtbot.keyClicks(view.editor.field, "turn  left ")
    qtbot.keyClick(view.editor.field, Qt.Key.Key_Return)
    assert ear.take() == [("action_add_requested", 1 + N, 1 + 2 * N, "turn left")]
    assert view.editor is None
    hands.double_click(hands.at(0, "actions"))  # over the start: what comes after it
    qtbot.keyClicks(view.editor.field, "walk")
    qtbot.keyClick(view.editor.field, Qt.Key.Key_Return)
    assert ear.take() == [("action_add_requested", 1, 1 + N, "walk")]
    hands.double_click(hands.at(51, "actions"))  # behind the end: the chunk that will be made
    qtbot.keyClicks(view.editor.field, "x")
    qtbot.keyClick(view.editor.field, Qt.Key.Key_Escape)
    assert ear.take() == [] and view.editor is None


def test_words_are_edited_in_place(view, hands, ear, qtbot):
    hands.double_click(hands.at(MID, "actions"))
    assert view.editor.field.text() == "walk forward"
    qtbot.keyClicks(view.editor.field, "step left")
    hands.click(hands.at(90))  # leaving keeps the words
    assert ear.take() == [("action_text_edited", "a2", "step left")]
    view.edit_action("a3")
    qtbot.keyClick(view.editor.field, Qt.Key.Key_Return)  # unchanged
    assert ear.take() == []
    view.edit_action("a3")
    view.set_project(replace(view.project, actions=view.project.actions[:2]))
    assert view.editor is None  # the action is gone


def drop(view, mime: QMimeData, at: QPointF) -> QDropEvent:
    args = (
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view.viewport(), QDragEnterEvent(at.toPoint(), *args))
    event = QDropEvent(at, *args)
    QApplication.sendEvent(view.viewport(), event)
    return event


def test_a_verb_dropped_makes_a_block_where_there_is_room(view, hands, ear):
    mime = QMimeData()
    mime.setData(ACTION_MIME, b"turn left")
    assert drop(view, mime, hands.at(52)).isAccepted()
    assert ear.take() == [("action_add_requested", 49, 61, "turn left")]
    drop(view, mime, hands.at(MID, "actions"))  # taken: the nearest free place
    assert ear.take() == [("action_add_requested", 49, 61, "turn left")]
    assert view.drops.dropping is None


def test_files_can_be_dropped(view, hands, ear, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.png")), QUrl("https://example.org/b.png")])
    drop(view, mime, hands.at(30))
    assert ear.take() == [("files_dropped", [str(tmp_path / "a.png")], 30)]
    words = QMimeData()
    words.setText("nothing of ours")
    assert not drop(view, words, hands.at(30)).isAccepted()
    assert ear.take() == []


def test_memory_markers_and_the_range(view, hands, ear):
    hands.click(hands.at(1 + N, "memory"))
    marker = hands.at(25, "ruler")
    marker.setY(30)
    hands.click(marker)
    hands.drag(marker, marker + QPointF(8 * 6, 0))
    assert ear.take() == [
        ("memory_point_clicked", "c1t1"),
        ("seek_requested", 25),
        ("marker_move_requested", "m1", 31),
    ]
    view.set_project(replace(view.project, in_point=13, out_point=37))
    hands.drag(hands.at(37, "ruler"), hands.at(45, "ruler"))
    assert ear.take() == [("in_out_requested", 13, 45)]


def test_context_menus_say_what_they_are_about(view, hands, ear):
    for at, kind, name in (
        (hands.at(MID), "clip", "clip2"),
        (hands.at(MID, "actions"), "action", "a2"),
        (hands.at(1 + N, "memory"), "memory", "c1t1"),
        (hands.at(90, "actions"), "actions", ""),
        (hands.at(5, "ruler"), "ruler", ""),
    ):
        where = view.viewport().mapToGlobal(at.toPoint())
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at.toPoint(), where)
        QApplication.sendEvent(view.viewport(), event)
        assert ear.take() == [("context_menu_requested", kind, name, where)]
    assert view.selection.actions == {"a2"}


def test_another_button_ends_no_drag_and_opens_no_menu(view, hands, ear):
    right, middle = Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
    at, there = hands.at(MID + 2 * N), hands.at(MID)
    hands.drag(at, there, drop=False)
    hands.press(there, right)
    where = view.viewport().mapToGlobal(there.toPoint())
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, there.toPoint(), where)
    QApplication.sendEvent(view.viewport(), event)
    hands.release(there, right)
    assert ear.take() == [] and view.pointer.gesture is not None
    hands.release(there)
    assert [h[:2] for h in ear.take()] == [("clip_move_requested", "clip4")]
    # With the wheel held a click selects nothing, and the view still goes along.
    view.set_zoom(20)
    view.selection.clear()
    hands.drag(QPointF(400, 120), QPointF(340, 120), middle, drop=False)
    left = view.scale.left
    hands.double_click(QPointF(340, 120))
    hands.move(QPointF(300, 120), middle)
    assert view.scale.left > left and view.selection.empty and ear.take() == []
    hands.release(QPointF(300, 120), middle)
    assert view.pointer.gesture is None


def test_header_switches_and_height(view, ear):
    buttons = view.header._rows["v1"]
    buttons.mute.click()
    buttons.lock.click()
    before = view.lane_of_track("v1").height  # it fills the room until one is chosen
    edge = QPoint(40, int(view.lane_rect(view.lane_of_track("v1")).bottom()))
    QTest.mousePress(view.header, Qt.MouseButton.LeftButton, pos=edge)
    QTest.mouseMove(view.header, edge + QPoint(0, -30))
    assert view.lane_of_track("v1").height == before - 30
    QTest.mouseClick(view.header, Qt.MouseButton.RightButton, pos=edge)  # ends nothing
    at = edge + QPoint(0, -50)
    menu = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.header.mapToGlobal(at))
    QApplication.sendEvent(view.header, menu)
    QTest.mouseRelease(view.header, Qt.MouseButton.LeftButton, pos=edge + QPoint(0, -30))
    assert ear.take() == [
        ("track_change_requested", "v1", {"muted": True}),
        ("track_change_requested", "v1", {"locked": True}),
        ("track_change_requested", "v1", {"height": before - 30}),
    ]


# -- several at once -----------------------------------------------------------------------------


def test_a_drag_moves_every_selected_action_and_snaps(view, hands, ear):
    view.set_playhead(66)
    view.selection.set(actions=["a2", "a4"])
    ear.take()
    # a2 begins at 13, a4 ends at 49: moved so that a2 begins at the playhead
    hands.drag(hands.at(MID, "actions"), hands.at(66 + N / 2 + 0.5, "actions"))
    assert ear.take() == [("together_move_requested", [], ["a2", "a4"], 53)]
    assert view.selection.actions == {"a2", "a4"}


def test_a_drag_of_several_stops_where_there_is_no_room(view, hands, ear):
    view.set_snapping(False)
    view.selection.set(actions=["a1", "a2"])
    ear.take()
    hands.drag(hands.at(MID, "actions"), hands.at(MID + 5, "actions"))  # a3 is in the way
    assert ear.take() == []
    hands.drag(hands.at(MID, "actions"), hands.at(MID - 9, "actions"))  # one frame before a1
    assert ear.take() == [("together_move_requested", [], ["a1", "a2"], -1)]


def test_clips_and_actions_move_together(view, hands, ear):
    view.selection.set(clips=["clip3", "clip4"], actions=["a3", "a4"])
    ear.take()
    hands.drag(hands.at(MID + N), hands.at(MID + 5 * N))
    assert ear.take() == [("together_move_requested", ["clip3", "clip4"], ["a3", "a4"], 4 * N)]


def test_clips_held_over_others_take_a_place_side_by_side(view, hands, ear):
    view.selection.set(clips=["clip3", "clip4"])
    ear.take()
    hands.drag(hands.at(MID + N), hands.at(MID - 2))
    assert ear.take() == [("together_order_requested", ["clip3", "clip4"], 2)]


def test_esc_gives_up_a_drag_of_several(view, hands, ear):
    view.selection.set(actions=["a2", "a4"])
    ear.take()
    hands.drag(hands.at(MID, "actions"), hands.at(80, "actions"), drop=False)
    assert view.hides_action("a2") and view.hides_action("a4")
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert ear.take() == [] and not view.hides_action("a2")
    assert view.grab().toImage() is not None


def test_locked_clips_stay_when_others_are_dragged(make_view):
    p = project(4)
    other = Track("v2", "Video 2", (replace(p.tracks[0].clips[1], id="x", start=70),), locked=True)
    view = make_view(replace(p, tracks=(*p.tracks, other)))
    view.resize(1000, 520)
    hands, ear = Hands(view), Ear(view)
    view.selection.set(clips=["clip4", "x"])
    hands.drag(hands.at(MID + 2 * N), hands.at(MID + 4 * N))
    assert ear.take() == [("together_move_requested", ["clip4"], [], 2 * N)]
