"""The table of commands: complete, without clashes, and kept away from whoever types."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget, QPushButton, QToolButton

from app.actions import (
    ADAPTER,
    ALWAYS,
    BANK,
    CLIP,
    DRAFT,
    JOB,
    LEARNED,
    MENUS,
    PLAN,
    PROJECT,
    TABLE,
    Actions,
    command_of,
    native,
)
from app.widgets.keyguard import belongs_to


def test_every_command_has_a_key_a_tooltip_and_an_icon(qapp):
    actions = Actions()
    for command in TABLE:
        action = actions[command.id]
        assert action.shortcuts(), command.id
        key = native(action.shortcuts()[:1])
        assert key in action.toolTip(), command.id
        assert len(action.toolTip()) > len(key) + 8, command.id
        assert command.menu in MENUS, command.id
        assert command.icon, command.id
        assert command.needs in (ALWAYS, PROJECT, CLIP, DRAFT, JOB, ADAPTER, LEARNED, BANK, PLAN)


def test_keys_do_not_clash(qapp):
    keys = Counter(QKeySequence(k).toString() for c in TABLE for k in c.keys)
    assert [k for k, n in keys.items() if n > 1] == []
    assert "" not in keys, "a key that Qt does not understand"


def test_ids_are_unique():
    assert len({c.id for c in TABLE}) == len(TABLE)


def test_menus_fit_a_small_screen_scaled_by_half_and_have_letters_of_their_own(studio):
    menus = [(a.text(), a.menu()) for a in studio.menuBar().actions()]
    letters = [text[text.index("&") + 1].lower() for text, _ in menus]
    assert len(set(letters)) == len(letters) == len(MENUS)
    for text, menu in menus:
        # 1280 × 800 at 1.5 is 533 high, less a system bar; Qt breaks what is longer into columns.
        assert 0 < menu.sizeHint().height() <= 533 - studio.menuBar().height() - 48, text


def test_every_command_does_something(studio):
    for action in studio.actions_table:
        assert action.receivers("2triggered(bool)") > 0, action.objectName()


def test_icons_exist(qapp):
    from app import icons

    icons.icon("play")
    family, glyphs = icons._font
    assert family
    assert [c.icon for c in TABLE if c.icon not in glyphs] == []


def test_rebinding_takes_the_key_from_its_owner_and_is_remembered(qapp):
    actions = Actions()
    assert actions.clashes("marker", ["Space"]) == ["play"]
    actions.set_keys("play", [])
    actions.set_keys("marker", ["Space"])
    kept = actions.chosen_keys()
    assert kept == {"play": [], "marker": ["Space"]}
    again = Actions(keys=kept)
    assert again.keys("marker") == ["Space"]
    assert again.keys("play") == []
    assert command_of("play").keys == ("Space",)


@pytest.mark.parametrize(
    ("key", "held", "text"),
    [
        (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " "),
        (Qt.Key.Key_J, Qt.KeyboardModifier.NoModifier, "j"),
        (Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier, "A"),
        (Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r"),
        (Qt.Key.Key_Backspace, Qt.KeyboardModifier.NoModifier, ""),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, ""),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, ""),
        (Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, ""),
    ],
)
def test_typing_keeps_its_keys(qapp, key, held, text):
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, held, text)
    assert belongs_to(QLineEdit(), event)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2])
def test_a_list_keeps_the_keys_of_its_rows(qapp, key):
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
    assert belongs_to(QListWidget(), event)


def test_commands_with_ctrl_work_while_typing(qapp):
    event = QKeyEvent(
        QEvent.Type.ShortcutOverride, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier
    )
    assert not belongs_to(QLineEdit(), event)
    event = QKeyEvent(
        QEvent.Type.ShortcutOverride, Qt.Key.Key_J, Qt.KeyboardModifier.NoModifier, "j"
    )
    assert not belongs_to(QPushButton(), event)


def test_space_in_a_text_field_types_and_does_not_play(opened, qtbot):
    w = opened.w
    w.activateWindow()
    w.actions_panel.text.setFocus()
    w.actions_panel.text.clear()
    opened.until(lambda: w.actions_panel.text.hasFocus())
    qtbot.keyClicks(w.actions_panel.text, "look up 5")
    assert w.actions_panel.text.text() == "look up 5"
    assert not w.transport.playing
    assert w.document.project.actions == ()


def test_shortcuts_dialog_finds_and_rebinds(opened, qtbot):
    from app.dialogs.shortcuts import ShortcutsDialog

    dialog = ShortcutsDialog(opened.w.actions_table)
    qtbot.addWidget(dialog)
    dialog.search.setText("ripple")
    shown = [id for id, item in dialog._items.items() if not item.isHidden()]
    assert shown == ["ripple_delete"]
    dialog.pick("ripple_delete")
    dialog.edit.setKeySequence(QKeySequence("Ctrl+Shift+X"))
    dialog.set_button.click()
    assert opened.w.actions_table.keys("ripple_delete") == ["Ctrl+Shift+X"]
    dialog.reset_all.click()
    assert opened.w.actions_table.chosen_keys() == {}


def test_controls_have_names_and_are_reachable(opened):
    """Every control says what it is and can be reached by Tab."""
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox, QScrollBar, QSpinBox

    w = opened.w
    nameless, unreachable = [], []
    for panel in (
        w.actions_panel,
        w.clip_panel,
        w.memory_panel,
        w.queue_panel,
        w.media_panel,
        w.episodes_panel,
        w.takes_panel,
    ):
        for kind in (QAbstractButton, QLineEdit, QComboBox, QSpinBox, QAbstractSlider):
            for control in panel.findChildren(kind):
                if isinstance(control, QScrollBar) or control.objectName().startswith("qt_"):
                    continue
                if isinstance(control.parent(), QLineEdit):
                    continue  # the clear button of a field
                if not (control.accessibleName() or getattr(control, "text", str)()):
                    nameless.append((panel, control))
                if not control.focusPolicy() & Qt.FocusPolicy.TabFocus:
                    unreachable.append((panel, control))
    assert nameless == []
    assert unreachable == []


def test_escape_leaves_a_field_then_closes_a_notice_then_drops_the_selection(opened):
    from PySide6.QtTest import QTest

    from app.widgets.notice_bar import Notice

    h, w = opened, opened.w
    w.activateWindow()
    w.selection.set(clips=[h.p.tracks[0].clips[0].id])
    w.notices.show_notice(Notice("Something.", "warning"))
    w.actions_panel.text.setFocus()
    QTest.keyClick(w.actions_panel.text, Qt.Key.Key_Escape)
    assert w.viewer.hasFocus() and w.notices.current is not None
    QTest.keyClick(w.viewer, Qt.Key.Key_Escape)
    assert w.notices.current is None and w.selection.clips
    QTest.keyClick(w.viewer, Qt.Key.Key_Escape)
    assert not w.selection.clips


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_the_button_in_focus_is_pressed(opened, qtbot, key):
    button = opened.w.media_panel.findChildren(QToolButton)[0]
    pressed = []
    button.defaultAction().triggered.disconnect()
    button.clicked.connect(lambda: pressed.append(key))
    button.setFocus()
    QTest.keyClick(button, key)
    assert pressed == [key]


def test_tab_never_goes_where_nothing_is_seen(opened, qtbot):
    """Panels behind the raised tab are out of sight; so is what they hold."""
    w = opened.w
    w.show_panel("episodes")
    w.show_panel("memory")
    w.viewer.setFocus()
    opened.settle()
    seen, at = [], w.viewer
    while (at := at.nextInFocusChain()) is not w.viewer:
        if at.isVisible() and at.focusPolicy() & Qt.FocusPolicy.TabFocus and at.isEnabled():
            seen.append(at)
    hidden = (w.takes_panel, w.media_panel, w.queue_panel, w.actions_panel, w.clip_panel)
    assert not [s for s in seen if any(panel.isAncestorOf(s) for panel in hidden)]
    assert any(w.memory_panel.isAncestorOf(s) for s in seen)
    assert seen[0] is w.viewer.bar.automatic or seen[0] is w.viewer.bar.accept_button
    w.show_panel("actions")
    opened.settle()
    assert w.actions_panel.isVisible() and not w.memory_panel.isVisible()
