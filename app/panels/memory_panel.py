"""What the memory has learned, how strongly it is used, and keeping it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.actions import Actions
from app.widgets.basics import (
    ElidedLabel,
    Empty,
    action_button,
    bind,
    button,
    icon_button,
    label,
    rule,
    scrolled,
)
from core.project.model import MemoryUse


@dataclass(frozen=True)
class Learnt:
    """One accepted chunk that the memory has seen."""

    take: str
    number: int
    when: str  # "4.0 s – 5.0 s"
    before: float
    after: float
    change: float  # fraction of the weights' size
    skipped: str | None = None


@dataclass(frozen=True)
class MemoryFacts:
    steps: int
    learnt: tuple[Learnt, ...]
    base: str = ""  # what it started from: "a fresh memory", "the episode “Hall”"
    words: str = ""  # one sentence


class LossBar(QWidget):
    """Loss before and after as two bars; less is better."""

    def __init__(self, before: float, after: float, most: float):
        super().__init__()
        self._values = (before, after, max(most, 1e-9))
        self.setFixedSize(56, 14)

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


class LearntRow(QFrame):
    back = Signal(str)

    def __init__(self, fact: Learnt, most: float):
        super().__init__()
        self.setProperty("role", "card")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 6, 6)
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(
            ElidedLabel(
                self.tr("Chunk %1 · %2").replace("%1", str(fact.number)).replace("%2", fact.when)
            )
        )
        if fact.skipped:
            below = ElidedLabel(self.tr("Not learned: %1").replace("%1", fact.skipped), "dim")
        else:
            numbers = f"{fact.before:.3f} → {fact.after:.3f} · {fact.change * 100:.2f} %"
            below = ElidedLabel(numbers, "dim")
        below.setToolTip(
            self.tr(
                "Error on this chunk before and after learning (less is better), and how much "
                "the memory moved"
            )
        )
        words.addWidget(below)
        row.addLayout(words, 1)
        if not fact.skipped:
            bar = LossBar(fact.before, fact.after, most)
            bar.setToolTip(
                self.tr("The error on this chunk: grey before learning, green after it.")
            )
            row.addWidget(bar)
        row.addWidget(
            icon_button(
                "history",
                self.tr("Continue with the memory as it was after this chunk"),
                lambda: self.back.emit(fact.take),
            )
        )


class MemoryPanel(QWidget):
    use_changed = Signal(object)  # MemoryUse
    back_wanted = Signal(str)  # take id

    def __init__(self, actions: Actions, parent: QWidget | None = None):
        super().__init__(parent)
        self._actions = actions
        self._use = MemoryUse()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        self._words = label("", wrap=True)
        column.addWidget(self._words)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.addWidget(label(self.tr("Learning"), "dim"), 0, 0)
        self.preset = QComboBox()
        self.preset.addItem(self.tr("As in the paper"), "paper")
        self.preset.addItem(self.tr("Off"), "off")
        self.preset.setAccessibleName(self.tr("How the memory learns"))
        self.preset.setToolTip(
            self.tr(
                "As in the paper: the memory learns each chunk that you accept. Off: nothing "
                "is learned."
            )
        )
        self.preset.currentIndexChanged.connect(lambda *_: self._send())
        grid.addWidget(self.preset, 0, 1, 1, 2)
        grid.addWidget(label(self.tr("Strength"), "dim"), 1, 0)
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(0, 150)
        self.strength.setValue(100)
        self.strength.setPageStep(10)
        self.strength.setTickInterval(50)
        self.strength.setTickPosition(QSlider.TickPosition.NoTicks)
        self.strength.setAccessibleName(self.tr("Strength of the memory in percent"))
        self.strength.setToolTip(
            self.tr(
                "How strongly the memory speaks when a chunk is made: 0 %, 100 %, up to 150 %. "
                "Double-click: 100 %."
            )
        )
        self.strength.valueChanged.connect(self._slid)
        self.strength.sliderReleased.connect(self._send)
        self.strength.mouseDoubleClickEvent = lambda event: self.strength.setValue(100)
        grid.addWidget(self.strength, 1, 1)
        self._percent = label("100 %")
        self._percent.setFont(theme.tabular(self._percent.font()))
        self._percent.setFixedWidth(48)
        self._percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self._percent, 1, 2)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._named(actions, "memory_mute", self.tr("Mute")))
        row.addWidget(self._named(actions, "memory_reset", self.tr("Reset")))
        row.addStretch(1)
        column.addLayout(row)
        self._save = bind(
            button(self.tr("Save as episode…"), "bookmark-plus-outline"), actions["episode_save"]
        )
        column.addWidget(self._save)
        column.addSpacing(2)
        column.addWidget(rule())
        column.addWidget(label(self.tr("What it learned"), "section"))
        self._caption = label(
            self.tr(
                "Error before → after learning, and how far it moved. Bars: grey before, green "
                "after; shorter is better."
            ),
            "dim",
            wrap=True,
        )
        column.addWidget(self._caption)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        column.addLayout(self._list)
        self._none = Empty(
            "brain",
            self.tr("Nothing learned yet"),
            self.tr(
                "Accept a draft, and the memory learns it. Then it knows the place when you "
                "come back."
            ),
        )
        column.addWidget(self._none, 1)
        column.addStretch(1)
        self._stack = QStackedWidget()
        self._stack.setObjectName("page")
        self._stack.addWidget(scrolled(body))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self._seen: object = None

    def _named(self, actions: Actions, id: str, text: str):
        made = action_button(actions[id], flat=False, text=text)
        made.setText(text)
        actions[id].changed.connect(lambda: made.setText(text))
        return made

    def step(self, percent: int) -> None:
        """A key: a little weaker or stronger."""
        if self.strength.isEnabled():
            self.strength.setValue(self.strength.value() + percent)

    def show_use(self, use: MemoryUse) -> None:
        self._use = use
        with QSignalBlocker(self.preset), QSignalBlocker(self.strength):
            self.preset.setCurrentIndex(max(0, self.preset.findData(use.preset)))
            if not self.strength.isSliderDown():
                self.strength.setValue(round(use.strength * 100))
        self._percent.setText(f"{self.strength.value()} %")
        self.strength.setEnabled(not use.muted and use.preset != "off")

    def show_facts(self, facts: MemoryFacts | None) -> None:
        self.setEnabled(facts is not None)
        facts = facts or MemoryFacts(0, ())
        if facts == self._seen:
            return
        self._seen = facts
        self._words.setText(facts.words)
        self._words.setVisible(bool(facts.words))
        while self._list.count():
            old = self._list.takeAt(0).widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        most = max((max(f.before, f.after) for f in facts.learnt if not f.skipped), default=1.0)
        for fact in reversed(facts.learnt):
            made = LearntRow(fact, most)
            made.back.connect(self.back_wanted)
            self._list.addWidget(made)
        self._none.setVisible(not facts.learnt)
        self._caption.setVisible(bool(facts.learnt))

    def _slid(self, value: int) -> None:
        self._percent.setText(f"{value} %")
        if not self.strength.isSliderDown():
            self._send()

    def _send(self) -> None:
        self.use_changed.emit(
            MemoryUse(
                preset=self.preset.currentData(),
                strength=self.strength.value() / 100,
                muted=self._use.muted,
            )
        )
