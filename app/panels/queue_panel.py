"""What is being made, what waits, what is done: reorder, pause, resume, cancel, clear."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.icons import icon
from app.widgets.basics import ElidedLabel, Empty, button, icon_button, scrolled


@dataclass(frozen=True)
class JobRow:
    """A job in words. ``tone``: "", good, warn, bad; ``done`` 0–1 while it runs."""

    id: str
    title: str
    state: str
    tone: str = ""
    glyph: str = "clock-outline"
    done: float | None = None
    can: frozenset[str] = frozenset()  # up, down, pause, resume, cancel, clear, show


class _Row(QFrame):
    commanded = Signal(str, str)  # command, job id

    def __init__(self, row: JobRow):
        super().__init__()
        self.row = row
        self.setProperty("role", "card")
        self.setAccessibleName(f"{row.title}, {row.state}")
        t = theme.current()
        colour = {"good": t.good, "warn": t.warn, "bad": t.bad}.get(row.tone, t.dim)
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 7, 6, 7)
        line.setSpacing(8)
        mark = QLabel()
        mark.setPixmap(icon(row.glyph, colour).pixmap(18, 18))
        line.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(ElidedLabel(row.title))
        self._state = ElidedLabel(row.state, "dim")
        words.addWidget(self._state)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setVisible(row.done is not None)
        self._bar.setValue(round(1000 * (row.done or 0)))
        self._bar.setAccessibleName(self.tr("How far the job is"))
        words.addWidget(self._bar)
        line.addLayout(words, 1)
        for command, glyph, tip in (
            ("up", "chevron-up", self.tr("Sooner")),
            ("down", "chevron-down", self.tr("Later")),
            ("resume", "play", self.tr("Go on")),
            ("pause", "pause", self.tr("Pause")),
            ("show", "folder-open-outline", self.tr("Show the file")),
            ("cancel", "close", self.tr("Cancel")),
            ("clear", "close", self.tr("Remove from the list")),
        ):
            if command in row.can:
                line.addWidget(
                    icon_button(glyph, tip, lambda c=command: self.commanded.emit(c, row.id)),
                    0,
                    Qt.AlignmentFlag.AlignTop,
                )

    def show_state(self, row: JobRow) -> None:
        self.row = row
        self._state.setText(row.state)
        self._bar.setVisible(row.done is not None)
        self._bar.setValue(round(1000 * (row.done or 0)))


class QueuePanel(QWidget):
    commanded = Signal(str, str)  # command, job id
    clear_ended = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._rows: list[_Row] = []
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        column.addLayout(self._list)
        column.addStretch(1)
        self._stack = QStackedWidget()
        self._stack.setObjectName("page")
        self._stack.addWidget(
            Empty(
                "format-list-checks",
                self.tr("Nothing in the queue"),
                self.tr(
                    "Press Generate, and what is made appears here. It is kept when the "
                    "studio closes."
                ),
            )
        )
        self._stack.addWidget(scrolled(body))
        self._clear = button(self.tr("Clear what is done"), "broom", self.clear_ended.emit)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 0, 8, 8)
        foot.addStretch(1)
        foot.addWidget(self._clear)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._stack, 1)
        outer.addLayout(foot)
        self.show_rows([])

    def show_rows(self, rows: list[JobRow]) -> None:
        self._stack.setCurrentIndex(1 if rows else 0)
        self._clear.setVisible(any("clear" in r.can for r in rows))
        same = len(rows) == len(self._rows) and all(
            (a.row.id, a.row.title, a.row.can, a.row.glyph, a.row.tone)
            == (b.id, b.title, b.can, b.glyph, b.tone)
            for a, b in zip(self._rows, rows)
        )
        if same:  # only words and bars move: keep focus and hover where they are
            for made, row in zip(self._rows, rows):
                made.show_state(row)
            return
        while self._list.count():
            old = self._list.takeAt(0).widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self._rows = []
        for row in rows:
            made = _Row(row)
            made.commanded.connect(self.commanded)
            self._list.addWidget(made)
            self._rows.append(made)
