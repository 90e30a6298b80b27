"""The selected clip: what it was made with, its takes, and redoing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.actions import Actions
from app.flow.memory_facts import made_with
from app.state.take_place import Place
from app.state.timecode import short
from app.state.way_words import brief
from app.widgets.basics import (
    Empty,
    airy,
    bind,
    button,
    icon_button,
    label,
    level_labels,
    restyle,
    rule,
    scrolled,
)
from app.widgets.choice import Choice, clear
from app.widgets.pixmaps import Pixmaps
from core.project import queries
from core.project.model import Chunk, Clip, Project, Take
from core.worlds.ways import EXACT


def status_words(widget: QWidget, p: Project, take: Take) -> str:
    words = {
        "draft": widget.tr("draft"),
        "accepted": widget.tr("accepted"),
        "discarded": widget.tr("discarded"),
    }[take.status]
    return words + " · " + widget.tr("stale") if queries.is_stale(p, take.id) else words


class ClipPanel(QWidget):
    take_chosen = Signal(str, str)  # chunk id, take id
    seed_used = Signal(int)
    more_changed = Signal(int)  # how many takes "more" makes

    def __init__(self, actions: Actions, pixmaps: Pixmaps, path: Callable, parent=None):
        super().__init__(parent)
        self._pixmaps, self._path = pixmaps, path
        self._seen: object = None
        self._places: Mapping[str, Place] = {}
        self._shown: tuple[Project | None, Clip | None] = (None, None)
        self._stack = QStackedWidget()
        self._stack.setObjectName("page")
        self._stack.addWidget(
            Empty(
                "movie-open-outline",
                self.tr("No clip selected"),
                self.tr(
                    "Click a clip on the timeline to see what it was made with, its other "
                    "takes, and to make it again."
                ),
            )
        )
        self._stack.addWidget(
            Empty(
                "animation-outline",
                self.tr("Several clips selected"),
                self.tr(
                    "They are moved, cut out and deleted together. Click one of them to see what it "
                    "was made with."
                ),
            )
        )
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        self._title = label("", "title")
        column.addWidget(self._title)
        self._reason = label("", "warn", wrap=True)
        column.addWidget(self._reason)
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(5)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(self._form)
        self._redo = bind(button(self.tr("Redo this chunk"), "refresh"), actions["redo_from_here"])
        self._back = bind(
            button(self.tr("Go back to its memory"), "history"), actions["memory_back"]
        )
        column.addWidget(self._redo)
        column.addWidget(self._back)
        column.addSpacing(4)
        self._rule = rule()
        column.addWidget(self._rule)
        self._takes_head = label(self.tr("Takes"), "section")
        column.addWidget(self._takes_head)
        self._more = QWidget()
        row = QHBoxLayout(self._more)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.count = QSpinBox()
        self.count.setRange(1, 9)
        self.count.setAccessibleName(self.tr("How many more takes"))
        self.count.setToolTip(self.tr("How many more takes"))
        self.count.valueChanged.connect(self.more_changed)
        airy(self.count)
        self.count.setFixedWidth(56)
        row.addWidget(bind(button(self.tr("More takes"), "layers-plus"), actions["more_takes"]), 1)
        row.addWidget(self.count)
        row.addWidget(bind(button(self.tr("Best"), "trophy-outline"), actions["best_take"]))
        column.addWidget(self._more)
        self._takes = QVBoxLayout()
        self._takes.setSpacing(6)
        column.addLayout(self._takes)
        column.addStretch(1)
        self._stack.addWidget(scrolled(body))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)

    def set_more(self, count: int) -> None:
        with QSignalBlocker(self.count):
            self.count.setValue(count)

    def show_places(self, places: Mapping[str, Place]) -> None:
        """Take id → its place among the takes of the chunk that is shown."""
        if places != self._places:
            self._places, self._seen = places, None
            self.show_clip(*self._shown)

    def show_clip(self, p: Project | None, clip: Clip | None, several: bool = False) -> None:
        """What ``clip`` was made with; None: no clip, or ``several``."""
        self._shown = (p, clip)
        if p is None or clip is None:
            self._stack.setCurrentIndex(1 if several else 0)
            self._seen = None
            return
        self._stack.setCurrentIndex(2)
        key = (p.rate, clip, p.chunks, p.takes, p.start, p.tracks[0].clips if p.tracks else ())
        if key == self._seen:
            return
        self._seen = key
        self._clear()
        if clip.kind == "start":
            self._show_start(p, clip)
        else:
            self._show_chunk(p, clip)

    def _show_start(self, p: Project, clip: Clip) -> None:
        self._title.setText(self.tr("Start"))
        self._reason.hide()
        kind = self.tr("Video") if p.start and p.start.kind == "video" else self.tr("Picture")
        self._fact(self.tr("Kind"), kind)
        asset = p.assets.get(p.start.source) if p.start else None
        if asset and asset.name:
            self._fact(self.tr("File"), asset.name)
        self._fact(self.tr("Length"), self._length(p, clip.frames))
        for part in (self._redo, self._back, self._rule, self._takes_head, self._more):
            part.hide()

    def _show_chunk(self, p: Project, clip: Clip) -> None:
        chunk = p.chunks[clip.source]
        take = p.takes[chunk.chosen]
        number = queries.chunk_number(p, chunk.id)
        self._title.setText(self.tr("Chunk %1").replace("%1", str(number or "–")))
        reason = queries.stale_reason(p, take.id)
        if reason is None and queries.actions_changed(p, clip):
            reason = self.tr("The action above this clip was changed after it was made.")
        self._reason.setText(reason or "")
        self._reason.setVisible(bool(reason))
        self._fact(self.tr("State"), status_words(self, p, take))
        said = ", ".join(a.text or self.tr("no action") for a in take.actions)
        self._fact(self.tr("Action"), said)
        if take.scene:
            self._fact(self.tr("Scene"), take.scene)
        self._fact(self.tr("Length"), self._length(p, clip.frames))
        self._seed_fact(take.seed)
        self._fact(self.tr("Steps"), str(take.sampling.steps))
        if take.sampling.way != EXACT:
            self._fact(self.tr("Sampling"), brief(take.sampling.way))
        self._fact(self.tr("Memory"), made_with(take))
        self._fact(self.tr("Made in"), f"{take.seconds:.1f} s")
        for part in (self._redo, self._rule, self._takes_head, self._more):
            part.show()
        self._back.setVisible(take.snapshot is not None)
        for i, one in enumerate(queries.takes_of(p, chunk)):
            self._takes.addWidget(self._take_row(p, chunk, one, i + 1))
        level_labels(self._form)

    def _take_row(self, p: Project, chunk: Chunk, take: Take, number: int) -> Choice:
        """One version of the chunk; a click or Enter brings it back."""
        name = self.tr("Take %1").replace("%1", str(number))
        facts = [status_words(self, p, take), self.tr("seed %1").replace("%1", str(take.seed))]
        shown = take.id == chunk.chosen
        place, tip = self._places.get(take.id), "" if shown else self.tr("Bring this take back")
        if place is not None:
            if place.rank == 1:
                name += " · " + self.tr("best of %1").replace("%1", str(place.of))
            facts[1:] = [self.tr("score %1").replace("%1", str(place.score))]
            rank = self.tr("%1 of %2").replace("%1", str(place.rank)).replace("%2", str(place.of))
            tip = "\n".join(line for line in (f"{rank}: {place.why}.", tip) if line)

        def bring_back() -> None:
            self.take_chosen.emit(chunk.id, take.id)

        row = Choice(
            self._pixmaps,
            self._path(take.thumbnail),
            (64, 44),
            name + " · " + self.tr("shown") if shown else name,
            " · ".join(facts),
            tip=tip,
            note=place.short if place is not None else "",
            more=None if shown else (
                icon_button("eye-outline", self.tr("Show this take"), bring_back)
            ),
        )
        if shown:
            restyle(row, role="card")
            row.unsetCursor()
        else:
            row.clicked.connect(bring_back)
        return row

    def _length(self, p: Project, frames: int) -> str:
        words = (
            self.tr("1 frame") if frames == 1 else self.tr("%1 frames").replace("%1", str(frames))
        )
        return f"{short(frames, p.rate)} · {words}"

    def _fact(self, name: str, value: str) -> None:
        shown = label(value, wrap=True)
        shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._form.addRow(label(name, "dim"), shown)

    def _seed_fact(self, seed: int) -> None:
        cell = QWidget()
        cell.setFixedHeight(26)  # of its buttons, before the style sheet has told them
        row = QHBoxLayout(cell)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(label(str(seed)), 1)
        row.addWidget(
            icon_button(
                "content-copy",
                self.tr("Copy the seed"),
                lambda: QGuiApplication.clipboard().setText(str(seed)),
            )
        )
        row.addWidget(
            icon_button(
                "pin-outline",
                self.tr("Use this seed for the next takes"),
                lambda: self.seed_used.emit(seed),
            )
        )
        self._form.addRow(label(self.tr("Seed"), "dim"), cell)

    def _clear(self) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        clear(self._takes)
