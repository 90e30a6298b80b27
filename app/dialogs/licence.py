"""Before a world is fetched: its licence to read and accept, its true size, where it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.state.typed_path import typed_path
from app.widgets import world_words as words
from app.widgets.basics import button, fit_height, icon_button, label, primary, rule
from app.widgets.glyph import Glyph
from core.models.begun import Plan
from core.models.fit import Fit
from core.models.sizes import size


class LicenceDialog(QDialog):
    """``accepted`` by the primary button only; then ``folder`` says where it goes.

    ``fits``: what the world needs beside what this machine has, for a folder.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        fits: Callable[[Path], tuple[Fit, ...]],
        parent: QWidget | None = None,
    ):
        super().__init__(parent)
        self._plan, self._fits = plan, fits
        offer = plan.offer
        self.setWindowTitle(self.tr("Get %1").replace("%1", offer.name))
        self.resize(600, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(10)
        self._build_licence(column)
        column.addWidget(rule())
        column.addLayout(self._build_facts(folder))
        column.addWidget(rule())
        self.agree = QCheckBox(self.tr("I have read the licence and accept it"))
        column.addWidget(self.agree)
        column.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(button(self.tr("Cancel"), "", self.reject))
        text = self.tr("Get %1").replace("%1", size(plan.bytes))
        self.go = primary(text, "download", self.accept)
        row.addWidget(self.go)
        column.addLayout(row)
        self.agree.toggled.connect(lambda *_: self._weigh())
        self._weigh()

    @property
    def folder(self) -> Path:
        return typed_path(self.place.text()) or Path()

    def _build_licence(self, column: QVBoxLayout) -> None:
        licence = self._plan.offer.licence
        column.addWidget(label(self._plan.offer.name, "title"))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Glyph(*words.COMMERCIAL[licence.commercial]))
        row.addWidget(label(f"{licence.name} · {words.commercial(licence)}"))
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(label(licence.summary, wrap=True))
        region = self.tr("Regions: %1").replace("%1", licence.region)
        column.addWidget(label(region, "dim", wrap=True))
        card = self._plan.card
        if card and card != licence.card:
            note = self.tr("The page of the model names the licence “%1” now. What counts is what "
                           "is written there.")  # fmt: skip
            column.addWidget(label(note.replace("%1", card), "warn", wrap=True))
        links = QHBoxLayout()
        links.setSpacing(6)
        for text, url in (
            (self.tr("Read the licence"), licence.url),
            (self.tr("Open the model's page"), self._plan.offer.page),
        ):
            push = button(text, "open-in-new", lambda u=url: QDesktopServices.openUrl(QUrl(u)), url)
            links.addWidget(push)
        links.addStretch(1)
        column.addLayout(links)

    def _build_facts(self, folder: Path) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        files = self.tr("%1 in %2 files, version %3").replace("%1", size(self._plan.bytes))
        files = files.replace("%2", str(len(self._plan.files)))
        files = files.replace("%3", self._plan.commit[:10])
        grid.addWidget(label(self.tr("Size"), "dim"), 0, 0)
        grid.addWidget(label(files), 0, 1)
        grid.addWidget(label(self.tr("Folder"), "dim"), 1, 0)
        place = QHBoxLayout()
        place.setSpacing(4)
        self.place = QLineEdit(str(folder))
        self.place.setAccessibleName(self.tr("Folder for the world"))
        self.place.textChanged.connect(lambda *_: self._weigh())
        place.addWidget(self.place, 1)
        place.addWidget(
            icon_button("folder-outline", self.tr("Choose another folder"), self._browse)
        )
        grid.addLayout(place, 1, 1)
        grid.addWidget(label(self.tr("Needs"), "dim"), 2, 0, Qt.AlignmentFlag.AlignTop)
        self._needs = QGridLayout()
        self._needs.setHorizontalSpacing(8)
        self._needs.setVerticalSpacing(4)
        self._needs.setColumnStretch(1, 1)
        self._rows = [(Glyph(), label("", wrap=True)) for _ in range(3)]
        for n, (glyph, text) in enumerate(self._rows):
            self._needs.addWidget(glyph, n, 0, Qt.AlignmentFlag.AlignTop)
            self._needs.addWidget(text, n, 1)
        grid.addLayout(self._needs, 2, 1)
        return grid

    def _weigh(self) -> None:
        named = bool(self.place.text().strip())
        fits = self._fits(self.folder) if named else ()
        for (glyph, text), one in zip(self._rows, fits):
            glyph.show_glyph(*words.LEVELS[one.level])
            text.setText(one.words)
        for part in (p for row in self._rows[len(fits) :] for p in row):
            part.hide()
        self.go.setEnabled(self.agree.isChecked() and named)
        self.go.setToolTip("" if self.go.isEnabled() else self.tr("Accept the licence first"))

    def showEvent(self, event) -> None:
        super().showEvent(event)
        fit_height(self)

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, self.tr("Where to put worlds"), self.place.text()
        )
        if chosen:
            self.place.setText(chosen)
