"""Opening, making and closing projects; bringing files in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.state.document import Document
from app.state.jobs import JobQueue
from app.state.new_project import NewProject, free_folder
from app.state.settings import Settings
from app.state.worlds import Worlds
from app.widgets.notice_bar import Notice
from app.workers.background import Background
from core.project import edits
from core.project.errors import EditError, ProjectError, ProjectLocked
from core.project.memory_use import usual_memory
from core.project.model import Asset, Crop, Project, Sampling
from core.project.store import ProjectStore
from core.rollout.samples import SAMPLE_RATE, Sample
from core.worlds.catalogue import WorldError

log = logging.getLogger(__name__)


class Projects(QObject):
    notice = Signal(object)  # Notice
    busy = Signal(str)  # words while something is prepared, "" when it is done
    started = Signal()  # a new project is open
    closing = Signal()  # words that were not handed over yet still find their project
    taken = Signal(object)  # Project: it is the open one from now on
    crop_wanted = Signal(object)  # Path: choose what is used of a new start

    def __init__(
        self,
        document: Document,
        jobs: JobQueue,
        settings: Settings,
        worlds: Worlds,
        background: Background,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._document, self._jobs, self._settings = document, jobs, settings
        self._worlds, self._background = worlds, background
        self.changing = False  # one project closes because another one opens

    # -- new -------------------------------------------------------------------------------------

    def from_sample(self, sample: Sample) -> None:
        """One click: a project in the artist's folder, with the sample's scene."""
        self.create(
            NewProject(
                source=sample.picture,
                kind="picture",
                crop=_whole_crop(sample.picture, self.aspect()),
                name=sample.name,
                folder=free_folder(self._settings.folder, sample.name),
                scene=sample.scene,
                actions=sample.actions,
                media=sample.name,
            )
        )

    def aspect(self) -> float:
        try:
            entry = self._worlds.find()
            return entry.width / entry.height
        except WorldError:
            return 1.0

    def create(self, wish: NewProject) -> None:
        try:
            entry = self._worlds.find(wish.world)
        except WorldError as error:
            self.notice.emit(Notice(str(error)))
            return
        self.busy.emit(self.tr("Preparing the project…"))

        def work() -> tuple[Project, ProjectStore]:
            p = edits.new_project(
                wish.name,
                self._worlds.ref(entry),
                entry.rate,
                (entry.width, entry.height),
                entry.chunk_frames,
                entry.n_past,
                entry.t_stride,
            )
            p = edits.set_scene(p, wish.scene)
            p = edits.set_sampling(p, Sampling(entry.steps, entry.guidance))
            usual = usual_memory(entry.fast_learning, entry.places)
            p = edits.set_memory(p, replace(p.memory, preset=usual))
            from core.rollout.start import make_start

            store = ProjectStore.create(wish.folder, p)
            try:
                if wish.slow_adapter is not None:
                    from core.rollout.adopting import adopt_slow_adapter

                    p = adopt_slow_adapter(store, entry, wish.slow_adapter)(p)
                assets, start = make_start(store, p, wish.source, wish.crop)
                if wish.media:
                    assets = tuple(
                        replace(a, name=wish.media) if a.id == start.source else a for a in assets
                    )
                p = edits.set_start(edits.add_assets(p, assets), start)
                at = start.frames
                for text, frames in wish.actions:
                    # A sample's are written at its own rate; they last as long in every world.
                    frames = max(1, round(frames * entry.rate / SAMPLE_RATE))
                    p = edits.add_action(p, text, at, at + frames)
                    at += frames
                store.save(p)
            except BaseException:
                store.close()
                _forget(wish.folder)
                raise
            return p, store

        def done(made: tuple[Project, ProjectStore]) -> None:
            self.busy.emit("")
            if self._take(*made):
                self.started.emit()

        def failed(error: Exception) -> None:
            self.busy.emit("")
            self.notice.emit(Notice(sentence(error), kept=self.tr("Your file was not changed.")))

        self._background.run(work, done, failed)

    # -- open and close --------------------------------------------------------------------------

    def open(self, folder: Path, take_over: bool = False) -> bool:
        folder = Path(folder)
        if self._document.folder is not None and folder.absolute() == self._document.folder:
            return True
        try:
            store = ProjectStore.open(folder, take_over=take_over)
        except ProjectLocked as locked:
            fixes: tuple = ((self.tr("Try again"), lambda: self.open(folder)),)
            import socket

            if locked.host != socket.gethostname():
                fixes = ((self.tr("Open anyway"), lambda: self.open(folder, True)), *fixes)
            self.notice.emit(Notice(str(locked), "warning", fixes=fixes))
            return False
        except (ProjectError, OSError) as error:
            self.notice.emit(
                Notice(sentence(error), kept=self.tr("Nothing on the disk was changed."))
            )
            return False
        if not self._take(store.project, store):
            return False
        if store.read_only:
            self.notice.emit(Notice(store.read_only_reason, "warning"))
        if store.missing:
            names = ", ".join(sorted({a.name or Path(a.path).name for a in store.missing})[:3])
            more = len(store.missing) - 3
            words = self.tr("Files of this project are missing: %1").replace("%1", names)
            if more > 0:
                words += self.tr(" and %1 more").replace("%1", str(more))
            self.notice.emit(
                Notice(
                    words + ".",
                    "warning",
                    kept=self.tr(
                        "Everything else is here. Put them back into the project's folder, or "
                        "redo those chunks."
                    ),
                )
            )
        return True

    def take(self, store: ProjectStore) -> bool:
        """What lies in ``store`` is the open project from now on. False where the one that is open
        has to stay."""
        return self._take(store.project, store)

    def _take(self, p: Project, store: ProjectStore) -> bool:
        self._settings.add_recent(store.folder)
        self.changing = True
        try:
            if not self.close():
                store.close()
                return False
        finally:
            self.changing = False
        self._document.open(p, store)
        self._compare_world(p)
        self.taken.emit(p)
        return True

    def _compare_world(self, p: Project) -> None:
        """Say early when this machine's world is not the one the project was made with."""
        from core.rollout.missing_adapter import missing_adapter

        missing = missing_adapter(p)

        def work() -> str | None:
            try:
                entry = self._worlds.find(p.world.id)
            except WorldError as error:
                return str(error)
            made_with = p.world
            if p.slow_adapter is not None:
                made_with = p.slow_adapter.base
            elif missing is not None:  # that it is missing is said by itself
                made_with = missing.base
            if entry.hash != made_with.hash:
                return self.tr(
                    "This project was made with another version of %1, or with a slow adapter on "
                    "it."
                ).replace("%1", made_with.name)
            return None

        def done(words: str | None) -> None:
            if (
                words is not None
                and self._document.project is not None
                and self._document.project.id == p.id
            ):
                self.notice.emit(
                    Notice(
                        words,
                        "warning",
                        kept=self.tr(
                            "Everything made can be watched, cut and exported; new chunks need "
                            "that world. A slow adapter is chosen in the Worlds panel."
                        ),
                    )
                )

        self._background.run(work, done, lambda _error: None)

    def close(self, unsaved: bool = False) -> bool:
        """False, and it stays open, where the disk will not take it; ``unsaved``: close it even so."""
        if self._document.store is not None:
            if not unsaved and not self.kept(lambda: self.close(unsaved=True)):
                return False
            self._jobs.let_go()
            self._document.close()
        return True

    def kept(self, leave: Callable[[], object]) -> bool:
        """Whether the disk has the project, with what is being typed. Where it has not, that is
        said, and ``leave`` is offered."""
        self.closing.emit()
        if self._document.kept():
            return True
        notice = Notice(
            self.tr("The project can't be saved, so it was not closed."),
            kept=self.tr("What was made since it was saved last is only in this window. Free some "
                         "space or fix the folder."),
            fixes=(
                (self.tr("Save"), self._document.save),
                (self.tr("Close without saving"), leave),
            ),
        )  # fmt: skip
        # After what the saver has to say of its last try, which would lie over the choice.
        QTimer.singleShot(0, self, lambda: self.notice.emit(notice))
        return False

    def recents(self) -> list[tuple[Path, str, Path | None]]:
        """Folder, name, thumbnail; read lightly, because the window is waiting."""
        found = []
        for folder in self._settings.recents():
            found.append((folder, folder.name, _thumbnail_of(folder)))
        return found

    # -- files -----------------------------------------------------------------------------------

    def import_media(
        self, paths: list[Path], then: Callable[[Asset, Path], None] | None = None
    ) -> None:
        """Copy pictures and videos into the project."""
        store = self._document.store
        if store is None:
            return

        def work() -> list[tuple[Asset, Path]]:
            from core.media.probe import probe

            taken = []
            for path in paths:
                probe(path)  # refuses, with a sentence, what is no picture or video
                taken.append((store.import_file(path, "source", name=path.name), path))
            return taken

        def done(taken: list[tuple[Asset, Path]]) -> None:
            self.busy.emit("")
            if self._document.store is not store:
                return
            assets = [a for a, _ in taken]
            self._document.do(self.tr("Import media"), lambda p: edits.add_assets(p, assets))
            if then is not None and taken:
                then(*taken[0])

        def failed(error: Exception) -> None:
            self.busy.emit("")
            self.notice.emit(Notice(sentence(error), kept=self.tr("The project is as it was.")))

        self.busy.emit(self.tr("Importing…"))
        self._background.run(work, done, failed)

    def set_start(self, source: Path, crop: Crop) -> None:
        """Start the project from another picture or video; what was made stays, and is stale."""
        store, p = self._document.store, self._document.project
        if store is None or p is None:
            return

        def done(made: tuple) -> None:
            self.busy.emit("")
            assets, start = made
            if self._document.store is store:
                self._document.do(
                    self.tr("Change the start"),
                    lambda q: edits.set_start(edits.add_assets(q, assets), start),
                )

        def failed(error: Exception) -> None:
            self.busy.emit("")
            self.notice.emit(Notice(sentence(error), kept=self.tr("The start is as it was.")))

        def work() -> tuple:
            from core.rollout.start import make_start

            return make_start(store, p, source, crop)

        self.busy.emit(self.tr("Preparing the start…"))
        self._background.run(work, done, failed)

    def start_from_asset(self, asset_id: str) -> None:
        p = self._document.project
        path = self._document.path(asset_id)
        if p is None or path is None:
            self.notice.emit(Notice(self.tr("This file is missing. Import it again."), "warning"))
            return
        self.crop_wanted.emit(path)


def _thumbnail_of(folder: Path) -> Path | None:
    """The newest small picture of the project, else nothing."""
    pictures = sorted(
        (folder / "assets" / "thumbnail").glob("*.*"), key=lambda f: f.stat().st_mtime, reverse=True
    )
    return pictures[0] if pictures else None


def _whole_crop(picture: Path, aspect: float) -> Crop:
    from PySide6.QtGui import QImageReader

    size = QImageReader(str(picture)).size()
    if not size.isValid() or size.height() == 0:
        return Crop()
    shape = size.width() / size.height()
    if shape > aspect:
        w = aspect / shape
        return Crop((1 - w) / 2, 0, w, 1)
    h = shape / aspect
    return Crop(0, (1 - h) / 2, 1, h)


def _forget(folder: Path) -> None:
    """Remove a project that could not be begun; nothing of the artist's is in it but copies."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def sentence(error: Exception) -> str:
    from core.media.errors import MediaError

    if isinstance(error, (MediaError, ProjectError, EditError, WorldError)):
        return str(error)
    if isinstance(error, OSError):
        name = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{name}."
    log.error("unexpected", exc_info=error)
    return f"That did not work: {error or type(error).__name__}."
