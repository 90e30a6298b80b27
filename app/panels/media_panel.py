"""The pictures and videos of the project, and what to start from."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.actions import Actions
from app.widgets.basics import Empty, action_button, bind, button
from app.widgets.pixmaps import Pixmaps
from app.widgets.thumb_list import Row, ThumbList
from core.project.model import Project


class MediaPanel(QWidget):
    start_wanted = Signal(str)  # asset id: use it as the start

    def __init__(self, actions: Actions, pixmaps: Pixmaps, path: Callable, parent=None):
        super().__init__(parent)
        self._path = path
        self._project: Project | None = None
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find media"))
        self.search.setAccessibleName(self.tr("Find media"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda *_: self._show())
        bring = bind(button(self.tr("Import media…"), "import"), actions["import"])
        self.rows = ThumbList(
            Empty(
                "image-multiple-outline",
                self.tr("No media here"),
                self.tr("Drop a picture or a video anywhere in this window, or import one."),
                bring,
            ),
            pixmaps,
            ((("start"), self.tr("Use as the start…"), ""),),
            self.tr("Media"),
        )
        self.rows.activated.connect(self.start_wanted)
        self.rows.commanded.connect(lambda _c, id: self.start_wanted.emit(id))
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.search, 1)
        head.addWidget(action_button(actions["import"]))
        column.addLayout(head)
        column.addWidget(self.rows, 1)

    def show_project(self, p: Project | None) -> None:
        if p is self._project:
            return
        self._project = p
        self._show()

    def _show(self) -> None:
        p, wanted = self._project, self.search.text().strip().lower()
        rows = []
        for asset in p.assets.values() if p else ():
            if asset.kind != "source" or wanted not in asset.name.lower():
                continue
            is_start = p.start is not None and p.start.source == asset.id
            thumb = self._path(p.start.thumbnail) if is_start else self._path(asset.id)
            size = (
                f"{asset.bytes / 1e6:.1f} MB"
                if asset.bytes >= 1e5
                else f"{max(1, asset.bytes // 1000)} kB"
            )
            rows.append(
                Row(asset.id, asset.name or self.tr("Unnamed"), size, thumb,
                    badge=self.tr("start") if is_start else "")
            )  # fmt: skip
        self.rows.show_rows(rows)
