"""Keeps the wheel with what scrolls: a setting that nobody has in hand does not turn with it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSlider, QAbstractSpinBox, QComboBox, QScrollBar

_SETTINGS = (QComboBox, QAbstractSpinBox, QAbstractSlider)


def is_setting(watched: QObject) -> bool:
    return isinstance(watched, _SETTINGS) and not isinstance(watched, QScrollBar)


def only_by_hand(widget: QObject) -> None:
    """A click or Tab gives it the focus; the wheel alone would do so before anyone is asked."""
    if is_setting(widget) and widget.focusPolicy() == Qt.FocusPolicy.WheelFocus:
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


def passes_by(watched: QObject, event: QEvent) -> bool:
    """Whether a turn of the wheel is not for ``watched``; Qt then offers it to what is around."""
    if not is_setting(watched) or watched.hasFocus():
        return False
    event.ignore()
    return True
