"""The view: zoom, scroll, keys, what is repainted, what it says."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.state.walks import Seen
from app.timeline import TimelineColours, TimelineView
from app.timeline.describe import describe_action, describe_clip
from app.timeline.ruler import HEAD
from core.consistency import Drift, Verdict
from core.project.edits import delete_clip
from core.project.model import AT_START, Chunk
from tests.app.timeline.conftest import Ear
from tests.app.timeline.sample import N, crowd, project, take

Ctrl, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_ctrl_wheel_zooms_at_the_pointer(make_view):
    from tests.app.timeline.conftest import Hands

    view = make_view(project(40))
    view.scroll_to(900)
    hands = Hands(view)
    at = QPointF(400, 100)
    for turn in (120, 120, 240, -120, -360, 120):
        before = view.scale.frame(at.x())
        hands.wheel(at, turn, Ctrl)
        assert abs(view.scale.frame(at.x()) - before) * view.scale.ppf <= 1
    left = view.scale.left
    hands.wheel(at, -120)
    assert view.scale.left > left


def test_middle_drag_pans(make_view):
    from tests.app.timeline.conftest import Hands

    view = make_view(project(40))
    view.scroll_to(900)
    Hands(view).drag(QPointF(400, 120), QPointF(340, 120), Qt.MouseButton.MiddleButton)
    assert view.scale.left == pytest.approx(960, abs=1)


def test_fit_shows_everything_and_repeats_itself(make_view):
    view = make_view(project(40, actions=5))
    view.zoom_fit()
    assert view.scale.x(0) >= 0 and view.scale.x(view.index.end) <= view.viewport().width()
    assert view.horizontalScrollBar().maximum() == 0
    ppf = view.scale.ppf
    view.set_zoom(20)
    QTest.keyClick(view, Qt.Key.Key_0, Ctrl)
    assert view.scale.ppf == ppf
    for _ in range(40):
        view.zoom_out()
    assert view.scale.ppf >= ppf / 2.001


class Painted(QObject):
    """The regions of the repaints of a widget."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.regions = []
        widget.installEventFilter(self)

    def eventFilter(self, watched, event) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.regions.append(event.region())
        return False


def test_the_playhead_repaints_only_its_strips(view, qtbot):
    qtbot.wait(60)
    painted = Painted(view.viewport())
    for frame in (10, 11, 30):
        was = view.scale.x(view.playhead)
        view.set_playhead(frame)
        QApplication.processEvents()
        region = painted.regions.pop()
        assert not painted.regions
        area = sum(rect.width() for rect in region)
        assert 0 < area <= 2 * (2 * HEAD + 5)
        assert region.contains(QPointF(was, 100).toPoint())
        assert region.contains(QPointF(view.scale.x(frame), 100).toPoint())


def test_the_view_turns_the_page_with_the_playhead(make_view):
    view = make_view(project(40))
    view.set_playhead(300)
    assert 0 <= view.scale.x(300) <= view.viewport().width()
    view.horizontalScrollBar().setValue(0)  # the artist looks elsewhere
    view.set_playhead(301)
    assert view.scale.left == 0


def test_references_to_none_do_not_drift(make_view):
    """PySide6 6.12 loses one with every void call of a painter: seconds until it aborts."""
    view = make_view(project(20, actions=4))
    view.resize(400, 200)
    view.set_thumbnail_source(lambda asset: None)
    view.selection.set(clips=["clip2"])
    view.set_progress(241, N, 0.3, "Chunk 21")
    for _ in range(20):
        view.viewport().repaint()
    painted = []
    view.lanes.paint, paint = lambda *a: painted.append(1) or paint(*a), view.lanes.paint
    before = sys.getrefcount(None)
    for i in range(3000):
        view.viewport().repaint(0, 0, 60, 200) if i % 4 else view.viewport().repaint()
    assert len(painted) == 3000
    assert abs(sys.getrefcount(None) - before) < 50


