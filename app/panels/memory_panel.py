"""Which memory the next chunk is made with, how strongly, and what it has done."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.actions import Actions
from app.state.memory_facts import ChunkMemory, MemoryFacts
from app.widgets.basics import (
    Empty,
    action_button,
    bind,
    button,
    label,
    rule,
    scrolled,
)
from app.widgets.choice import clear
from app.widgets.memory_parts import LearntRow, LossBar, StrengthRow, spot_button
from core.project.memory_use import (
    RECALLED,
    has_adapter,
    has_bank,
    presets_for,
    recalled_frames,
)
from core.project.model import MemoryPreset, MemoryUse

#: Rows of what was learned that are made at once: a long walk has hundreds.
_ROWS = 40


class MemoryPanel(QWidget):
    use_changed = Signal(dict)  # fields of MemoryUse that change, and nothing else
    back_wanted = Signal(str)  # take id
    seek_wanted = Signal(int)  # sequence frame

    def __init__(self, actions: Actions, parent: QWidget | None = None):
        super().__init__(parent)
        self._actions = actions
        self._use = MemoryUse()
        self._offered: tuple[MemoryPreset, ...] = ()
        self._used: set[MemoryPreset] = set()  # since the project was opened
        self._facts: MemoryFacts | None = None
        self._chunk: object = ()
        self._all_rows = False
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        self._words = label("", wrap=True)
        column.addWidget(self._words)
        self._build_use(column)
        self._rule = rule()
        column.addWidget(self._rule)
        self._build_done(column)
        column.addStretch(1)
        self._stack = QStackedWidget()
        self._stack.setObjectName("page")
        self._stack.addWidget(scrolled(body))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.show_use(self._use)
        self._used.clear()  # nothing is open yet

    # -- parts -------------------------------------------------------------------------------------

    def presets(self) -> tuple[tuple[str, str, str], ...]:
        """(preset, plain name, one sentence)."""
        return (
            ("both", self.tr("Adapter and remembered frames"),
             self.tr("Learns each chunk that you accept, and shows the next chunk the frames of "
                     "the walk that help it most.")),
            ("bank", self.tr("Remembered frames only"),
             self.tr("Shows the next chunk the frames of the walk that help it most. Costs no time; "
                     "the usual choice in a world that knows its places.")),
            ("fallback", self.tr("Frames, then the adapter"),
             self.tr("Shows the next chunk the frames of the walk that help it most; where there is "
                     "none, what was learned is heard instead. Learns each chunk that you accept in "
                     "many steps: slow.")),
            ("adapter", self.tr("Adapter only"),
             self.tr("Learns each chunk that you accept, and where it was, in many steps: slow. No "
                     "frame is shown again.")),
            ("paper", self.tr("As in the paper"),
             self.tr("The adapter exactly as SlowFast-VGen describes it, to compare with; no frame "
                     "is shown again.")),
            ("off", self.tr("Off"),
             self.tr("Each chunk knows only the moment before it.")),
        )  # fmt: skip

    def _build_use(self, column: QVBoxLayout) -> None:
        actions = self._actions
        self.preset = QComboBox()
        self.preset.setAccessibleName(self.tr("What is remembered"))
        self.preset.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.preset.setMinimumContentsLength(12)
        self.preset.currentIndexChanged.connect(
            lambda *_: self._send(preset=self.preset.currentData())
        )
        column.addWidget(self.preset)
        self.sentence = label("", "dim", wrap=True)
        column.addWidget(self.sentence)
        column.addSpacing(2)
        self.adapter = StrengthRow(
            self.tr("Adapter"), 150, 1, actions["memory_mute"],
            (actions["memory_weaker"], actions["memory_stronger"]),
            self.tr("How strongly what was learned speaks when a chunk is made: up to 150 %. "
                    "Double-click: 100 %."),
            lambda percent: f"{percent} %",
        )  # fmt: skip
        self.adapter.changed.connect(lambda value: self._send(strength=value / 100))
        column.addWidget(self.adapter)
        self.bank = StrengthRow(
            self.tr("Remembered frames"), 100, round(100 / RECALLED), actions["bank_mute"],
            (actions["bank_weaker"], actions["bank_stronger"]),
            self.tr("How many frames of the walk a chunk is shown at most. Double-click: all %1.")
            .replace("%1", str(RECALLED)),
            self._frames_words,
        )  # fmt: skip
        self.bank.changed.connect(lambda value: self._send(bank_strength=value / 100))
        column.addWidget(self.bank)
        self.strength = self.adapter.slider
        row = QHBoxLayout()
        row.setSpacing(6)
        self._save = bind(
            button(self.tr("Save as episode…"), "bookmark-plus-outline"),
            self._actions["episode_save"],
        )
        row.addWidget(self._save, 1)
        row.addWidget(self._named("memory_reset", self.tr("Reset")))
        column.addLayout(row)

    def _build_done(self, column: QVBoxLayout) -> None:
        self._chunk_head = label("", "section")
        column.addWidget(self._chunk_head)
        self.chunk_card = QFrame()
        self.chunk_card.setProperty("role", "card")
        self._chunk_lines = QVBoxLayout(self.chunk_card)
        self._chunk_lines.setContentsMargins(8, 6, 8, 6)
        self._chunk_lines.setSpacing(3)
        column.addWidget(self.chunk_card)
        self._sum_head = label(self.tr("In sum"), "section")
        column.addWidget(self._sum_head)
        self.sum = label("", wrap=True)
        column.addWidget(self.sum)
        self._list_head = label(self.tr("Learned from"), "section")
        column.addWidget(self._list_head)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        column.addLayout(self._list)
        self._more = button("", "", self._show_all)
        column.addWidget(self._more)
        self._none = Empty(
            "brain",
            self.tr("Nothing learned yet"),
            self.tr(
                "Accept a draft, and the memory learns it. Then it knows the place when you "
                "come back."
            ),
        )
        column.addWidget(self._none, 1)
        self._no_frames = Empty(
            "image-multiple-outline",
            self.tr("No chunk remembered yet"),
            self.tr(
                "Accept a draft, and its frames are kept. Come back to where they were, and the "
                "place is as it was."
            ),
        )
        column.addWidget(self._no_frames, 1)
        for part in (self._none, self._no_frames):  # below the settings, so that all of it is seen
            part.layout().setContentsMargins(12, 4, 12, 4)

    def _named(self, id: str, text: str):
        made = action_button(self._actions[id], flat=False, text=text)
        made.setText(text)
        self._actions[id].changed.connect(lambda: made.setText(text))
        return made

    def _frames_words(self, percent: int) -> str:
        n = recalled_frames(MemoryUse("bank", bank_strength=percent / 100))
        return self.tr("up to %1").replace("%1", str(n)) if n else self.tr("none")

    # -- the settings ------------------------------------------------------------------------------

    def step(self, percent: int) -> None:
        """A key: the adapter a little weaker or stronger."""
        self.adapter.step(percent)

    def step_bank(self, frames: int) -> None:
        """A key: so many frames more or fewer."""
        self.bank.step(frames * round(100 / RECALLED))

    def _offer(self, offered: tuple[MemoryPreset, ...]) -> None:
        if offered == self._offered:
            return
        self._offered = offered
        self.preset.clear()
        for preset, name, sentence in self.presets():
            if preset in offered:
                self.preset.addItem(name, preset)
                at = self.preset.count() - 1
                self.preset.setItemData(at, sentence, Qt.ItemDataRole.ToolTipRole)

    def show_use(self, use: MemoryUse, places: bool = True) -> None:
        """``places``: whether the project's world gives remembered frames an address."""
        self._use = use
        names = {preset: (name, sentence) for preset, name, sentence in self.presets()}
        name, sentence = names[use.preset]
        with QSignalBlocker(self.preset):
            self._used.add(use.preset)
            self._offer(presets_for(places, self._used))
            self.preset.setCurrentIndex(self.preset.findData(use.preset))
        self.preset.setToolTip(sentence)
        self.sentence.setText(sentence)
        lacks = self.tr("“%1” has no %2.").replace("%1", name)
        off = self.tr("The memory is off.")
        adapter = lacks.replace("%2", self.tr("adapter"))
        bank = lacks.replace("%2", self.tr("remembered frames"))
        for row, there, percent, muted, reason in (
            (self.adapter, has_adapter(use), use.strength, use.muted, adapter),
            (self.bank, has_bank(use), use.bank_strength, use.bank_muted, bank),
        ):
            why = "" if there else (off if use.preset == "off" else reason)
            row.show_value(round(percent * 100), muted, why)
        self._show_none()

    def _send(self, **changed: object) -> None:
        self.use_changed.emit(changed)

    # -- what it did -------------------------------------------------------------------------------

    def show_facts(self, facts: MemoryFacts | None) -> None:
        self.setEnabled(facts is not None)
        if facts is None:
            self._used.clear()
        facts = facts or MemoryFacts(0, ())
        if facts == self._facts:
            return
        self._facts = facts
        self._words.setText(facts.words)
        self._words.setVisible(bool(facts.words))
        lines = [facts.sum_words, facts.frames_words]
        if facts.loss is not None:
            lines.insert(1, self.tr("Error on average: %1 → %2 (less is better).").replace(
                "%1", f"{facts.loss[0]:.3f}").replace("%2", f"{facts.loss[1]:.3f}"))  # fmt: skip
        self.sum.setText("\n".join(line for line in lines if line))
        self._show_rows()

    def _show_all(self) -> None:
        self._all_rows = True
        self._show_rows()

    def _show_rows(self) -> None:
        from app.flow.memory_facts import percent

        clear(self._list)
        learnt = self._facts.learnt
        shown = learnt if self._all_rows else learnt[-_ROWS:]
        most = max((max(f.before, f.after) for f in learnt if not f.skipped), default=1.0)
        for fact in reversed(shown):
            made = LearntRow(fact, most, percent(fact.change))
            made.back.connect(self.back_wanted)
            if fact.frame is not None:
                made.clicked.connect(lambda frame=fact.frame: self.seek_wanted.emit(frame))
            self._list.addWidget(made)
        hidden = len(learnt) - len(shown)
        self._more.setText(self.tr("Show %1 earlier chunks").replace("%1", str(hidden)))
        self._more.setVisible(hidden > 0)
        for part in (self._sum_head, self.sum):
            part.setVisible(bool(self.sum.text()))
        self._list_head.setVisible(bool(learnt))
        self._show_none()

    def _show_none(self) -> None:
        """What is still to come, where nothing is to be told yet."""
        learnt = bool(self._facts is not None and self._facts.learnt)
        told = learnt or bool(self.sum.text() or self._chunk)
        adapter, bank = has_adapter(self._use), has_bank(self._use)
        self._none.setVisible(adapter and not learnt)
        self._no_frames.setVisible(bank and not adapter and not told)
        self._rule.setVisible(told or adapter or bank)

    def show_chunk(self, chunk: ChunkMemory | None) -> None:
        """The chunk at the playhead."""
        if chunk == self._chunk:
            return
        self._chunk = chunk
        clear(self._chunk_lines)
        self._chunk_head.setVisible(chunk is not None)
        self.chunk_card.setVisible(chunk is not None)
        self._show_none()
        if chunk is None:
            return
        self._chunk_head.setText(self.tr("%1, at the playhead").replace("%1", chunk.title))
        made = self.tr("Made with: %1.").replace("%1", chunk.made_with)
        self._chunk_lines.addWidget(label(made, wrap=True))
        for spot in chunk.recalled:
            self._chunk_lines.addWidget(spot_button(spot, self.seek_wanted.emit))
        self._chunk_lines.addWidget(label(chunk.learned, wrap=True))
        if chunk.loss is not None:
            self._chunk_lines.addWidget(LossBar(*chunk.loss, max(chunk.loss)))
