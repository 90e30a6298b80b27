"""A project on a disk: a folder with one document, its files by content, and the queue.

Files are written whole before the document that names them, the document is replaced whole, so a
crash at any moment leaves the version before it.
"""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Self

from core.project import atomic, files, serialise
from core.project.errors import ProjectError, ProjectLocked
from core.project.ids import new_id
from core.project.journal import Journal
from core.project.lock import Lock
from core.project.model import Asset, AssetKind, Project

DOCUMENT = "project.json"
ASSETS, EPISODES, STAGING = "assets", "episodes", "staging"

__all__ = ["DOCUMENT", "ProjectError", "ProjectLocked", "ProjectStore", "read_document"]


class ProjectStore:
    """One open project. Make it with ``create`` or ``open``; ``close`` lets others open it.

    ``project`` is the document as it stands on the disk. Saving and importing may be called from
    any thread.
    """

    def __init__(self, folder: Path, project: Project, lock: Lock | None, reason: str) -> None:
        self.folder = folder
        self.project = project
        self.read_only_reason = reason  # a sentence; "" when it can be written
        self.missing: tuple[Asset, ...] = ()  # files the document names that are not there
        self.journal = Journal(folder, read_only=bool(reason))
        self._lock = lock
        self._writing = threading.Lock()
        self._assets = dict(project.assets)

    # ---- opening and closing --------------------------------------------------------------------

    @classmethod
    def create(cls, folder: Path | str, project: Project) -> ProjectStore:
        """A new project in ``folder``, which must be new or empty."""
        folder = Path(folder).absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            inside = {p.name for p in folder.iterdir()}
        except OSError as error:
            raise atomic.failed(f"The project cannot be made in {folder}.", error) from error
        if DOCUMENT in inside:
            raise ProjectError(f"There is already a project in {folder}. Open it instead.")
        if inside:
            raise ProjectError(f"The folder {folder} is not empty. Choose a new or an empty one.")
        lock = Lock(folder)
        try:
            lock.acquire()
        except OSError as error:
            raise atomic.failed(f"The project cannot be made in {folder}.", error) from error
        store = cls(folder, project, lock, "")
        try:
            store.save(project)
        except ProjectError:
            lock.release()
            raise
        return store

    @classmethod
    def open(cls, folder: Path | str, take_over: bool = False) -> ProjectStore:
        """Opens read-only, with the reason, what is newer than this studio or cannot be written.

        ``take_over`` opens what another machine seems to have open (see ``ProjectLocked``).
        """
        folder = Path(folder).absolute()
        if folder.name == DOCUMENT and folder.is_file():
            folder = folder.parent
        project = read_document(folder)
        lock: Lock | None = None
        reason = ""
        if serialise.is_newer(project):
            reason = (
                "The project was made by a newer version of the studio, so it is shown but not "
                "changed. Update the studio to go on with it."
            )
        else:
            lock = Lock(folder)
            try:
                lock.acquire(take_over)
            except OSError as error:
                lock = None
                reason = (
                    f"The project is shown but cannot be changed here. {atomic.why(error)} "
                    "Copy its folder to where you may write."
                )
        try:
            if lock is not None:
                project = read_document(folder)  # as it is now that nobody else writes
            store = cls(folder, project, lock, reason)
            if lock is not None:
                store._sweep()
            store.missing = files.missing(folder, project.assets.values())
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        return store

    @property
    def read_only(self) -> bool:
        return bool(self.read_only_reason)

    def close(self) -> None:
        """Let others open the project. Saving afterwards is refused."""
        with self._writing:
            if self._lock is not None:
                self._lock.release()
                self._lock = None
            if not self.read_only_reason:
                self.read_only_reason = "The project was closed."

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- the document ---------------------------------------------------------------------------

    def save(self, project: Project) -> None:
        """Replace the document on the disk. On any failure the one that is there stays."""
        with self._writing:
            self._assure_writable()
            try:
                data = serialise.to_json(project).encode()
            except (ValueError, TypeError) as error:
                raise ProjectError(
                    f"The project was not saved, the version on disk is kept. ({error})"
                ) from error
            try:
                atomic.write_atomic(self.folder / DOCUMENT, data)
            except OSError as error:
                raise atomic.failed(
                    "The project was not saved, the version on disk is kept.", error
                ) from error
            self.project = project
            self._assets.update(project.assets)

    # ---- files ----------------------------------------------------------------------------------

    def path(self, asset_id: str) -> Path:
        """Where a file of the project lies (it may be missing, see ``missing``)."""
        asset = self._assets.get(asset_id)
        if asset is None:
            raise ProjectError(f"The project has no file {asset_id[:12]}.")
        return files.inside(self.folder, asset.path)

    def import_file(
        self, path: Path | str, kind: AssetKind, name: str = "", move: bool = False
    ) -> Asset:
        """Take a file into the project, named by its content; what is there already is shared.

        ``move`` gives the original up (results of the engine); otherwise it stays as it is.
        """
        with self._writing:
            self._assure_writable()
            asset = files.take_in(
                self.folder, Path(path), kind, name, move, lambda id: self._assets.get(id)
            )
            self._assets[asset.id] = asset
        self.missing = tuple(a for a in self.missing if a.id != asset.id)
        return asset

    def restore(self, asset_id: str, path: Path | str) -> None:
        """Bring a missing file back from ``path``, if that is the very same file."""
        wanted = self._assets.get(asset_id)
        if wanted is None:
            raise ProjectError(f"The project has no file {asset_id[:12]}.")
        if files.digest(Path(path)) != asset_id:
            raise ProjectError(f"{Path(path).name} is not the missing file: its content differs.")
        self.import_file(path, wanted.kind, wanted.name)

    def staging(self) -> Path:
        """A fresh folder for the results of one task; what is left in it goes at the next open."""
        return self._folder(f"{STAGING}/{new_id()}")

    def drop_staging(self, folder: Path | str) -> None:
        """Remove a folder that ``staging`` gave, once its results are taken in or not wanted."""
        folder = Path(folder)
        if folder.parent == self.folder / STAGING:
            shutil.rmtree(folder, ignore_errors=True)

    def episodes(self) -> Path:
        """Where the project's saved memories lie."""
        return self._folder(EPISODES)

    def _folder(self, name: str) -> Path:
        self._assure_writable()
        folder = files.inside(self.folder, name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise atomic.failed("There is no place to write results to.", error) from error
        return folder

    # ---- inside ---------------------------------------------------------------------------------

    def _assure_writable(self) -> None:
        if self.read_only_reason:
            raise ProjectError(self.read_only_reason)
        if self._lock is not None:
            try:
                self._lock.assure()
            except OSError as error:
                raise atomic.failed(f"Nothing can be written to {self.folder}.", error) from error

    def _sweep(self) -> None:
        """Remove what a stopped studio left half done: partial files, results never taken in."""
        for folder in (self.folder, self.folder / EPISODES, *files.asset_folders(self.folder)):
            for left in folder.glob(f".*{atomic.PARTIAL}"):
                atomic.remove_quietly(left)
        staging = self.folder / STAGING
        if staging.is_dir() and not staging.is_symlink():
            shutil.rmtree(staging, ignore_errors=True)


def read_document(folder: Path) -> Project:
    """The document in ``folder`` as it is now, for reading alone: it is neither opened nor locked.
    Raises ProjectError."""
    document = folder / DOCUMENT
    try:
        data = document.read_bytes()
    except FileNotFoundError:
        if not folder.is_dir():
            raise ProjectError(f"There is no folder {folder}. Was the project moved?") from None
        raise ProjectError(f"{folder} is not a project: there is no {DOCUMENT} in it.") from None
    except NotADirectoryError:
        raise ProjectError(f"{folder} is not a project: a project is a folder.") from None
    except OSError as error:
        raise atomic.failed(f"{document} cannot be read.", error) from error
    try:
        return serialise.from_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ProjectError(f"{document} cannot be opened: it is not text.") from None
    except ProjectError as error:
        raise ProjectError(f"{document} cannot be opened. {error}") from None
