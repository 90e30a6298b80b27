"""How long an action lasts, and how chunks are sampled: steps, seed, and the way where there are
several."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.state.way_words import WayRow
from app.widgets.basics import airy, label

MOST_STEPS = 200


class Amounts(QWidget):
    seconds_changed = Signal(float)
    steps_wanted = Signal(int)
    seed_changed = Signal(bool, int)  # fixed, seed
    way_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[WayRow, ...] = ()
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(5)
        self._build_length_and_steps(body)
        self._build_seed(body)
        self._build_ways(body)
        self.show_ways(())

    def _build_length_and_steps(self, body: QVBoxLayout) -> None:
        self.seconds = QDoubleSpinBox()
        self.seconds.setRange(0.125, 60)
        self.seconds.setDecimals(2)
        self.seconds.setSingleStep(0.5)
        self.seconds.setValue(2)
        self.seconds.setSuffix(self.tr(" s"))
        self.seconds.setAccessibleName(self.tr("Length of an action in seconds"))
        self.seconds.setToolTip(self.tr("How long each new action lasts"))
        self.seconds.valueChanged.connect(self.seconds_changed)
        self.seconds.setFixedWidth(82)
        self.steps = QSpinBox()
        self.steps.setRange(1, MOST_STEPS)
        self.steps.setKeyboardTracking(False)  # one change for "12", not one for "1" before
        self.steps.setAccessibleName(self.tr("Sampling steps of a chunk"))
        self.steps.valueChanged.connect(self.steps_wanted)
        self.steps.setFixedWidth(62)
        airy(self.seconds, self.steps)
        self._steps_name = label(self.tr("Steps"), "dim")
        length = label(self.tr("Length"), "dim")
        length.setToolTip(self.seconds.toolTip())
        row = _row(length, self.seconds)
        row.addStretch(1)
        row.addWidget(self._steps_name)
        row.addWidget(self.steps)
        body.addLayout(row)

    def _build_seed(self, body: QVBoxLayout) -> None:
        self.fixed = QCheckBox(self.tr("Seed"))
        self.fixed.setToolTip(
            self.tr(
                "On: this seed, so that the same picture can be made again. Off: each take is new."
            )
        )
        self.fixed.setAccessibleName(self.tr("Fixed seed"))
        self.seed = QSpinBox()
        self.seed.setRange(0, 2_147_483_647)
        self.seed.setAccessibleName(self.tr("Seed"))
        self.seed.setObjectName("plain")  # by the style sheet: NoButtons would hide the figures
        self.seed.setFixedWidth(96)
        self.seed.hide()
        airy(self.seed)
        self.fixed.toggled.connect(self.seed.setVisible)
        self.fixed.toggled.connect(lambda *_: self._send_seed())
        self.seed.valueChanged.connect(lambda *_: self._send_seed())
        self.usual = label("", "dim")
        row = _row(self.fixed, self.seed)
        self.fixed.setMinimumHeight(self.seed.sizeHint().height())  # showing it moves nothing
        row.addStretch(1)
        row.addWidget(self.usual)
        body.addLayout(row)

    def _build_ways(self, body: QVBoxLayout) -> None:
        self.ways = QComboBox()
        self.ways.setAccessibleName(self.tr("How chunks are sampled"))
        self.ways.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.ways.setMinimumContentsLength(10)
        self.ways.activated.connect(lambda _i: self.way_wanted.emit(self.ways.currentData()))
        self._ways_name = label(self.tr("Sampling"), "dim")
        row = _row(self._ways_name)
        row.addWidget(self.ways, 1)
        body.addLayout(row)
        self.sentence = label("", "dim", wrap=True)
        body.addWidget(self.sentence)

    # -- what it shows -----------------------------------------------------------------------------

    def set(self, seconds: float, fixed: bool, seed: int) -> None:
        self.seconds.setValue(seconds)
        self.fix_seed(seed, fixed)

    def fix_seed(self, seed: int, fixed: bool = True) -> None:
        self.seed.setValue(seed)
        self.fixed.setChecked(fixed)

    def show_steps(self, steps: int, usual: int) -> None:
        """``usual``: what suits the world; 0 where it is not there."""
        with QSignalBlocker(self.steps):
            self.steps.setMaximum(max(MOST_STEPS, steps))  # a command line may ask for more
            if self.steps.value() != steps:  # else what is being typed would go
                self.steps.setValue(steps)
        tip = self.tr("How often each chunk is gone over: few for a sketch, more for a finer "
                      "picture, in as much more time.")  # fmt: skip
        if usual:
            tip += " " + self.tr("%1 are usual in this world.").replace("%1", str(usual))
        for widget in (self.steps, self._steps_name):
            widget.setToolTip(tip)
        words = self.tr("usually %1 steps") if usual and steps != usual else ""
        self.usual.setText(words.replace("%1", str(usual)))

    def show_ways(self, rows: Sequence[WayRow]) -> None:
        """The ways of sampling to choose from; nothing where there is no choice."""
        several = len(rows) > 1
        for widget in (self.ways, self._ways_name):
            widget.setVisible(several)
        self.sentence.setVisible(False)
        with QSignalBlocker(self.ways):
            if tuple(rows) != self._rows:
                self._rows = tuple(rows)
                self.ways.clear()
                for i, one in enumerate(rows):
                    self.ways.addItem(one.name, one.id)
                    tip = one.why or one.sentence
                    self.ways.setItemData(i, tip, Qt.ItemDataRole.ToolTipRole)
                    self.ways.model().item(i).setEnabled(not one.why)
            for i, one in enumerate(rows):
                if one.chosen:
                    self.ways.setCurrentIndex(i)
                    self.ways.setToolTip(one.why or one.sentence)
                    self.sentence.setText(one.why or one.sentence)
                    # The usual way needs no words.
                    self.sentence.setVisible(i > 0 and several)

    # -- intents -----------------------------------------------------------------------------------

    def flush(self) -> None:
        """Hand over what is typed but not yet sent."""
        self.steps.interpretText()

    def _send_seed(self) -> None:
        self.seed_changed.emit(self.fixed.isChecked(), self.seed.value())


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for widget in widgets:
        row.addWidget(widget)
    return row
