"""Preferences: the look, where projects go, how the engine runs. Everything acts at once."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.state.settings import Settings, log_folder
from app.widgets.basics import button, icon_button, label, level_labels, rule


class PreferencesDialog(QDialog):
    def __init__(self, settings: Settings, parent: QWidget | None = None):
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle(self.tr("Preferences"))
        self.resize(560, 0)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

        form.addRow(label(self.tr("Look"), "section"))
        self.theme = self._choice(
            "theme", self.tr("Theme"), ((self.tr("Dark"), "dark"), (self.tr("Light"), "light"))
        )
        form.addRow(label(self.tr("Theme"), "dim"), self.theme)
        form.addRow(rule())

        form.addRow(label(self.tr("Folders"), "section"))
        row = QHBoxLayout()
        row.setSpacing(4)
        self.folder = QLineEdit(str(settings.folder))
        self.folder.setAccessibleName(self.tr("Folder for new projects"))
        self.folder.editingFinished.connect(
            lambda: settings.set("projects_folder", self.folder.text().strip())
        )
        row.addWidget(self.folder, 1)
        row.addWidget(icon_button("folder-outline", self.tr("Choose another folder"), self._browse))
        form.addRow(label(self.tr("New projects"), "dim"), row)
        logs = QLineEdit(str(log_folder()))
        logs.setReadOnly(True)
        logs.setAccessibleName(self.tr("Folder of the log"))
        form.addRow(label(self.tr("Log"), "dim"), logs)
        form.addRow(
            label(""),
            label(
                self.tr(
                    "Projects are saved after every change. What is made is never overwritten."
                ),
                "dim",
                wrap=True,
            ),
        )
        form.addRow(rule())

        form.addRow(label(self.tr("Engine"), "section"))
        self.engine = self._choice(
            "engine",
            self.tr("Engine"),
            (
                (self.tr("Inside the studio"), "inprocess"),
                (self.tr("In a process of its own"), "child"),
            ),
        )
        form.addRow(label(self.tr("Runs"), "dim"), self.engine)
        form.addRow(
            label(""),
            label(
                self.tr(
                    "In a process of its own, a fault of the graphics driver cannot take the "
                    "window with it. Used from the next job on."
                ),
                "dim",
                wrap=True,
            ),
        )
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(button(self.tr("Close"), "", self.accept))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        self._form = form
        column.addLayout(form)
        column.addLayout(foot)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        level_labels(self._form)  # only now the fields have the heights of the style sheet

    def _choice(self, key: str, name: str, values: tuple[tuple[str, str], ...]) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        for words, value in values:
            box.addItem(words, value)
        box.setCurrentIndex(max(0, box.findData(self._settings.get(key))))
        box.currentIndexChanged.connect(lambda *_: self._settings.set(key, box.currentData()))
        return box

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, self.tr("Where to keep new projects"), self.folder.text()
        )
        if chosen:
            self.folder.setText(chosen)
            self._settings.set("projects_folder", chosen)
