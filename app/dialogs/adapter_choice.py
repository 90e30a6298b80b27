"""A slow adapter for a project that is about to be made: chosen, looked at, taken or left out."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from app.widgets.basics import ElidedLabel, button, icon_button, restyle
from app.workers.background import Background
from core.worlds.catalogue import WorldEntry


class AdapterChoice(QWidget):
    """``path`` is only ever that of a file that is for the world; None = without one."""

    said = Signal(str)  # why a file is left out, "" where one is taken

    def __init__(self, background: Background, parent: QWidget | None = None):
        super().__init__(parent)
        self.path: Path | None = None
        #: What is being looked at; with a large world the first look takes a while.
        self.reading: tuple[Path, WorldEntry] | None = None
        self._world: WorldEntry | None = None
        self._background = background
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.name = ElidedLabel("", "dim")
        row.addWidget(self.name, 1)
        self._none = icon_button("close", self.tr("Without a slow adapter"), self._leave_out)
        row.addWidget(self._none)
        row.addWidget(
            button(
                self.tr("Choose…"), "", self._choose,
                self.tr("A file that was trained on footage of your own (core.learning.train "
                        "--adapter)"),
            )
        )  # fmt: skip
        self._show(None)

    def set_world(self, world: WorldEntry) -> None:
        """What is chosen is looked at again: it fits one world only."""
        self._world = world
        if self.path is not None:
            self.use(self.path)

    def use(self, path: Path) -> None:
        world = self._world
        if world is None:
            self.said.emit(self.tr("There is no world to use it with."))
            return

        def work() -> None:
            from core.worlds.slow_adapter import check_slow_adapter, load_slow_adapter

            check_slow_adapter(path, world.hash, world.name)
            load_slow_adapter(path)

        def done(_: object) -> None:
            if self.reading == (path, world):
                self._show(path)
                self.said.emit("")

        def refused(error: Exception) -> None:
            if self.reading == (path, world):
                self._show(None)
                self.said.emit(str(error) or type(error).__name__)

        self.reading = (path, world)
        self.name.setText(self.tr("Reading…"))
        self._background.run(work, done, refused)

    def _choose(self) -> None:
        kinds = self.tr("Slow adapters") + " (*.safetensors)"
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Choose a slow adapter"), "", kinds)
        if path:
            self.use(Path(path))

    def _leave_out(self) -> None:
        self._show(None)
        self.said.emit("")

    def _show(self, path: Path | None) -> None:
        self.path, self.reading = path, None
        none = self.tr("none: the world as it is by itself")
        self.name.setText(path.stem if path is not None else none)
        restyle(self.name, role="" if path is not None else "dim")
        self._none.setVisible(path is not None)
