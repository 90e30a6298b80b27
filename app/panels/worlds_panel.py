"""The worlds on this machine: what can be walked through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.actions import Actions
from app.widgets.basics import ElidedLabel, Empty, action_button, bind, button, label
from app.widgets.pixmaps import Pixmaps
from app.widgets.thumb_list import Row, ThumbList
from core.project.model import Project


@dataclass(frozen=True)
class WorldFacts:
    id: str
    name: str
    facts: str
    thumb: Path | None = None
    used: bool = False


class WorldsPanel(QWidget):
    more_wanted = Signal()

    def __init__(self, actions: Actions, pixmaps: Pixmaps, parent=None):
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
        column.addWidget(self._build_adapter(actions))
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

    def _build_adapter(self, actions: Actions) -> QWidget:
        """What the project's world was fine-tuned with; hidden without a project."""
        self.adapter = QFrame()
        self.adapter.setProperty("role", "card")
        column = QVBoxLayout(self.adapter)
        column.setContentsMargins(10, 8, 6, 8)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(label(self.tr("Slow adapter"), "dim"), 1)
        self._remove = action_button(actions["slow_adapter_remove"])
        head.addWidget(self._remove)
        head.addWidget(bind(button(self.tr("Choose…")), actions["slow_adapter"]))
        column.addLayout(head)
        self.adapter_name = ElidedLabel("")  # a line of its own: people give files long names
        column.addWidget(self.adapter_name)
        self.adapter.hide()
        return self.adapter

    def show_project(self, p: Project | None) -> None:
        self.adapter.setVisible(p is not None)
        if p is None:
            return
        there = p.slow_adapter is not None
        self.adapter_name.setText(p.slow_adapter.name if there else self.tr("none"))
        self.adapter_name.set_more(
            self.tr("Learned from footage of your own; it is kept in this project.") if there else
            self.tr("A file that was trained on footage of your own (core.learning.train "
                    "--adapter). The world then moves and looks more like that.")
        )  # fmt: skip
        self._remove.setVisible(there)

    def show_worlds(self, worlds: list[WorldFacts]) -> None:
        self.rows.show_rows(
            [
                Row(w.id, w.name, w.facts, w.thumb, badge=self.tr("in use") if w.used else "")
                for w in worlds
            ]
        )
