"""Choose what part of a picture or video becomes the start of the open project."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.widgets.basics import button, label, primary
from app.widgets.crop_view import CropView
from app.workers.background import Background
from app.workers.peek import peek


class StartDialog(QDialog):
    def __init__(self, path: Path, aspect: float, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle(self.tr("Use as the start"))
        self.resize(560, 520)
        self.crop = CropView(aspect)
        self.crop.set_message(self.tr("Reading…"))
        self._background = Background(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(label(self.tr("Drag the frame to choose what is used."), "dim"))
        column.addWidget(self.crop, 1)
        self._words = label(
            self.tr("What was made from the old start is kept, and marked as stale."),
            "dim",
            wrap=True,
        )
        column.addWidget(self._words)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(self.tr("Cancel"), "", self.reject))
        self.use = primary(self.tr("Use as the start"), "", self.accept)
        self.use.setEnabled(False)
        self.use.setDefault(True)
        row.addWidget(self.use)
        column.addLayout(row)
        self._background.run(lambda: peek(path), self._seen, self._refused)

    def _seen(self, found) -> None:
        height, width = found.picture.shape[:2]
        self.crop.set_image(
            QImage(found.picture.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        )
        self.use.setEnabled(True)

    def _refused(self, error: Exception) -> None:
        self.crop.set_message(str(error))

    def done(self, result: int) -> None:
        self._background.wait(10_000)
        super().done(result)
