"""Saved memories: load one, name it, take it out as a file, bring one in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions import Actions
from app.dialogs.name import NameDialog, ask_name
from app.state.timecode import short
from app.widgets.basics import Empty, bind, button, icon_button, label
from app.widgets.pixmaps import Pixmaps
from app.widgets.thumb_list import Row, ThumbList
from core.project.model import EpisodeRef, Project


class EpisodesPanel(QWidget):
    load_wanted = Signal(str)  # episode id
    rename_wanted = Signal(str, str)
    delete_wanted = Signal(str)
    export_wanted = Signal(str)
    merge_wanted = Signal()

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
                    "An episode keeps what the memory knows, so that you can come back "
                    "to a place later, here or in another project."
                ),
                save,
            ),
            pixmaps,
            (
                ("load", self.tr("Continue with this memory"), ""),
                ("rename", self.tr("Rename…"), "F2"),
                ("export", self.tr("Save as a file…"), ""),
                ("delete", self.tr("Delete"), "Delete"),
            ),
            self.tr("Episodes"),
            together=(("merge", self.tr("Merge…")),),
        )
        self.rows.commanded_together.connect(lambda *_: self.merge_wanted.emit())
        self.rows.selection_changed.connect(self._enable)
        self.rows.activated.connect(self.load_wanted)
        self.rows.commanded.connect(self._command)
        self.rows.picked.connect(lambda *_: self._enable())
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.rows, 1)
        self._hint = label("", "dim", wrap=True)
        column.addWidget(self._hint)
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
        self._merge = bind(button(self.tr("Merge…"), "call-merge"), actions["episode_merge"])
        row.addWidget(self._merge)  # in the place of the other, where several are selected
        row.addStretch(1)
        for tool in self._tools[1:]:
            row.addWidget(tool)
        row.addWidget(bind_icon(actions, "episode_import"))
        row.addWidget(bind_icon(actions, "episode_save"))
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
            if e.merged:
                chunks = self.tr("merged of %1").replace("%1", str(len(e.merged)))
            facts = f"{chunks} · {short(e.frames, p.rate)}"
            badge = "" if e.world_hash == p.world.hash else self.tr("other world")
            rows.append(
                Row(e.id, e.name, facts, self._thumb(e), tip=self._tip(e, facts), badge=badge)
            )
        self.rows.show_rows(rows)
        self._enable()

    def _tip(self, e: EpisodeRef, facts: str) -> str:
        merged = ""
        if e.merged:
            parts = ", ".join(f"{m.name} ({100 * m.weight:.3g} %)" for m in e.merged)
            merged = self.tr("Merged from %1").replace("%1", parts)
        lines = (e.name, facts, merged, e.created[:16].replace("T", " "))
        return "\n".join(line for line in lines if line)

    def _enable(self) -> None:
        """One row has commands of its own; several can be merged."""
        selected = self.rows.selected
        for tool in self._tools:
            tool.setEnabled(len(selected) == 1)
            tool.setVisible(len(selected) < 2)
        self._merge.setVisible(len(selected) > 1)
        if len(selected) > 1:
            words = self.tr("%1 episodes selected.").replace("%1", str(len(selected)))
        elif len(self.rows.ids()) > 1:
            words = self.tr("Ctrl+click several to merge them.")
        else:
            words = ""
        self._hint.setText(words)
        self._hint.setVisible(bool(words))

    def _on_current(self, command: str) -> None:
        if len(selected := self.rows.selected) == 1:
            self._command(command, selected[0])

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
            dialog = NameDialog(
                self.tr("Rename episode"), self.tr("Name of the episode"), self.tr("Rename"), old,
                self,
            )  # fmt: skip
            ask_name(dialog, lambda name: self.rename_wanted.emit(id, name))


def bind_icon(actions: Actions, id: str):
    from app.widgets.basics import action_button

    made = action_button(actions[id])
    made.setIconSize(QSize(16, 16))
    return made
