"""The wheel scrolls; a setting turns with it only while it has the focus."""

from __future__ import annotations

from operator import attrgetter

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QScrollArea,
    QWidget,
)

from app.widgets.wheelguard import is_setting


def turn(widget: QWidget, by: int = -120, held=Qt.KeyboardModifier.NoModifier) -> None:
    """One notch of the wheel over the middle of ``widget``, as the system sends it."""
    window = widget.window()
    at = QPointF(widget.mapTo(window, widget.rect().center()))
    QTest.wheelEvent(window.windowHandle(), at, QPoint(0, by), QPoint(), held)
    QApplication.processEvents()


def value(setting: QWidget):
    return setting.currentIndex() if isinstance(setting, QComboBox) else setting.value()


def area_of(widget: QWidget) -> QScrollArea:
    while not isinstance(widget, QScrollArea):
        widget = widget.parentWidget()
    return widget


@pytest.fixture
def short(opened):
    """A window so low that its panels have to be scrolled."""
    opened.w.resize(1280, 600)
    opened.w.activateWindow()
    opened.settle()
    return opened


@pytest.mark.parametrize(
    ("panel", "name"),
    [("memory", "preset"), ("memory", "strength"), ("actions", "amounts.seconds")],
)
def test_what_has_no_focus_is_scrolled_past(short, panel, name):
    h = short
    h.w.show_panel(panel)
    setting = attrgetter(name)(getattr(h.w, f"{panel}_panel"))
    area = area_of(setting)
    area.widget().setMinimumHeight(area.height() + 600)
    h.w.viewer.setFocus()
    h.settle()
    area.ensureWidgetVisible(setting)
    before, project, bar = value(setting), h.p, area.verticalScrollBar()
    top = bar.value()
    turn(setting)
    assert (value(setting), h.p) == (before, project)
    assert not setting.hasFocus() and bar.value() > top
    bar.setValue(top)
    setting.setFocus()
    turn(setting)
    assert value(setting) != before and bar.value() == top


def test_a_dialog_leaves_its_settings_alone(opened, qtbot, tmp_path):
    from app.dialogs.export import ExportDialog

    dialog = ExportDialog(opened.p, tmp_path, opened.w)
    dialog.show()
    dialog.path.setFocus()
    opened.until(dialog.path.hasFocus)
    settings = [w for w in dialog.findChildren(QWidget) if is_setting(w)]
    assert len(settings) >= 8
    before = [value(one) for one in settings]
    for one in settings:
        turn(one, 120)
        turn(one, -120)
        turn(one, -120)
    assert [value(one) for one in settings] == before and dialog.path.hasFocus()
    dialog.reject()


def test_every_setting_is_reached_by_hand_only(opened):
    w, seen = opened.w, set()
    for name in ("actions", "clip", "memory"):
        w.show_panel(name)
        opened.settle()
        seen |= {one for one in w.findChildren(QWidget) if is_setting(one) and one.isVisible()}
    panel = w.actions_panel
    assert {panel.amounts.seconds, w.viewer.controls.zoom, w.memory_panel.preset} <= seen
    assert [x for x in seen if x.focusPolicy() == Qt.FocusPolicy.WheelFocus] == []
    assert panel.amounts.seconds.focusPolicy() == Qt.FocusPolicy.StrongFocus


def test_the_timeline_scrolls_as_ever(opened):
    h, t = opened, opened.w.timeline
    h.w.editing.add_action(1, 4000, "walk forward")
    h.settle()
    h.w.viewer.setFocus()
    bar = t.horizontalScrollBar()
    bar.setValue(0)
    ppf = t.scale.ppf
    turn(t.viewport(), -120, Qt.KeyboardModifier.ShiftModifier)
    assert bar.value() > 0
    turn(t.viewport(), 120, Qt.KeyboardModifier.ControlModifier)
    assert t.scale.ppf > ppf
    at = bar.value()
    turn(bar, 120)  # over the bar itself
    assert bar.value() < at