def test_keys(view):
    ear = Ear(view)
    view.set_playhead(20)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
        QTest.keyClick(view, key)
    QTest.keyClick(view, Qt.Key.Key_S)
    assert ear.take() == [
        *(("seek_requested", f) for f in (19, 13, 25, 0, 48)),
        ("snapping_changed", False),
    ]
    QTest.keyClick(view, Qt.Key.Key_Right, Ctrl)  # begins at the playhead
    assert view.selection.clips == {"clip2"}
    QTest.keyClick(view, Qt.Key.Key_Right, Ctrl)
    assert view.selection.clips == {"clip3"}
    QTest.keyClick(view, Qt.Key.Key_R)
    QTest.keyClick(view, Qt.Key.Key_Delete, Shift)
    QTest.keyClick(view, Qt.Key.Key_Up, Ctrl)
    assert view.selection.actions == {"a3"}
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert ear.take() == [
        ("redo_requested", "c3"),
        ("delete_requested", ["clip3"], [], True),
        ("delete_requested", [], ["a3"], False),
    ]
    QTest.keyClick(view, Qt.Key.Key_F2)
    assert view.editor.action_id == "a3"
    view.editor.cancel()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.selection.empty
    QTest.keyClick(view, Qt.Key.Key_A, Ctrl)
    assert len(view.selection.clips) == 5 and len(view.selection.actions) == 4


def overrides(view: TimelineView, key: Qt.Key) -> bool:
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    QApplication.sendEvent(view, event)
    return event.isAccepted()


def test_enter_belongs_to_the_action_only_while_no_draft_waits(make_view):
    view = make_view(project(3, draft=True))
    view.selection.set(actions=["a1"])
    assert not overrides(view, Qt.Key.Key_Return)
    assert overrides(view, Qt.Key.Key_F2)
    assert not overrides(view, Qt.Key.Key_Escape)  # nothing is dragged: it is the window's
    view.set_project(project(3, draft=False))
    assert overrides(view, Qt.Key.Key_Return)
    view.selection.clear()
    assert not overrides(view, Qt.Key.Key_Return)


def test_states_are_told_in_words(make_view):
    p = project(4)
    old, new = p.takes["c2t1"], take("c2", 2, p.takes["c2t1"].parent)
    p = replace(
        p,
        takes={**p.takes, new.id: new},
        chunks={**p.chunks, "c2": Chunk("c2", (old.id, new.id), new.id)},
        memory_bases={"c1t1": "", AT_START: "x"},
    )
    view = make_view(p)
    view.set_missing({"c1t1-video"})
    looks = {c.id: view.index.look(c) for c in p.tracks[0].clips}
    assert [looks[f"clip{i}"].state for i in (1, 2, 3, 4)] == [
        "missing",
        "accepted",
        "stale",
        "draft",
    ]
    assert looks["start"].title == "Start" and looks["clip2"].title == "Chunk 2"
    assert looks["clip2"].badge == "2/2" and looks["clip1"].badge == ""
    said = describe_clip(view.index, p.tracks[0].clips[3])
    assert "Made from an earlier version of chunk 2." in said
    assert [(m.frame, m.kind) for m in view.index.memory] == [
        (1, "episode"), (13, "reset"), (25, "learned"), (37, "learned"),
    ]  # fmt: skip
    assert "0.214 → 0.181" in view.index.memory[2].sentence
    short = replace(p.actions[0], end=p.actions[0].start + 4)
    assert "Shorter than a chunk" in describe_action(view.index, short)
    assert "Shorter" not in describe_action(view.index, p.actions[0])
    view.selection.set(clips=["clip3"])
    assert "Stale" in view.accessibleDescription()


def test_planned_chunks_reach_the_last_action(make_view):
    view = make_view(project(2, actions=3))
    assert view.index.planned == [(25, 37), (37, 49), (49, 61)]
    assert view.index.grid_between(0, 1000) == [0, 1, 13, 25, 37, 49, 61]


def colours_at(view: TimelineView, lane: str) -> set[str]:
    rect = view.lane_rect(view.lane_of(lane)).toRect()
    picture = view.viewport().grab(rect).toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(picture.constBits(), np.uint32) & 0xFFFFFF
    return {f"#{value:06x}" for value in np.unique(pixels).tolist()}


def test_selected_and_accent_are_the_same_thing(view):
    accent = view.colours.accent.name()
    assert accent not in colours_at(view, "actions")
    view.selection.set(actions=["a2"])
    assert accent in colours_at(view, "actions")


@pytest.mark.parametrize("ppf", [0.02, 0.4, 2.0, 9.0, 80.0])
def test_a_crowd_can_be_painted_at_every_zoom(make_view, ppf):
    view = make_view(crowd(3, 300), ppf)
    picture = QPixmap(128 * 6, 128)
    picture.fill(QColor("#667788"))
    view.set_thumbnail_source(lambda asset: picture)
    view.selection.set(clips=["x0-50", "x1-3"], actions=["a7"])
    view.set_colours(TimelineColours.light())
    for left in (0, 1e3, 1e9):
        view.scroll_to(left)
        assert not view.grab().isNull()


