"""Saved memories: load one, name it, take it out as a file, bring one in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QVBoxLayout, QWidget

from app.actions import Actions
from app.state.timecode import short
from app.widgets.basics import Empty, bind, button, icon_button
from app.widgets.pixmaps import Pixmaps
from app.widgets.thumb_list import Row, ThumbList
from core.project.model import EpisodeRef, Project


class EpisodesPanel(QWidget):
    load_wanted = Signal(str)  # episode id
    rename_wanted = Signal(str, str)
    delete_wanted = Signal(str)
    export_wanted = Signal(str)

    def __init__(
        self,
        actions: Actions,
        pixmaps: Pixmaps,
        thumb: Callable[[EpisodeRef], Path | None],
        parent=None,
    ):
        super().__init__(parent)
        self._thumb = thumb
        self._project: Project | None = None
        save = bind(
            button(self.tr("Save the memory…"), "bookmark-plus-outline"), actions["episode_save"]
        )
        self.rows = ThumbList(
            Empty(
                "bookmark-outline",
                self.tr("No episodes yet"),
                self.tr(
                    "An episode keeps what the memory has learned, so that you can come back "
                    "to a place later, here or in another project."
                ),
                save,
            ),
            pixmaps,
            (
                ("load", self.tr("Continue with this memory"), "Return"),
                ("rename", self.tr("Rename…"), "F2"),
                ("export", self.tr("Save as a file…"), ""),
                ("delete", self.tr("Delete"), "Delete"),
            ),
            self.tr("Episodes"),
        )
        self.rows.activated.connect(self.load_wanted)
        self.rows.commanded.connect(self._command)
        self.rows.picked.connect(lambda *_: self._enable())
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.rows, 1)
        self._load = button(
            self.tr("Load"), "bookmark-check-outline", lambda: self._on_current("load")
        )
        self._load.setToolTip(self.tr("Continue with this memory"))
        self._tools = [
            self._load,
            icon_button("rename-outline", self.tr("Rename"), lambda: self._on_current("rename")),
            icon_button(
                "file-export-outline", self.tr("Save as a file"), lambda: self._on_current("export")
            ),
            icon_button("delete-outline", self.tr("Delete"), lambda: self._on_current("delete")),
        ]
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._load)
        row.addStretch(1)
        for tool in self._tools[1:]:
            row.addWidget(tool)
        row.addWidget(bind_icon(actions, "episode_import", "file-import-outline"))
        row.addWidget(bind_icon(actions, "episode_save", "bookmark-plus-outline"))
        column.addLayout(row)
        self._enable()

    def show_project(self, p: Project | None) -> None:
        if p is self._project:
            return
        self._project = p
        rows = []
        for e in p.episodes if p else ():
            chunks = (
                self.tr("1 chunk")
                if e.chunks == 1
                else self.tr("%1 chunks").replace("%1", str(e.chunks))
            )
            facts = f"{chunks} · {short(e.frames, p.rate)}"
            badge = "" if e.world_hash == p.world.hash else self.tr("other world")
            rows.append(
                Row(e.id, e.name, facts, self._thumb(e), tip=self._tip(e, facts), badge=badge)
            )
        self.rows.show_rows(rows)
        self._enable()

    def _tip(self, e: EpisodeRef, facts: str) -> str:
        return "\n".join(p for p in (e.name, facts, e.created[:16].replace("T", " ")) if p)

    def _enable(self) -> None:
        for tool in self._tools:
            tool.setEnabled(self.rows.current is not None)

    def _on_current(self, command: str) -> None:
        if self.rows.current is not None:
            self._command(command, self.rows.current)

    def _command(self, command: str, id: str) -> None:
        if command == "load":
            self.load_wanted.emit(id)
        elif command == "export":
            self.export_wanted.emit(id)
        elif command == "delete":
            self.delete_wanted.emit(id)
        elif command == "rename":
            old = (
                next((e.name for e in self._project.episodes if e.id == id), "")
                if self._project
                else ""
            )
            name, ok = QInputDialog.getText(
                self, self.tr("Rename episode"), self.tr("Name"), text=old
            )
            if ok and name.strip():
                self.rename_wanted.emit(id, name.strip())


def bind_icon(actions: Actions, id: str, glyph: str):
    from app.widgets.basics import action_button

    made = action_button(actions[id])
    made.setIconSize(QSize(16, 16))
    return made
