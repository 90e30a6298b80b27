"""A film made here becomes a project again: start, actions, seeds, settings and slow adapter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.flow.projects import Projects, sentence
from app.state.document import Document
from app.state.new_project import free_folder
from app.state.settings import Settings
from app.state.worlds import Worlds
from app.widgets.notice_bar import Notice
from app.workers.background import Background
from core.project.errors import EditError, ProjectError
from core.project.model import Project
from core.project.store import ProjectStore
from core.worlds.catalogue import WorldError

if TYPE_CHECKING:
    from core.rollout.remaking import Lost


class Films(QObject):
    notice = Signal(object)  # Notice
    busy = Signal(str)
    adapter_wanted = Signal()  # the artist chooses the file

    def __init__(
        self, document: Document, projects: Projects, settings: Settings, worlds: Worlds,
        background: Background, parent: QObject | None = None,
    ):  # fmt: skip
        super().__init__(parent)
        self._document, self._projects, self._settings = document, projects, settings
        self._worlds, self._background = worlds, background
        projects.taken.connect(self._tell_missing)

    def open(self, film: Path, recipe: dict) -> None:
        self.busy.emit(self.tr("Reading the recipe…"))

        def work() -> tuple[ProjectStore, tuple[Lost, ...]]:
            from core.rollout.remaking import lost, project_from_recipe

            folder = free_folder(self._settings.folder, film.stem)
            store = project_from_recipe(recipe, folder)
            self._give_adapter(store, film.parent)
            return store, lost(recipe)

        def done(made: tuple[ProjectStore, tuple[Lost, ...]]) -> None:
            store, without = made
            self.busy.emit("")
            if not self._projects.take(store):
                return
            self._tell_made(film, store.project, without)
            self._projects.started.emit()

        def failed(error: Exception) -> None:
            self.busy.emit("")
            self.notice.emit(Notice(sentence(error), kept=self.tr("The film was not changed.")))

        self._background.run(work, done, failed)

    def _tell_made(self, film: Path, p: Project, without: tuple[Lost, ...]) -> None:
        from core.rollout.missing_adapter import missing_adapter

        if p.start is not None and missing_adapter(p) is not None:
            return  # that has been said, and comes first
        words = self.tr("This is the recipe of %1 as a project.").replace("%1", film.name)
        if p.start is None:
            kept = self.tr("Its start did not fit into the film: drop the picture or video here, "
                           "then generate.")  # fmt: skip
        else:
            kept = " ".join(map(self._lost, without)) or self.tr("Press Generate to make it again.")
        if p.slow_adapter is not None:
            found = self.tr("Its slow adapter “%1” was found.").replace("%1", p.slow_adapter.name)
            kept = f"{found} {kept}"
        # What is only told passes; what is not as it was stays until it is read.
        level = "warning" if p.start is None or without else "info"
        self.notice.emit(Notice(words, level, kept=kept))

    def _lost(self, what: Lost) -> str:
        """What Generate won't bring back."""
        return {
            "episode": self.tr("A saved episode was used, which is not in the film: load it first."),
            "memory": self.tr("The memory was emptied or taken back on the way, which Generate does not "
                              "do."),
            "part": self.tr("A chunk went on from a part of another: from there on Generate makes "
                            "something else."),
            "settings": self.tr("Its chunks were made with several settings: those that differ from "
                                "the project's become others."),
            "cut": self.tr("The film was cut: Generate makes its chunks whole and in a row."),
        }[what]

    # -- its slow adapter --------------------------------------------------------------------------

    def _give_adapter(self, store: ProjectStore, beside: Path) -> None:
        """The film's slow adapter, where it is known here; else the project says what it lacks."""
        from core.rollout.adopting import adopt_slow_adapter
        from core.rollout.missing_adapter import find_adapter, missing_adapter

        missing = missing_adapter(store.project)
        if missing is None:
            return
        file = find_adapter(missing, [beside, *self._adapters_of_projects()])
        if file is None:
            return
        try:
            entry = self._worlds.find(missing.base.id)
            edit = adopt_slow_adapter(store, entry, file, missing.name)
            store.save(edit(store.project))
        except (WorldError, EditError, ProjectError, OSError):
            return  # it is missing, then, and said to be

    def _adapters_of_projects(self) -> list[Path]:
        """Where projects keep theirs: each that was ever used is in one."""
        known = [*self._settings.recents(), *sorted(self._settings.folder.glob("*"))]
        return [p / "assets" / "slow_adapter" for p in dict.fromkeys(known)]

    def _tell_missing(self, p: Project) -> None:
        from core.rollout.missing_adapter import missing_adapter

        missing = missing_adapter(p)
        if missing is None:
            return
        self.notice.emit(
            Notice(
                missing.words,
                "warning",
                kept=self.tr("Choose the file, and the film can be made again as it was."),
                fixes=(
                    (self.tr("Choose…"), self.adapter_wanted.emit),
                    (self.tr("Go on without it"), self._without),
                ),
            )
        )

    def _without(self) -> None:
        from core.rollout.missing_adapter import without_adapter

        self._document.do(self.tr("Go on without the slow adapter"), without_adapter)
