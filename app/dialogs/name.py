"""Asks for a name: one line, and a button that says what becomes of it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.widgets.basics import button, label, primary

MOST = 200  # characters


class NameDialog(QDialog):
    """``name`` is what was written, without blanks at its ends; an empty one can't be accepted."""

    def __init__(
        self, title: str, what: str, go: str, name: str = "", parent: QWidget | None = None
    ):
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(400)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(label(what, "dim"))
        self.field = QLineEdit(name)
        self.field.setMaxLength(MOST)
        self.field.setAccessibleName(what)
        self.field.selectAll()
        self.field.textChanged.connect(lambda *_: self.go.setEnabled(bool(self.name)))
        column.addWidget(self.field)
        column.addSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(button(self.tr("Cancel"), "", self.reject))
        self.go = primary(go, "", self.accept)
        self.go.setDefault(True)
        self.go.setEnabled(bool(self.name))
        row.addWidget(self.go)
        column.addLayout(row)
        self.field.setFocus()

    @property
    def name(self) -> str:
        return self.field.text().strip()


def ask_name(dialog: NameDialog, then: Callable[[str], None]) -> None:
    """Open it over its window; ``then`` is told the name, where there is one in the end."""
    dialog.accepted.connect(lambda: then(dialog.name))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
