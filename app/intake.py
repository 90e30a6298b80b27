"""Files given from outside, by drop or by dialog: what each of them means here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.widgets.notice_bar import Notice

if TYPE_CHECKING:
    from app.window import MainWindow


class Intake(QObject):
    notice = Signal(object)

    def __init__(self, window: MainWindow):
        super().__init__(window)
        self._w = window

    def take(self, paths: Sequence[Path | str]) -> None:
        w = self._w
        found = [Path(p) for p in paths]
        folders = [p for p in found if _is_project(p)]
        if folders:
            w.projects.open(folders[0] if folders[0].is_dir() else folders[0].parent)
            return
        for path in (p for p in found if p.suffix.lower() == ".sfep"):
            w.episodes.import_file(path)
        for path in (p for p in found if p.suffix.lower() == ".safetensors"):
            w.slow_adapters.choose(path)
        media = [p for p in found if p.suffix.lower() not in (".sfep", ".safetensors")]
        if any(p.is_dir() for p in media):
            self.notice.emit(
                Notice(
                    w.tr("This folder is not a project: there is no project.json in it."), "warning"
                )
            )
            media = [p for p in media if not p.is_dir()]
        if not media:
            return
        if len(media) == 1 and media[0].suffix.lower() in (".mp4", ".m4v", ".mov"):
            self._perhaps_recipe(media[0])
        else:
            self._use(media)

    def _perhaps_recipe(self, path: Path) -> None:
        """A film of ours can be opened as a project again; ask, because it may also be a start."""
        from core.media.recipe import read_recipe

        def read():
            try:
                return read_recipe(path)
            except Exception:
                return None  # said with words where it is used as a picture or a video

        def done(recipe) -> None:
            if recipe is None:
                self._use([path])
                return
            self.notice.emit(
                Notice(
                    self._w.tr("%1 was made here and carries its recipe.").replace("%1", path.name),
                    "warning",
                    fixes=(
                        (
                            self._w.tr("Open as a project"),
                            lambda: self._w.films.open(path, recipe),
                        ),
                        (self._w.tr("Start from its picture"), lambda: self._use([path])),
                    ),
                )
            )

        self._w.background.run(read, done, lambda _e: self._use([path]))

    def _use(self, media: list[Path]) -> None:
        w = self._w
        if w.document.project is None:
            if len(media) > 1:
                words = w.tr("A project starts from one picture or video: %1. Drop the others "
                             "again once it is open.")  # fmt: skip
                self.notice.emit(Notice(words.replace("%1", media[0].name), "warning"))
            w.commands.new_project(media[0])
            return
        empty = w.document.project.start is None

        def then(asset, path: Path) -> None:
            if empty:
                w.projects.start_from_asset(asset.id)
                return
            if len(media) > 1:
                words = w.tr("%1 and %2 more are in the project's media now.")
                words = words.replace("%1", path.name).replace("%2", str(len(media) - 1))
                self.notice.emit(Notice(words, "info"))
                return
            self.notice.emit(
                Notice(
                    w.tr("%1 is in the project's media now.").replace("%1", path.name),
                    "info",
                    fixes=(
                        (w.tr("Use as the start"), lambda: w.projects.start_from_asset(asset.id)),
                        (w.tr("New project from it"), lambda: w.commands.new_project(path)),
                    ),
                )
            )

        w.projects.import_media(media, then)
        w.show_panel("media")


def _is_project(path: Path) -> bool:
    return path.name == "project.json" or (path.is_dir() and (path / "project.json").is_file())
