"""A folder with a world that is already there: use it where it is, or copy it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QDialog, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from app.widgets.basics import ElidedLabel, button, fit_height, label, primary


class ImportWorldDialog(QDialog):
    """``copy`` says what was chosen once it is accepted."""

    def __init__(self, folder: Path, target: Path, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle(self.tr("Import a world"))
        self.resize(520, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(8)
        column.addWidget(label(folder.name, "title"))
        column.addWidget(ElidedLabel(str(folder), "dim"))
        column.addSpacing(6)
        self.in_place = QRadioButton(self.tr("Use it where it is"))
        self.in_place.setChecked(True)
        column.addWidget(self.in_place)
        column.addWidget(
            self._note(self.tr("Takes no more disk. Nothing is written into it, now or later."))
        )
        self._copy = QRadioButton(self.tr("Copy it"))
        column.addWidget(self._copy)
        note = self.tr("To %1. Later the studio can take the copy away again.")
        column.addWidget(self._note(note.replace("%1", str(target))))
        column.addSpacing(6)
        column.addWidget(
            label(self.tr("It is looked through first: every file must be there and whole."), "dim",
                  wrap=True)
        )  # fmt: skip
        column.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(button(self.tr("Cancel"), "", self.reject))
        self.go = primary(self.tr("Import"), "", self.accept)
        self.go.setDefault(True)
        row.addWidget(self.go)
        column.addLayout(row)

    @property
    def copy(self) -> bool:
        return self._copy.isChecked()

    def choose_copy(self) -> None:
        self._copy.setChecked(True)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        fit_height(self)

    @staticmethod
    def _note(text: str) -> QWidget:
        made = label(text, "dim", wrap=True)
        made.setContentsMargins(22, 0, 0, 0)
        return made
