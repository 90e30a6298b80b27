"""Below the picture while a draft waits: keep it, try again, or drop it."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QWidget
from PySide6.QtCore import Qt

from app.actions import Actions, native
from app.widgets.basics import ElidedLabel, bind, button, primary


class DraftBar(QFrame):
    def __init__(self, actions: Actions, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setProperty("level", "draft")
        self.setAccessibleName(self.tr("Draft"))
        self._actions = actions
        self._words = ElidedLabel()
        self.accept = bind(primary(self.tr("Accept"), "check"), actions["accept"])
        self.redo = bind(button(self.tr("Redo, new seed"), "dice-5-outline"), actions["redo_draft"])
        self.discard = bind(button(self.tr("Discard"), "trash-can-outline"), actions["discard"])
        self.automatic = QCheckBox(self.tr("Accept automatically"))
        self.automatic.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.automatic.setAccessibleName(self.tr("Accept automatically"))
        auto = actions["auto_accept"]
        self.automatic.setToolTip(auto.toolTip())
        self.automatic.toggled.connect(lambda on: auto.isChecked() != on and auto.trigger())
        auto.toggled.connect(self.automatic.setChecked)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 10, 6)
        row.setSpacing(8)
        row.addWidget(self._words, 1)
        row.addWidget(self.automatic)
        row.addSpacing(8)
        row.addWidget(self.discard)
        row.addWidget(self.redo)
        row.addWidget(self.accept)
        self.hide()

    def show_draft(self, words: str | None) -> None:
        """``words`` such as "Draft of chunk 5 · take 2 of 2"; None hides the bar."""
        self.setVisible(words is not None)
        if words is not None:
            self._words.setText(words)
            for push, id, text in (
                (self.accept, "accept", self.tr("Accept")),
                (self.redo, "redo_draft", self.tr("Redo")),
                (self.discard, "discard", self.tr("Discard")),
            ):
                keys = self._actions[id].shortcuts()
                push.setText(f"{text}  {native(keys[:1])}" if keys else text)
                push.setAccessibleName(text)
