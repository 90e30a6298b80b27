"""Every version ever made, newest first, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from app.widgets.basics import Empty
from app.widgets.pixmaps import Pixmaps
from app.widgets.thumb_list import Row, ThumbList
from core.project import queries
from core.project.model import Project


class TakesPanel(QWidget):
    bring_back = Signal(str, str)  # chunk id, take id
    show_wanted = Signal(str)  # take id: select its clip

    def __init__(self, pixmaps: Pixmaps, path: Callable, parent=None):
        super().__init__(parent)
        self._path = path
        self._project: Project | None = None
        self.unused = QCheckBox(self.tr("Only what is not on the timeline"))
        self.unused.setAccessibleName(self.unused.text())
        self.unused.toggled.connect(lambda *_: self._show())
        self.rows = ThumbList(
            Empty(
                "layers-outline",
                self.tr("No takes yet"),
                self.tr(
                    "Each time a chunk is made, the take is kept here. Redo as often as you "
                    "like: the old ones stay."
                ),
            ),
            pixmaps,
            (("back", self.tr("Bring this take back"), ""),),
            self.tr("Takes"),
        )
        self.rows.activated.connect(self._bring)
        self.rows.commanded.connect(lambda _c, id: self._bring(id))
        self.rows.picked.connect(self.show_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.unused)
        column.addWidget(self.rows, 1)

    def show_project(self, p: Project | None) -> None:
        if p is self._project:
            return
        self._project = p
        self._show()

    def _bring(self, take_id: str) -> None:
        p = self._project
        if p is not None and take_id in p.takes:  # a discarded draft's chunk comes back with it
            self.bring_back.emit(p.takes[take_id].chunk, take_id)

    def _show(self) -> None:
        p = self._project
        rows = []
        for take in reversed(list(p.takes.values()) if p else []):
            chunk = p.chunks.get(take.chunk)
            shown = (
                chunk is not None
                and chunk.chosen == take.id
                and bool(queries.clips_of(p, chunk.id))
            )
            if shown and self.unused.isChecked():
                continue
            number = queries.chunk_number(p, take.chunk) if chunk else None
            index = chunk.takes.index(take.id) + 1 if chunk and take.id in chunk.takes else 1
            title = (
                self.tr("Chunk %1 · take %2").replace("%1", str(number)).replace("%2", str(index))
                if number
                else self.tr("Not on the timeline")
            )
            said = ", ".join(a.text for a in take.actions if a.text) or self.tr("no action")
            status = {
                "draft": self.tr("draft"), "accepted": "", "discarded": self.tr("discarded"),
            }[take.status]  # fmt: skip
            if queries.is_stale(p, take.id):
                status = self.tr("stale")
            badge = status or ("" if shown else self.tr("not shown"))
            rows.append(
                Row(
                    take.id,
                    title,
                    said,
                    self._path(take.thumbnail),
                    tip=f"{title}\n{said}\n{self.tr('Seed')} {take.seed}",
                    badge=badge,
                )
            )
        self.rows.show_rows(rows)