def test_rare_states_are_seen_zoomed_far_out(make_view):
    view = make_view(crowd(1, 3000))
    view.scale.ppf = 0.02  # a chunk is a quarter of a pixel
    view.scroll_to(0)
    draft = view.colours.draft.name()
    assert draft in colours_at(view, "track")


def test_without_a_project(make_view, qtbot):
    view = make_view(None)
    assert "Ctrl+N" in view.accessibleDescription()
    view.grab()
    for key in (Qt.Key.Key_Delete, Qt.Key.Key_Left, Qt.Key.Key_Escape):
        QTest.keyClick(view, key)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton)
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton)
    view.set_project(project(2))
    view.set_project(None)
    view.grab()


def test_progress_repaints_its_place_only(view, qtbot):
    view.set_progress(49, N, 0.1, "Chunk 5")
    qtbot.wait(60)
    painted = Painted(view.viewport())
    view.set_progress(49, N, 0.2, "Chunk 5")
    QApplication.processEvents()
    (region,) = painted.regions
    assert region.boundingRect().width() < view.viewport().width()
    assert region.boundingRect().left() <= view.scale.x(49)
    view.clear_progress()
    assert view.progress is None


def test_a_strip_comes_before_a_single_picture(view):
    red, blue = QPixmap(128, 128), QPixmap(6 * 96, 96)
    red.fill(QColor("#ff0000"))
    blue.fill(QColor("#0000ff"))
    strips: dict[str, QPixmap] = {}
    view.set_thumbnail_source(lambda asset: red)
    view.set_strip_source(strips.get)
    assert "#0000ff" not in colours_at(view, "track") and "#ff0000" in colours_at(view, "track")
    strips["c2t1-video"] = blue
    view.thumbnails_changed()
    assert "#0000ff" in colours_at(view, "track")


def test_the_start_picture_fills_its_clip_at_every_zoom(view):
    red = QPixmap(128, 128)
    red.fill(QColor("#ff0000"))
    view.set_thumbnail_source(lambda asset: red)
    view.set_playhead(30)
    view.resize(1000, 190)  # low tracks: the picture is narrower than its clip
    for ppf in (8.0, 40.0, 80.0):
        view.set_zoom(ppf)
        view.scroll_to(0)
        lane = view.lane_rect(view.lane_of_track("v1"))
        box = view.block_rect(view.index.poster, lane)
        image = view.viewport().grab().toImage()
        middle = int(lane.center().y() + 10)
        row = [
            image.pixelColor(x, middle).name()
            for x in range(int(box.left()) + 4, int(box.right()) - 4)
        ]
        assert set(row) == {"#ff0000"}, ppf


def test_a_tall_timeline_has_no_empty_ground(make_view):
    view = make_view(project(4))
    view.resize(1000, 320)
    QApplication.processEvents()
    ground = view.viewport().height() - view.lane_rect(view.rows[-1]).bottom()
    assert 0 <= ground < 8


def test_a_fitted_timeline_stays_fitted_when_it_gets_wider(make_view):
    view = make_view(project(20))
    view.zoom_fit()
    before = view.scale.ppf
    view.resize(1600, 340)
    QApplication.processEvents()
    assert view.scale.ppf > 1.3 * before
    assert view.viewport().width() - 80 < view.scale.x(view.index.end) < view.viewport().width()
    view.zoom_in()
    chosen = view.scale.ppf
    view.resize(1100, 340)
    QApplication.processEvents()
    assert view.scale.ppf == chosen


def test_a_cell_goes_with_its_clip(view):
    found = {"clip2": Seen(Verdict(Drift(1.0, 1.0, 0.0)), 13, ())}
    view.set_consistency_shown(True)
    view.set_consistency(found)
    view.set_cell("clip2")
    view.hover_cell("clip2")
    assert overrides(view, Qt.Key.Key_Return)
    view.set_consistency({})  # not measured yet: there is nowhere to go
    assert view.cell == "clip2" and not overrides(view, Qt.Key.Key_Return)
    view.set_consistency(found)
    p = view.project
    view.set_project(replace(p, name="Another"))
    assert view.cell == view.hovered_cell == "clip2" and overrides(view, Qt.Key.Key_Return)
    view.set_project(delete_clip(p, "clip2"))
    assert view.cell == view.hovered_cell == "" and not overrides(view, Qt.Key.Key_Return)
    view.set_project(p)  # undone: it is back, and not held
    assert view.cell == ""
    view.set_cell("clip2")
    view.set_project(None)
    assert view.cell == ""
