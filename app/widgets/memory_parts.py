"""Parts of the memory panel: a strength with its mute, bars of error, rows of what was learned."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from app import theme
from app.icons import icon
from app.state.memory_facts import Learnt, Spot
from app.widgets.basics import ElidedLabel, action_button, button, icon_button, label
from app.widgets.choice import Pressable


class StrengthRow(QWidget):
    """A name, a slider with its value in words, and a mute that is the window's own command."""

    changed = Signal(int)  # percent, once the hand rests

    def __init__(
        self, name: str, most: int, step: int, mute: QAction, keys: tuple[QAction, QAction],
        tip: str, value_words,
    ):  # fmt: skip
        """``keys``: the commands that make it weaker and stronger; ``value_words(percent)``."""
        super().__init__()
        self._words, self._tip, self._keys, self._step = value_words, tip, keys, step
        self._reason = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(6)
        self.name = label(name)
        head.addWidget(self.name, 1)
        self.value = label("", "dim")
        self.value.setFont(theme.tabular(self.value.font()))
        head.addWidget(self.value)
        self.mute = action_button(mute)
        self.mute.setAccessibleName(mute.text())
        mute.changed.connect(self._show_mute)
        mute.toggled.connect(self._show_mute)
        head.addWidget(self.mute)
        column.addLayout(head)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, most)
        self.slider.setValue(100)
        self.slider.setSingleStep(step)
        self.slider.setPageStep(max(10, step))
        self.slider.setAccessibleName(self.tr("Strength: %1").replace("%1", name))
        self.slider.valueChanged.connect(self._slid)
        self.slider.sliderReleased.connect(self._send)
        self.slider.mouseDoubleClickEvent = lambda event: self.slider.setValue(100)
        column.addWidget(self.slider)
        self.note = label("", "dim", wrap=True)
        self.note.hide()
        column.addWidget(self.note)
        for key in keys:
            key.changed.connect(self._show_tip)
        self._show_mute()

    def step(self, percent: int) -> None:
        """A key: a little weaker or stronger."""
        if self.slider.isEnabled():
            self.slider.setValue(self.slider.value() + percent)

    def show_value(self, percent: int, muted: bool, reason: str) -> None:
        """``reason``: why there is nothing to set, "" where there is."""
        with QSignalBlocker(self.slider):
            if not self.slider.isSliderDown():
                self.slider.setValue(percent)
        self._reason = reason
        for part in (self.name, self.value, self.mute):
            part.setEnabled(not reason)
        self.slider.setEnabled(not reason and not muted)
        self.value.setText(self.tr("muted") if muted and not reason else self._said())
        self.value.setVisible(not reason)
        self.note.setText(reason)
        self.note.setVisible(bool(reason))
        self.slider.setVisible(not reason)
        self._show_tip()

    def _said(self) -> str:
        return self._words(self._rounded())

    def _rounded(self) -> int:
        return round(self.slider.value() / self._step) * self._step if self._step > 1 else (
            self.slider.value()
        )

    def _slid(self, value: int) -> None:
        self.value.setText(self._said())
        if not self.slider.isSliderDown():
            self._send()

    def _send(self) -> None:
        self.changed.emit(self._rounded())

    def _show_mute(self, *_: object) -> None:
        self.mute.setIcon(icon("volume-off" if self.mute.isChecked() else "volume-high"))

    def _show_tip(self) -> None:
        keys = self.tr(" and ").join(
            k.shortcut().toString(k.shortcut().SequenceFormat.NativeText) for k in self._keys
        )
        tip = self._reason or f"{self._tip} ({keys})"
        self.slider.setToolTip(tip)
        self.name.setToolTip(tip)


class LossBar(QWidget):
    """Loss before and after as two bars; less is better."""

    def __init__(self, before: float, after: float, most: float):
        super().__init__()
        self._values = (before, after, max(most, 1e-9))
        self.setFixedSize(56, 14)
        self.setToolTip(self.tr("The error on this chunk: grey before learning, green after it."))

    def paintEvent(self, event) -> None:
        t = theme.current()
        before, after, most = self._values
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for i, (value, colour) in enumerate(((before, t.dim), (after, t.memory))):
            painter.setBrush(QColor(colour))
            width = max(2.0, self.width() * min(1.0, value / most))
            painter.drawRoundedRect(QRectF(0, 1 + i * 7, width, 5), 2, 2)
        painter.end()


class LearntRow(Pressable):
    """One chunk that was learned: a click goes there."""

    back = Signal(str)

    def __init__(self, fact: Learnt, most: float, size: str):
        head = self.tr("Chunk %1 · %2").replace("%1", str(fact.number)).replace("%2", fact.when)
        if fact.skipped:
            below = self.tr("Not learned: %1").replace("%1", fact.skipped)
        elif not fact.steps:
            below = self.tr("frames remembered only")
        else:
            below = f"{fact.before:.3f} → {fact.after:.3f} · {size}"
        super().__init__(f"{head}, {below}")
        self.setProperty("role", "card")
        self.fact = fact
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 5, 6, 5)
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(ElidedLabel(head))
        words.addWidget(ElidedLabel(below, "dim"))
        row.addLayout(words, 1)
        if not fact.skipped and fact.steps:
            row.addWidget(LossBar(fact.before, fact.after, most))
            self.setToolTip(
                self.tr(
                    "Error on this chunk before and after learning (less is better), and the size "
                    "of the change. Click to go there."
                )
            )
        else:
            self.setToolTip(self.tr("Click to go there."))
        row.addWidget(
            icon_button(
                "history",
                self.tr("Continue with the memory as it was after this chunk"),
                lambda: self.back.emit(fact.take),
            )
        )


def spot_button(spot: Spot, go) -> QWidget:
    """A frame that was shown; a click goes there where it is on the timeline."""
    text = QWidget.tr("recalled %1").replace("%1", spot.words)
    made = button(text, "crosshairs-gps" if spot.frame is not None else "")
    made.setProperty("flat", True)
    made.setStyleSheet("text-align: left; padding: 2px 2px;")
    if spot.frame is None:
        made.setEnabled(False)
        made.setToolTip(QWidget.tr("This frame is not on the timeline."))
    else:
        made.setToolTip(QWidget.tr("Go to this frame"))
        made.clicked.connect(lambda: go(spot.frame))
    return made
