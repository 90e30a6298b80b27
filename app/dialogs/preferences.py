"""Preferences of this machine: the look, folders, how the engine runs. Everything acts at once."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.flow.fetching import Fetching
from app.state import tier_words
from app.state.settings import Settings, log_folder
from app.state.typed_path import typed_path
from app.widgets.basics import (
    TallColumn,
    button,
    icon_button,
    label,
    level_labels,
    rule,
    scrolled,
)
from core.engine.lowered import of_this_machine
from core.worlds.tiers import AUTO

_WIDTH, _HEIGHT = 620, 690  # at first
_BAR, _EDGE = 12, 80  # of a scroll bar, which is not to come; what is left of a small screen


class PreferencesDialog(QDialog):
    def __init__(self, settings: Settings, fetching: Fetching, parent: QWidget | None = None):
        super().__init__(parent)
        self._settings, self._fetching = settings, fetching
        self.setWindowTitle(self.tr("Preferences"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._forms: list[QFormLayout] = []
        self._body = body = TallColumn()
        inside = body.column
        inside.setContentsMargins(16, 16, 16, 8)
        inside.setSpacing(12)
        for i, part in enumerate(
            (self._look(), self._folders(), self._engine(), self._network())
        ):
            if i:
                inside.addWidget(rule())
            inside.addLayout(part)
        inside.addStretch(1)
        self.message = label("", "bad", wrap=True)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 8, 16, 16)
        foot.addWidget(self.message, 1)
        foot.addWidget(button(self.tr("Close"), "", self.accept))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scrolled(body), 1)
        column.addLayout(foot)
        self.resize(_WIDTH, _HEIGHT)
        fetching.said.connect(self._say)
        settings.changed.connect(self._follow)
        self._show_engine()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        for form in self._forms:
            level_labels(form)  # only now the fields have the heights of the style sheet
        self._fit()
        QTimer.singleShot(0, self, self._fit)  # once its words are laid out

    def _fit(self) -> None:
        """As tall as what is in it, where the screen has the room."""
        self._body.column.invalidate()
        foot = self.layout().itemAt(1).sizeHint().height()
        room = self.screen().availableGeometry().height() - _EDGE
        self.resize(_WIDTH, min(self._body.column.heightForWidth(_WIDTH - _BAR) + foot, room))

    # -- parts -----------------------------------------------------------------------------------

    def _form(self, title: str) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.addRow(label(title, "section"))
        self._forms.append(form)
        return form

    def _row(self, form: QFormLayout, name: str, field: QWidget | QHBoxLayout) -> None:
        head = label(name, "dim")
        head.setMinimumWidth(104)  # the fields of all sections begin at one line
        form.addRow(head, field)

    def _hint(self, form: QFormLayout, text: str = "") -> QLabel:
        made = label(text, "dim", wrap=True)
        form.addRow(label(""), made)
        return made

    def _look(self) -> QFormLayout:
        form = self._form(self.tr("Look"))
        self.theme = self._choice(
            "theme", self.tr("Theme"), ((self.tr("Dark"), "dark"), (self.tr("Light"), "light"))
        )
        self._row(form, self.tr("Theme"), self.theme)
        return form

    def _folders(self) -> QFormLayout:
        form = self._form(self.tr("Folders"))
        self.folder = self._folder_row(
            form, self.tr("New projects"), self.tr("Folder for new projects"),
            self._settings.folder, self._take_folder,
        )  # fmt: skip
        self._hint(form, self.tr(
            "Projects are saved after every change. What is made is never overwritten."
        ))  # fmt: skip
        self.models = self._folder_row(
            form, self.tr("New worlds"), self.tr("Folder for new worlds"),
            self._fetching.settings.folder, self._take_models,
        )  # fmt: skip
        self._hint(form, self.tr(
            "From the next one on; worlds that are there already stay where they are."
        ))  # fmt: skip
        logs = QLineEdit(str(log_folder()))
        logs.setReadOnly(True)
        logs.setAccessibleName(self.tr("Folder of the log"))
        self._row(form, self.tr("Log"), logs)
        return form

    def _folder_row(self, form: QFormLayout, name: str, long: str, at: Path, take) -> QLineEdit:
        field = QLineEdit(str(at))
        field.setAccessibleName(long)
        field.editingFinished.connect(lambda: take(field.text().strip()))
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(field, 1)
        row.addWidget(
            icon_button(
                "folder-outline", self.tr("Choose another folder"),
                lambda: self._browse(field, long, take),
            )
        )  # fmt: skip
        self._row(form, name, row)
        return field

    def _engine(self) -> QFormLayout:
        form = self._form(self.tr("Engine"))
        self.tier = self._choice(
            "tier", self.tr("How worlds are made to fit into memory"),
            tuple((tier_words.name(id), id) for id in tier_words.CHOICES), anew=True,
        )  # fmt: skip
        for i, id in enumerate(tier_words.CHOICES):
            why = tier_words.lacking(id)
            self.tier.model().item(i).setEnabled(not why)
            tip = why or tier_words.sentence(id)
            self.tier.setItemData(i, tip, Qt.ItemDataRole.ToolTipRole)
        self._row(form, self.tr("Worlds fit"), self.tier)
        self._tier_hint = self._hint(form)
        self.engine = self._choice(
            "engine",
            self.tr("Whether the engine has a process of its own"),
            (
                (self.tr("Automatic"), "auto"),
                (self.tr("Always in a process of its own"), "child"),
                (self.tr("Never: inside the studio"), "inprocess"),
            ),
        )
        self._row(form, self.tr("Runs"), self.engine)
        self._hint(form, self.tr(
            "In a process of its own, a fault of the graphics driver cannot take the window with "
            "it; automatic does so on a graphics card. Used from the next chunk on."
        ))  # fmt: skip
        self.reset = button(self.tr("Reset to automatic"), "restore", self._reset)
        row = QHBoxLayout()
        row.addWidget(self.reset)
        row.addStretch(1)
        form.addRow(label(""), row)
        return form

    def _network(self) -> QFormLayout:
        form = self._form(self.tr("Network"))
        self.offline = QCheckBox(self.tr("Offline: fetch nothing"))
        models = self._fetching.settings
        self.offline.setChecked(models.offline)
        self.offline.setEnabled(not models.offline_forced)
        self.offline.clicked.connect(lambda on: self._fetching.set_offline(on))
        form.addRow(label(""), self.offline)
        self._hint(
            form,
            self.tr("HF_HUB_OFFLINE is set on this machine, so nothing is fetched.")
            if models.offline_forced
            else self.tr("Worlds that are installed work all the same."),
        )
        for row in (1, 2):
            form.itemAt(row, QFormLayout.ItemRole.LabelRole).widget().setMinimumWidth(104)
        return form

    def _choice(
        self, key: str, name: str, values: tuple[tuple[str, str], ...], anew: bool = False
    ) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        for words, value in values:
            box.addItem(words, value)
        box.setCurrentIndex(max(0, box.findData(self._settings.get(key))))
        box.activated.connect(lambda *_: self._settings.set(key, box.currentData(), anew))
        return box

    # -- doing -----------------------------------------------------------------------------------

    def _follow(self, key: str) -> None:
        """Chosen elsewhere too: by the line under Generate."""
        for name, box in (("theme", self.theme), ("tier", self.tier), ("engine", self.engine)):
            if name == key:
                box.setCurrentIndex(max(0, box.findData(self._settings.get(key))))
        self._show_engine()

    def _show_engine(self) -> None:
        id, lowered = self.tier.currentData(), len(of_this_machine())
        words = tier_words.sentence(id)
        if lowered:
            words += " " + (
                self.tr("One world goes lower here, because memory ran out.") if lowered == 1
                else self.tr("%1 worlds go lower here, because memory ran out.")
            ).replace("%1", str(lowered))
        self._tier_hint.setText(words)
        automatic = id == AUTO and self.engine.currentData() == AUTO
        self.reset.setEnabled(not automatic or bool(lowered))
        self.reset.setToolTip(
            self.tr("The fit and the engine are chosen by the studio again; that memory ran out is "
                    "forgotten")
            if self.reset.isEnabled() else self.tr("Everything is automatic")
        )  # fmt: skip

    def _reset(self) -> None:
        self._settings.set("engine", AUTO)
        self._settings.set("tier", AUTO, anew=True)

    def _take_folder(self, text: str) -> None:
        wanted = typed_path(text)
        if wanted != self._settings.folder:
            self._settings.set("projects_folder", str(wanted.absolute()) if wanted else "")
        self.folder.setText(str(self._settings.folder))

    def _take_models(self, text: str) -> None:
        wanted = typed_path(text)
        if wanted is None:
            self.models.setText(str(self._fetching.settings.folder))
        elif wanted != self._fetching.settings.folder:
            self._fetching.set_folder(wanted)

    def _browse(self, field: QLineEdit, title: str, take) -> None:
        chosen = QFileDialog.getExistingDirectory(self, title, field.text())
        if chosen:
            field.setText(chosen)
            take(chosen)

    def _say(self, text: str, role: str) -> None:
        if role == "bad":
            self.message.setText(text)
