"""The line along the bottom of the window: what goes on, the world, the memory, the machine."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from app.actions import Actions
from app.widgets.progress_strip import ProgressStrip

_AIR = 24  # pixels around what stands at the left


class StatusLine(QStatusBar):
    """While something is made in a narrow window, that has the room, and facts give way."""

    def __init__(self, actions: Actions, parent: QWidget | None = None):
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.progress = ProgressStrip(actions)
        self.words = QLabel()
        self.words.setAccessibleName(self.tr("What is going on"))
        self.addWidget(self.words, 0)
        self.addWidget(self.progress, 1)
        self.world, self.memory, self.ram = QLabel(), QLabel(), QLabel()
        for part in (self.world, self.memory, self.ram):
            part.setProperty("role", "dim")
            part.setContentsMargins(8, 0, 8, 0)
            self.addPermanentWidget(part)

    def fit(self) -> None:
        """Show the facts that there is room for, the memory first."""
        left = self.words if self.progress.isHidden() else self.progress
        room = self.width() - left.sizeHint().width() - _AIR
        for part in (self.memory, self.world, self.ram):
            room -= part.sizeHint().width() + 6
            part.setVisible(room >= 0)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.fit()
