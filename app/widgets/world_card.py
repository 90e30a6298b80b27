"""One world in the Worlds dialog: what it is, its licence, what it needs, what can be done."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.icons import icon
from app.state.model_facts import ModelFacts
from app.widgets import world_words as words
from app.widgets.basics import ElidedLabel, button, label, restyle
from app.widgets.glyph import Glyph
from core.models.sizes import size


class WorldCard(QFrame):
    #: Command, world: get, pause, resume, cancel, verify, mend, remove, show.
    wanted = Signal(str, str)

    def __init__(self, facts: ModelFacts, parent: QWidget | None = None):
        super().__init__(parent)
        self.setProperty("role", "card")
        self.id = facts.id
        self._facts: ModelFacts | None = None
        self._seen: object = None
        self._offline = False
        self._asking = False  # whether to remove it
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(6)
        column.addLayout(self._build_head())
        self._what = label("", wrap=True)
        column.addWidget(self._what)
        column.addLayout(self._build_licence())
        self._needs = QHBoxLayout()
        self._needs.setSpacing(6)
        column.addLayout(self._needs)
        self._shortage = label("", "dim", wrap=True)
        column.addWidget(self._shortage)
        column.addWidget(self._build_progress())
        self._error = label("", "bad", wrap=True)
        self._error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self._error)
        column.addSpacing(2)
        column.addLayout(self._build_foot())
        self.show_facts(facts)

    # -- parts -----------------------------------------------------------------------------------

    def _build_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._name = label("", "title")
        self._tag = label(self.tr("recommended"), "dim")
        self._state = label("", "dim")
        row.addWidget(self._name)
        row.addWidget(self._tag, 0, Qt.AlignmentFlag.AlignBottom)
        row.addStretch(1)
        row.addWidget(self._state)
        return row

    def _build_licence(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._licence_glyph = Glyph()
        self._licence = label("", "dim", wrap=True)
        row.addWidget(self._licence_glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._licence, 1)
        return row

    def _build_progress(self) -> QWidget:
        self._going = QWidget()
        column = QVBoxLayout(self._going)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("How much was fetched"))
        self.progress = label("", "dim", wrap=True)
        self.progress.setFont(theme.tabular(self.progress.font()))
        column.addWidget(self.bar)
        column.addWidget(self.progress)
        return self._going

    def _build_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self._room = ElidedLabel("", "dim")
        self._room.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self._room, 1)
        made = {
            "get": button(self.tr("Get…"), "download"),
            "resume": button(self.tr("Resume"), "play"),
            "pause": button(self.tr("Pause"), "pause"),
            "cancel": button(self.tr("Cancel"), "close"),
            "mend": button(self.tr("Fetch again"), "download"),
            "verify": button(
                self.tr("Check files"), "file-check-outline",
                tip=self.tr("Read every file again and compare it with its checksum"),
            ),
            "show": button(self.tr("Show folder"), "folder-open-outline"),
            "remove": button(self.tr("Remove…"), "trash-can-outline"),
            "keep": button(self.tr("Keep it")),
            "really": button(self.tr("Remove"), "trash-can-outline"),
        }
        self.buttons: dict[str, QPushButton] = made
        for name, push in made.items():
            push.clicked.connect(lambda _=False, n=name: self._press(n))
            row.addWidget(push)
        return row

    # -- showing ---------------------------------------------------------------------------------

    def show_facts(self, facts: ModelFacts, offline: bool = False) -> None:
        seen = (replace(facts, progress=None), offline, words.state(facts))
        self._facts = facts
        if seen == self._seen:
            self._show_going()
            return
        self._seen, self._offline = seen, offline
        item, offer = facts.item, facts.item.offer
        self.setAccessibleName(item.name)
        self._name.setText(item.name)
        short = any(f.level == "short" for f in facts.fits)  # who can't run it isn't advised to
        recommended = offer is not None and offer.recommended and not short
        self._tag.setVisible(recommended)
        self._accent(recommended)
        text, role = words.state(facts)
        self._state.setText(text)
        restyle(self._state, role=role)
        self._what.setText(offer.what if offer else "")
        self._what.setVisible(offer is not None)
        self._show_licence(facts)
        self._show_needs(facts)
        self._error.setText(facts.error)
        self._error.setVisible(bool(facts.error))
        self._show_going()
        self._show_buttons()

    def _accent(self, on: bool) -> None:
        """One world stands out as what to get."""
        get = self.buttons["get"]
        if bool(get.property("barPrimary")) != on:
            restyle(get, barPrimary=on)
        get.setIcon(icon("download", theme.current().on_accent if on else None))
        get.setProperty("glyph", "" if on else "download")

    def _show_licence(self, facts: ModelFacts) -> None:
        offer = facts.item.offer
        for part in (self._licence, self._licence_glyph):
            part.setVisible(offer is not None)
        if offer is None:
            return
        found = offer.licence
        self._licence_glyph.show_glyph(*words.COMMERCIAL[found.commercial])
        self._licence.setText(f"{found.name} · {words.commercial(found)}. {found.summary}")
        region = self.tr("Regions: %1").replace("%1", found.region)
        self._licence.setToolTip(f"{region}\n{found.url}")

    def _show_needs(self, facts: ModelFacts) -> None:
        while self._needs.count():
            old = self._needs.takeAt(0).widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        plain = facts.item.state in ("offered", "partly", "embedded")
        shown = [f for f in facts.fits if plain or f.what != "disk"]
        shown = [f for f in shown if words.need(f)]
        for one in shown:
            self._needs.addWidget(Glyph(*words.LEVELS[one.level]))
            part = label(words.need(one), "dim")
            part.setToolTip(one.words)
            self._needs.addWidget(part)
            self._needs.addSpacing(10)
        self._needs.addStretch(1)
        shortage = words.shortage(shown, facts.item.world is not None)
        self._shortage.setText(shortage)
        self._shortage.setVisible(bool(shortage))

    def _show_going(self) -> None:
        facts = self._facts
        assert facts is not None
        going = ("fetching", "checking", "mending", "stopping")
        active, progress = facts.activity in going, facts.progress
        self._going.setVisible(active)
        if not active:
            return
        if progress is None or not progress.total:
            self.bar.setRange(0, 0)
            self.progress.setText(
                words.tr("Reading its files…") if facts.activity == "checking"
                else words.tr("Asking the hub what there is…")
            )
            return
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * min(1.0, progress.done / progress.total)))
        self.progress.setText(words.progress_words(progress))

    # -- doing -----------------------------------------------------------------------------------

    def _show_buttons(self) -> None:
        facts = self._facts
        assert facts is not None
        shown: set[str] = set()
        match facts.activity:
            case "asking":
                shown = {"cancel"}
            case "queued":
                shown = {"pause"}
            case "fetching":
                shown = {"pause", "cancel"}
            case "checking":
                shown = {"cancel"}
            case "mending":
                shown = {"pause"}
            case "":
                world, verdict = facts.item.world, facts.verdict
                lost = {"verify", "remove"} if world is not None and world.owned else {"remove"}
                shown = {
                    "offered": {"get"}, "partly": {"resume", "cancel"}, "embedded": set(),
                    "installed": {"verify", "show", "remove"}, "lost": lost,
                }[facts.item.state]  # fmt: skip
                if "verify" in shown and verdict is not None and verdict.fetchable:
                    shown = shown - {"verify"} | {"mend"}
        self._asking = self._asking and "remove" in shown
        if self._asking:
            shown = {"keep", "really"}
            self._room.setText(self._what_goes(facts))
        else:
            self._room.setText(words.room(facts))
        self._room.setVisible(bool(shown) or bool(words.room(facts)))
        for name, push in self.buttons.items():
            push.setVisible(name in shown)
        self.buttons["cancel"].setText(
            self.tr("Throw away") if facts.item.state == "partly" and not facts.activity
            else self.tr("Cancel")
        )  # fmt: skip
        for name in ("get", "resume", "mend"):
            self.buttons[name].setEnabled(not self._offline)
            self.buttons[name].setToolTip(self.tr("Offline is on") if self._offline else "")

    def _what_goes(self, facts: ModelFacts) -> str:
        world = facts.item.world
        if world is not None and not world.owned:
            return self.tr("Only the studio forgets it. Your folder stays as it is.")
        text = self.tr("%1 go. Projects stay; theirs needs it again to go on.")
        return text.replace("%1", size(facts.item.disk))

    def _press(self, name: str) -> None:
        if name in ("remove", "keep"):
            self._asking = name == "remove"
            self._show_buttons()
            self.buttons["keep" if self._asking else "remove"].setFocus()
            return
        if name == "really":
            self._asking = False
        command = {"really": "remove", "resume": "get"}.get(name, name)
        self.wanted.emit(command, self.id)
