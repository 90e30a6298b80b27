"""Worlds: what there is, what each needs and allows; get, pause, check, remove, import."""

from __future__ import annotations

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
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.import_world import ImportWorldDialog
from app.dialogs.licence import LicenceDialog
from app.flow.fetching import Fetching
from app.state.typed_path import typed_path
from app.widgets import world_words as words
from app.widgets.basics import (
    ElidedLabel,
    TallColumn,
    button,
    icon_button,
    label,
    refresh_glyphs,
    restyle,
    rule,
    scrolled,
)
from app.widgets.world_card import WorldCard
from core.models.begun import Plan


class WorldsDialog(QDialog):
    def __init__(self, fetching: Fetching, parent: QWidget | None = None):
        super().__init__(parent)
        self._fetching = fetching
        self.cards: dict[str, WorldCard] = {}
        self.setWindowTitle(self.tr("Worlds"))
        self.resize(820, 720)
        self.setMinimumSize(600, 480)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addLayout(self._build_head())
        column.addWidget(self._build_list(), 1)
        column.addWidget(self._build_import())
        column.addWidget(rule())
        column.addLayout(self._build_settings())
        column.addLayout(self._build_foot())
        fetching.changed.connect(self._show)
        fetching.progressed.connect(self._progress)
        fetching.agree.connect(self._show_licence)
        fetching.said.connect(self._say)
        self._show()
        self.setFocus()  # not a button: Enter must not do anything by itself
        fetching.look()
        fetching.token.look()

    # -- parts -----------------------------------------------------------------------------------

    def _build_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(
            label(
                self.tr(
                    "A world is the model that a project walks through. The starter world is "
                    "always here; larger ones are fetched once and then work without a network."
                ),
                "dim", wrap=True,
            ),
            1,
        )  # fmt: skip
        self.bring = button(self.tr("Import folder…"), "folder-open-outline", self._browse_import)
        row.addWidget(self.bring, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _build_list(self) -> QWidget:
        self._body = body = TallColumn()
        self._list = body.column
        self._list.setContentsMargins(0, 0, 6, 0)
        self._list.setSpacing(8)
        self._reading = label(self.tr("Looking at this machine and its disks…"), "dim")
        self._reading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._list.addWidget(self._reading)
        self._list.addStretch(1)
        return scrolled(body)

    def _build_import(self) -> QWidget:
        self._import = QWidget()
        row = QHBoxLayout(self._import)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._import_words = label("", "dim")
        self._import_bar = QProgressBar()
        self._import_bar.setTextVisible(False)
        self._import_bar.setAccessibleName(self.tr("How much was copied"))
        row.addWidget(self._import_words)
        row.addWidget(self._import_bar, 1)
        row.addWidget(button(self.tr("Stop"), "close", self._fetching.stop_import))
        self._import.hide()
        return self._import

    def _build_settings(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label(self.tr("New worlds go to"), "dim"), 0, 0)
        place = QHBoxLayout()
        place.setSpacing(4)
        self.folder = QLineEdit()
        self.folder.setAccessibleName(self.tr("Folder for new worlds"))
        self.folder.editingFinished.connect(self._take_folder)
        place.addWidget(self.folder, 1)
        place.addWidget(
            icon_button("folder-outline", self.tr("Choose another folder"), self._browse_folder)
        )
        grid.addLayout(place, 0, 1)
        grid.addWidget(label(self.tr("Access token"), "dim"), 1, 0)
        row = QHBoxLayout()
        row.setSpacing(4)
        self.token = QLineEdit()
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setPlaceholderText("hf_…")
        self.token.setAccessibleName(self.tr("Access token for gated worlds"))
        self.token.textChanged.connect(lambda *_: self._weigh_token())
        self.token.returnPressed.connect(self._save_token)
        row.addWidget(self.token, 1)
        self.save_token = button(self.tr("Save"), "key-outline", self._save_token)
        self.forget_token = button(self.tr("Forget"), "", self._fetching.token.forget)
        row.addWidget(self.save_token)
        row.addWidget(self.forget_token)
        grid.addLayout(row, 1, 1)
        self.token_words = label("", "dim", wrap=True)
        grid.addWidget(self.token_words, 2, 1)
        self._weigh_token()
        return grid

    def _build_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        self.offline = QCheckBox(self.tr("Offline: fetch nothing"))
        self.offline.clicked.connect(lambda on: self._fetching.set_offline(on))
        row.addWidget(self.offline)
        self.message = ElidedLabel()
        self.message.setAlignment(Qt.AlignmentFlag.AlignRight)
        row.addWidget(self.message, 1)
        close = button(self.tr("Close"), "", self.accept)
        row.addWidget(close)
        return row

    # -- showing ---------------------------------------------------------------------------------

    def _show(self) -> None:
        settings = self._fetching.settings
        offline = settings.offline
        facts = self._fetching.facts()
        self._reading.setVisible(not facts)
        ids = [f.id for f in facts]
        for id in [i for i in self.cards if i not in ids]:
            gone = self.cards.pop(id)
            gone.hide()
            gone.deleteLater()
        for n, one in enumerate(facts):
            card = self.cards.get(one.id)
            if card is None:
                card = self.cards[one.id] = WorldCard(one)
                card.wanted.connect(self._command)
            if self._list.indexOf(card) != n:
                self._list.insertWidget(n, card)
                card.show()  # at once, so that its height counts
            card.show_facts(one, offline)
        self._body.fit()
        if not self.folder.hasFocus():
            self.folder.setText(str(settings.folder))
        self.offline.setChecked(offline)
        self.offline.setEnabled(not settings.offline_forced)
        self.offline.setToolTip(
            self.tr("HF_HUB_OFFLINE is set on this machine") if settings.offline_forced else ""
        )
        text, role = self._fetching.token.words
        self.token_words.setText(text)
        self.forget_token.setEnabled(self._fetching.token.there)
        restyle(self.token_words, role=role)
        self._show_import()

    def _show_import(self) -> None:
        going = self._fetching.importing
        self._import.setVisible(going is not False)
        self.bring.setEnabled(going is False)
        if going is False:
            return
        self._import_words.setText(
            words.progress_words(going) if going and going.total else self.tr("Looking through it…")
        )
        self._import_bar.setRange(0, 1000 if going and going.total else 0)
        if going and going.total:
            self._import_bar.setValue(round(1000 * going.done / going.total))

    def _progress(self, id: str) -> None:
        card, fact = self.cards.get(id), self._fetching.fact_of(id)
        if card is not None and fact is not None:
            card.show_facts(fact, self.offline.isChecked())
        else:
            self._show_import()

    def _say(self, text: str, role: str) -> None:
        self.message.setText(text)
        restyle(self.message, role=role)

    # -- doing -----------------------------------------------------------------------------------

    def _command(self, name: str, id: str) -> None:
        self._say("", "dim")
        fetching = self._fetching
        match name:
            case "get":
                fetching.get(id)
            case "pause":
                fetching.pause(id)
            case "cancel":
                fact = fetching.fact_of(id)
                if fact is not None and fact.activity == "asking":
                    fetching.decline(id)
                elif fact is not None and fact.activity == "checking":
                    fetching.pause(id)  # what is installed is never thrown away
                else:
                    fetching.cancel(id)
            case "verify":
                fetching.verify(id)
            case "mend":
                fetching.mend(id)
            case "remove":
                fetching.remove(id)
            case "show":
                fact = fetching.fact_of(id)
                if fact is not None and fact.item.folder is not None:
                    QDesktopServices.openUrl(QUrl.fromLocalFile(str(fact.item.folder)))

    def _show_licence(self, plan: Plan) -> None:
        offer = plan.offer
        self.sheet = LicenceDialog(
            plan, self._fetching.settings.folder,
            lambda folder: self._fetching.fits_in(offer, folder), self,
        )  # fmt: skip
        self.sheet.accepted.connect(lambda: self._fetching.accept(plan, self.sheet.folder))
        self.sheet.rejected.connect(lambda: self._fetching.decline(offer.id))
        self.sheet.open()

    def _browse_import(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, self.tr("A folder with a world"), str(Path.home())
        )
        if chosen:
            self.import_folder(Path(chosen))

    def import_folder(self, folder: Path) -> None:
        """Ask how, then do it."""
        self.sheet = ImportWorldDialog(folder, self._fetching.settings.folder, self)
        self.sheet.accepted.connect(
            lambda: self._fetching.import_folder(folder, self.sheet.copy)
        )
        self.sheet.open()

    def _take_folder(self) -> None:
        wanted = typed_path(self.folder.text())
        if wanted is not None and wanted != self._fetching.settings.folder:
            self._fetching.set_folder(wanted)

    def _browse_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, self.tr("Where to put worlds"), self.folder.text()
        )
        if chosen:
            self.folder.setText(chosen)
            self._take_folder()

    def _save_token(self) -> None:
        text = self.token.text()
        self.token.clear()
        if text.strip():
            self._fetching.token.save(text)

    def _weigh_token(self) -> None:
        self.save_token.setEnabled(bool(self.token.text().strip()))

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange:
            refresh_glyphs(self)
