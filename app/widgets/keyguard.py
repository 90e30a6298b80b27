"""Keeps single keys with whoever is typing, and Space and Enter with a focused button.

Qt presses a button with Space alone; here Enter does it too, as on the web and on a Mac.
The application has this one event filter; what it does with the wheel is in ``wheelguard``.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
)

from app.widgets import wheelguard

_TEXT = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QKeySequenceEdit)
_STEPPED = (QAbstractItemView, QAbstractSlider, QComboBox, QTabBar)
_ENTER = {Qt.Key.Key_Return, Qt.Key.Key_Enter}
_PRESS = {Qt.Key.Key_Space, *_ENTER}
_MOVE = {
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home,
    Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
}  # fmt: skip
_EDIT = {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}
_TEXT_CONTROL = {  # with Ctrl these belong to the text: copy, undo, jump a word, select all …
    Qt.Key.Key_Z, Qt.Key.Key_Y, Qt.Key.Key_X, Qt.Key.Key_C, Qt.Key.Key_V, Qt.Key.Key_A,
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Backspace, Qt.Key.Key_Delete,
}  # fmt: skip


def belongs_to(widget: QObject | None, event: QKeyEvent) -> bool:
    """Whether this key is the focused widget's own, rather than a command's."""
    key = event.key()
    held = event.modifiers() & (
        Qt.KeyboardModifier.ControlModifier
        | Qt.KeyboardModifier.AltModifier
        | Qt.KeyboardModifier.MetaModifier
    )
    if isinstance(widget, _TEXT):
        if held & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier):
            return False
        if held:
            return key in _TEXT_CONTROL
        return not (Qt.Key.Key_F1 <= key <= Qt.Key.Key_F35)
    if held:
        return False
    if isinstance(widget, QAbstractButton):
        return key in _PRESS
    if isinstance(widget, QAbstractItemView):
        return key in _MOVE | _EDIT | _ENTER or key == Qt.Key.Key_F2
    if isinstance(widget, _STEPPED):
        return key in _MOVE or key in _PRESS
    return False


class KeyGuard(QObject):
    """Event filter for the application."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if belongs_to(QApplication.focusWidget(), event):
                event.accept()
                return True
        elif event.type() == QEvent.Type.KeyPress and isinstance(watched, QAbstractButton):
            if event.key() in _ENTER and belongs_to(watched, event) and watched.isEnabled():
                if not event.isAutoRepeat():
                    watched.click()
                return True
        elif event.type() == QEvent.Type.Wheel:
            return wheelguard.passes_by(watched, event)
        elif event.type() == QEvent.Type.Polish:
            wheelguard.only_by_hand(watched)
        return False
