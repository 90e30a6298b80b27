"""The worlds on this machine: what can be walked through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.widgets.basics import Empty, button, label
from app.widgets.pixmaps import Pixmaps
from app.widgets.thumb_list import Row, ThumbList


@dataclass(frozen=True)
class WorldFacts:
    id: str
    name: str
    facts: str
    thumb: Path | None = None
    used: bool = False


class WorldsPanel(QWidget):
    more_wanted = Signal()

    def __init__(self, pixmaps: Pixmaps, parent=None):
        super().__init__(parent)
        self.rows = ThumbList(
            Empty(
                "earth",
                self.tr("No world found"),
                self.tr(
                    "The starter world belongs in resources/worlds. Set the studio up again to "
                    "repair it."
                ),
            ),
            pixmaps,
            (),
            self.tr("Worlds"),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.rows, 1)
        column.addWidget(
            label(
                self.tr(
                    "A world is a model that continues a picture under your actions. A project "
                    "keeps the world it was started with."
                ),
                "dim",
                wrap=True,
            )
        )
        column.addWidget(button(self.tr("Get more worlds…"), "earth-plus", self.more_wanted.emit))

    def show_worlds(self, worlds: list[WorldFacts]) -> None:
        self.rows.show_rows(
            [
                Row(w.id, w.name, w.facts, w.thumb, badge=self.tr("in use") if w.used else "")
                for w in worlds
            ]
        )
