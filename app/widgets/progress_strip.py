"""The line along the bottom while something is made: what, how far, how long, pause, cancel."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QSizePolicy, QWidget

from app import theme
from app.actions import Actions
from app.icons import icon
from app.widgets.basics import ElidedLabel, action_button, label


def clock(seconds: float | None) -> str:
    """0:41, 12:05, 1:02:03; a dash where it is not known."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"


@dataclass(frozen=True)
class Shown:
    """``done`` in 0–1, None where it cannot be said."""

    words: str
    done: float | None
    elapsed: float
    left: float | None
    paused: bool = False


class ProgressStrip(QFrame):
    opened = Signal()  # the artist wants the queue

    def __init__(self, actions: Actions, parent: QWidget | None = None):
        super().__init__(parent)
        self.setAccessibleName(self.tr("Progress"))
        self._actions = actions
        self._words = ElidedLabel()
        self._times = label("", "dim")
        self._times.setFont(theme.tabular(self._times.font()))
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setMinimumWidth(120)
        self._bar.setAccessibleName(self.tr("How far the job is"))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(8)
        self._words.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        row.addWidget(self._words)
        row.addSpacing(4)
        row.addWidget(self._bar, 1)
        row.addSpacing(4)
        row.addWidget(self._times)
        self._pause = action_button(actions["pause"])
        row.addWidget(self._pause)
        row.addWidget(action_button(actions["cancel"]))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hide()

    def mouseReleaseEvent(self, event) -> None:
        super().mouseReleaseEvent(event)
        self.opened.emit()

    def show_progress(self, shown: Shown | None) -> None:
        self.setVisible(shown is not None)
        if shown is None:
            return
        self._words.setText(shown.words)
        if shown.done is None:
            self._bar.setRange(0, 0)
        else:
            self._bar.setRange(0, 1000)
            self._bar.setValue(round(1000 * min(1.0, max(0.0, shown.done))))
        times = self.tr("%1 so far").replace("%1", clock(shown.elapsed))
        if shown.left is not None and not shown.paused:
            times += " · " + self.tr("about %1 left").replace("%1", clock(shown.left))
        self._times.setText(times)
        pause = self._actions["pause"]
        pause.setIcon(icon("play" if shown.paused else "pause"))
        pause.setText(self.tr("Resume") if shown.paused else self.tr("Pause"))
