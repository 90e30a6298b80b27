"""Merge episodes: how much each one counts, and what the new one is called."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.state.merged_name import free_name, merged_name
from app.state.timecode import short
from app.widgets.basics import (
    ElidedLabel,
    TallColumn,
    airy,
    button,
    fit_height,
    label,
    primary,
    restyle,
    rule,
    scrolled,
)
from app.widgets.choice import Thumb
from app.widgets.pixmaps import Pixmaps
from core.project.model import EpisodeRef

#: Percent. As far as the strength of a memory goes.
_MOST = 150
_ROW = 56
_SHOWN = 5  # rows, before they are scrolled


class WeightRow(QWidget):
    """One episode with its picture and how much it counts."""

    changed = Signal()

    def __init__(
        self, episode: EpisodeRef, picture: Path | None, facts: str, percent: int, pixmaps: Pixmaps
    ):
        super().__init__()
        self.setFixedHeight(_ROW)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 4)
        row.setSpacing(12)
        thumb = Thumb(pixmaps, picture)
        thumb.setFixedSize(72, 48)
        row.addWidget(thumb)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addStretch(1)
        words.addWidget(ElidedLabel(episode.name))
        words.addWidget(ElidedLabel(facts, "dim"))
        words.addStretch(1)
        row.addLayout(words, 1)
        name = self.tr("Weight of %1").replace("%1", episode.name)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _MOST)
        self.slider.setPageStep(10)
        self.slider.setFixedWidth(150)
        self.slider.setAccessibleName(name)
        self.slider.setToolTip(self.tr("Double-click: 100 %"))
        self.slider.mouseDoubleClickEvent = lambda event: self.slider.setValue(100)
        self.box = QSpinBox()
        self.box.setRange(0, _MOST)
        self.box.setSuffix(" %")
        self.box.setFixedWidth(80)
        self.box.setAccessibleName(name)
        airy(self.box)
        self.slider.setValue(percent)
        self.box.setValue(percent)
        self.slider.valueChanged.connect(self._slid)
        self.box.valueChanged.connect(self._typed)
        row.addWidget(self.slider)
        row.addWidget(self.box)

    @property
    def percent(self) -> int:
        return self.box.value()

    def _slid(self, percent: int) -> None:
        with QSignalBlocker(self.box):
            self.box.setValue(percent)
        self.changed.emit()

    def _typed(self, percent: int) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(percent)
        self.changed.emit()


class MergeDialog(QDialog):
    """``wanted`` when it is to begin: ``weights`` and ``name`` say what was chosen. It stays until
    it is told how that went, and ``stop_wanted`` gives it up. ``name``: what to call the merge of
    all of them; until somebody types another, it follows those that are not left out."""

    wanted = Signal()
    stop_wanted = Signal()

    def __init__(
        self,
        episodes: Sequence[tuple[EpisodeRef, Path | None]],
        name: str,
        rate: Fraction,
        pixmaps: Pixmaps,
        parent: QWidget | None = None,
        taken: Collection[str] = (),
    ):
        """``taken``: names that other episodes have."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Merge episodes"))
        self._names = [e.name for e, _ in episodes]
        self._taken = {*self._names, *taken}
        self._whole_name, self._named = name, False  # of all of them; by somebody
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(8)
        column.addWidget(label(self.tr("One memory of %1 episodes").replace(
            "%1", str(len(episodes))), "title"))  # fmt: skip
        column.addWidget(
            label(
                self.tr("A weight says how strongly a memory speaks: 100 % as it does alone, 0 % "
                        "leaves it out. They need not add up to 100 %."),
                "dim", wrap=True,
            )
        )  # fmt: skip
        column.addSpacing(4)
        body = TallColumn()
        body.column.setContentsMargins(0, 0, 12 if len(episodes) > _SHOWN else 0, 0)
        body.column.setSpacing(0)
        self.rows: list[WeightRow] = []
        for episode, picture in episodes:
            facts = f"{self._chunks(episode.chunks)} · {short(episode.frames, rate)}"
            # Even shares: that is what two places learned in many steps bear.
            made = WeightRow(episode, picture, facts, round(100 / len(episodes)), pixmaps)
            made.changed.connect(self._weighed)
            self.rows.append(made)
            body.column.addWidget(made)
        area = scrolled(body)
        area.setFixedHeight(_ROW * min(len(episodes), _SHOWN))
        column.addWidget(area)
        self._area = area
        column.addWidget(rule())
        column.addSpacing(4)
        named = QHBoxLayout()
        named.setSpacing(12)
        named.addWidget(label(self.tr("Name"), "dim"))
        self._name = QLineEdit(name)
        self._name.setMaxLength(200)
        self._name.setAccessibleName(self.tr("Name of the new episode"))
        self._name.selectAll()
        self._name.textEdited.connect(self._call)
        self._name.textChanged.connect(lambda *_: self._tell())
        named.addWidget(self._name, 1)
        column.addLayout(named)
        self.message = label("", "dim", wrap=True)
        self.message.setMinimumHeight(2 * self.message.fontMetrics().lineSpacing())
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        column.addWidget(self.message)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How much is merged"))
        self.bar.hide()
        foot.addWidget(self.bar, 1)
        foot.addStretch(1)
        self.cancel = button(self.tr("Cancel"), "", self.reject)
        foot.addWidget(self.cancel)
        self.go = primary(self.tr("Merge"), "", self._begin)
        self.go.setDefault(True)
        foot.addWidget(self.go)
        column.addLayout(foot)
        self.setFixedWidth(600)
        self._name.setFocus()
        self._tell()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        fit_height(self)

    @property
    def weights(self) -> list[float]:
        return [row.percent / 100 for row in self.rows]

    def chosen(self, ids: Sequence[str]) -> tuple[list[str], list[float]]:
        """Those of ``ids``, as the rows stand, that are not left out, and their weights."""
        kept = [(id, weight) for id, weight in zip(ids, self.weights) if weight]
        if len(kept) < 2:  # one alone is no merge: the other stands in it with 0 %
            kept = list(zip(ids, self.weights))
        return [id for id, _ in kept], [weight for _, weight in kept]

    @property
    def name(self) -> str:
        return self._name.text().strip()

    def _call(self, _text: str) -> None:
        self._named = True

    def _weighed(self) -> None:
        kept = [name for name, row in zip(self._names, self.rows) if row.percent]
        if kept and not self._named:
            whole = len(kept) == len(self._names)
            name = self._whole_name if whole else free_name(merged_name(kept), self._taken)
            self._name.setText(name)
            self._name.selectAll()
        self._tell()

    # -- while it is made --------------------------------------------------------------------------

    def _begin(self) -> None:
        self._busy(True)
        self.wanted.emit()

    def _busy(self, on: bool) -> None:
        for part in (self._area, self._name, self.go):
            part.setEnabled(not on)
        self.bar.setValue(0)
        self.bar.setVisible(on)
        self.cancel.setText(self.tr("Stop") if on else self.tr("Cancel"))

    def show_progress(self, share: float) -> None:
        self.bar.setValue(round(100 * share))

    def show_made(self, _id: str) -> None:
        """It is done."""
        self.bar.hide()
        self.accept()

    def failed(self, words: str) -> None:
        """Nothing was made. ``words`` "": because it was stopped."""
        self._busy(False)
        self._tell()
        if words:
            self._say(words, True)

    def reject(self) -> None:
        if self.bar.isVisible():
            self.stop_wanted.emit()
        else:
            super().reject()

    # -- words -------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """What will come of it, or what is missing."""
        left_out = [n for n, row in zip(self._names, self.rows) if not row.percent]
        wrong = True
        if len(left_out) == len(self.rows):
            words = self.tr("Nothing would be left. Give one episode more than 0 %.")
        elif not self.name:
            words = self.tr("Give the new episode a name.")
        elif left_out:
            wrong = False
            words = self.tr("Left out: %1.").replace("%1", ", ".join(left_out))
        elif sum(row.percent for row in self.rows) > 100:
            wrong = False
            words = self.tr("Beyond 100 % together, what one memory learned may disturb the place "
                            "of another.")  # fmt: skip
        else:
            wrong = False
            words = self.tr("Remembered frames stay with their own place and are shown only there. "
                            "The episodes themselves stay as they are.")  # fmt: skip
        self._say(words, wrong)
        self.go.setEnabled(not wrong)
        self.go.setToolTip(words if wrong else "")

    def _say(self, words: str, wrong: bool) -> None:
        self.message.setText(words)
        restyle(self.message, role="bad" if wrong else "dim")

    def _chunks(self, n: int) -> str:
        return self.tr("1 chunk") if n == 1 else self.tr("%1 chunks").replace("%1", str(n))
