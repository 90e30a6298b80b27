"""Saved memories: keep one, continue with one, take one out, bring one in."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal

from app.state.document import Document
from app.state.merged_name import free_name
from app.widgets.notice_bar import Notice
from app.workers.background import Background
from core.project import edits, queries
from core.project.errors import ProjectError
from core.project.ids import new_id
from core.project.model import AT_START, Asset, EpisodeRef, Project

log = logging.getLogger(__name__)
SUFFIX = ".sfep"


class Episodes(QObject):
    notice = Signal(object)  # Notice
    busy = Signal(str)

    def __init__(self, document: Document, background: Background, parent: QObject | None = None):
        super().__init__(parent)
        self._document, self._background = document, background
        self._pictures: dict[str, Path | None] = {}
        self._folder = tempfile.TemporaryDirectory(
            prefix="slowfast-thumbs-", ignore_cleanup_errors=True
        )

    # -- showing -----------------------------------------------------------------------------------

    def thumbnail(self, episode: EpisodeRef) -> Path | None:
        """A small picture out of the episode's file, taken out once."""
        key = f"{episode.id}:{episode.path}"
        if key not in self._pictures:
            self._pictures[key] = self._take_picture(episode)
        return self._pictures[key]

    def _take_picture(self, episode: EpisodeRef) -> Path | None:
        folder = self._document.folder
        if folder is None or not (folder / episode.path).is_file():
            return None
        from core.memory.episode import peek_episode

        try:
            data = peek_episode(folder / episode.path).thumbnail
        except Exception:  # damaged: it is refused with words when it is wanted
            log.info("no picture of %s", episode.path, exc_info=True)
            return None
        if not data:
            return None
        path = Path(self._folder.name) / f"{episode.id}.jpg"
        path.write_bytes(data)
        return path

    def find(self, id: str) -> EpisodeRef | None:
        p = self._document.project
        return next((e for e in p.episodes if e.id == id), None) if p else None

    def suggested_name(self) -> str:
        p = self._document.project
        return self.free_name(p.name if p else self.tr("Episode"))

    def free_name(self, base: str) -> str:
        """``base``, with a number where an episode has that name already."""
        p = self._document.project
        return free_name(base, {e.name for e in p.episodes} if p else ())

    @property
    def something_learned(self) -> bool:
        p = self._document.project
        return p is not None and queries.memory_before(p, queries.tip(p)) is not None

    # -- saving ------------------------------------------------------------------------------------

    def save(self, name: str) -> None:
        p, store = self._document.project, self._document.store
        if p is None or store is None:
            return
        tip = queries.tip(p)
        snapshot = queries.memory_before(p, tip)
        if snapshot is None:
            self.notice.emit(
                Notice(
                    self.tr("Nothing is learned yet. Accept a chunk first, then save the memory."),
                    "info",
                )
            )
            return
        id = new_id()

        def work() -> tuple[EpisodeRef, list[str]]:
            from core.memory import episode
            from core.memory.snapshot import load_snapshot
            from core.rollout.remembered import remembered

            found = load_snapshot(store.path(snapshot))
            takes = _lived(p, snapshot)
            target = store.episodes() / f"{id}{SUFFIX}"
            info = episode.save_episode(
                target,
                found,
                name=name,
                bank=remembered(p, store, tip) or found.context,
                thumbnail=_picture(p, store, takes),
                learned=[episode.Learned(t.actions, t.scene, t.seed, t.frames) for t in takes],
            )
            return ref_of(id, name, store.folder, target, info), []

        def done(made: tuple[EpisodeRef, list[str]]) -> None:
            self.busy.emit("")
            ref, _ = made
            if self._document.store is store and self._document.do(
                self.tr("Save episode “%1”").replace("%1", name),
                lambda q: edits.add_episode(q, ref),
            ):
                self.notice.emit(
                    Notice(
                        self.tr("The memory is saved as “%1”.").replace("%1", name),
                        "info",
                        kept=self.tr("Find it under Episodes."),
                    )
                )

        self.busy.emit(self.tr("Saving the memory…"))
        self._background.run(work, done, self._refused)

    # -- loading -----------------------------------------------------------------------------------

    def load(self, id: str) -> None:
        """The next chunk continues with this memory."""
        p, store, episode = self._document.project, self._document.store, self.find(id)
        if p is None or store is None or episode is None:
            return
        path = store.folder / episode.path

        def work() -> Asset:
            from core.memory.episode import episode_to_snapshot, refusal
            from core.memory.errors import MemoryRefused

            why = refusal(path, p.world)
            if why is not None:
                raise MemoryRefused(why)
            target = store.staging() / "episode.safetensors"
            episode_to_snapshot(path, target, p.world.hash)
            return store.import_file(target, "snapshot", episode.name, move=True)

        def done(asset: Asset) -> None:
            self.busy.emit("")
            if self._document.store is not store:
                return

            def edit(q: Project) -> Project:
                tip = queries.tip(q)
                key = tip.take if tip is not None else AT_START
                return edits.set_memory_base(edits.add_assets(q, [asset]), key, asset.id)

            if self._document.do(self.tr("Load episode “%1”").replace("%1", episode.name), edit):
                self.notice.emit(
                    Notice(
                        self.tr("The next chunk continues with the memory “%1”.").replace(
                            "%1", episode.name
                        ),
                        "info",
                        kept=self.tr("Undo takes it back."),
                    )
                )

        self.busy.emit(self.tr("Loading the memory…"))
        self._background.run(work, done, self._refused)

    def import_file(self, path: Path) -> None:
        """Bring a file in beside the project; refused, with the reason, where it does not fit."""
        p, store = self._document.project, self._document.store
        if p is None or store is None:
            self.notice.emit(
                Notice(self.tr("Open a project first, then load the episode into it."), "info")
            )
            return
        id = new_id()

        def work() -> EpisodeRef:
            from core.memory.episode import export_episode, peek_episode, refusal
            from core.memory.errors import MemoryRefused

            why = refusal(path, p.world)
            if why is not None:
                raise MemoryRefused(why)
            info = peek_episode(path)
            target = store.episodes() / f"{id}{SUFFIX}"
            export_episode(path, target)  # a whole, checked copy
            return ref_of(id, info.name or path.stem, store.folder, target, info)

        def done(ref: EpisodeRef) -> None:
            self.busy.emit("")
            if self._document.store is store and self._document.do(
                self.tr("Bring in episode “%1”").replace("%1", ref.name),
                lambda q: edits.add_episode(q, ref),
            ):
                self.notice.emit(
                    Notice(
                        self.tr("“%1” is among the episodes now.").replace("%1", ref.name),
                        "info",
                        fixes=((self.tr("Continue with it"), lambda: self.load(ref.id)),),
                    )
                )

        self.busy.emit(self.tr("Reading the episode…"))
        self._background.run(work, done, self._refused)

    # -- names and files ---------------------------------------------------------------------------

    def rename(self, id: str, name: str) -> None:
        episode = self.find(id)
        if episode is None or episode.name == name:
            return

        def edit(p: Project) -> Project:
            return replace(
                p,
                episodes=tuple(
                    replace(e, name=name[:200]) if e.id == id else e for e in p.episodes
                ),
            )

        self._document.do(self.tr("Rename episode “%1”").replace("%1", name), edit)

    def delete(self, id: str) -> None:
        episode = self.find(id)
        if episode is None:
            return
        if self._document.do(
            self.tr("Delete episode “%1”").replace("%1", episode.name),
            lambda p: edits.remove_episode(p, id),
        ):
            self.notice.emit(
                Notice(
                    self.tr("“%1” was taken off the list.").replace("%1", episode.name),
                    "info",
                    fixes=((self.tr("Undo"), lambda: self._bring_back(episode)),),
                )
            )

    def _bring_back(self, episode: EpisodeRef) -> None:
        """Put one that was deleted on the list again, whatever was done since; its file stayed."""
        if self.find(episode.id) is None:
            self._document.do(
                self.tr("Bring back episode “%1”").replace("%1", episode.name),
                lambda p: edits.add_episode(p, episode),
            )

    def export(self, id: str, target: Path) -> None:
        store, episode = self._document.store, self.find(id)
        if store is None or episode is None:
            return
        path = store.folder / episode.path

        def work() -> Path:
            from core.memory.episode import export_episode

            export_episode(path, target)
            return target

        def done(written: Path) -> None:
            self.busy.emit("")
            self.notice.emit(
                Notice(
                    self.tr("%1 is written.").replace("%1", written.name),
                    "info",
                    kept=str(written.parent),
                )
            )

        self.busy.emit(self.tr("Writing the episode…"))
        self._background.run(work, done, self._refused)

    def export_name(self, id: str) -> str:
        from core.memory.episode import export_name

        episode = self.find(id)
        return export_name(episode.name) if episode else f"episode{SUFFIX}"

    def _refused(self, error: Exception) -> None:
        self.busy.emit("")
        self.notice.emit(Notice(words_of(error), kept=self.tr("The memory is as it was.")))


def words_of(error: Exception) -> str:
    """What went wrong with an episode, as a sentence."""
    from core.memory.errors import MemoryRefused
    from core.memory.tensors import TensorFileError

    if isinstance(error, (MemoryRefused, TensorFileError, ProjectError, OSError)):
        return str(error)
    log.error("episode", exc_info=error)
    return QCoreApplication.translate("Episodes", "The episode cannot be used: %1.").replace(
        "%1", str(error) or type(error).__name__
    )


def ref_of(id: str, name: str, folder: Path, path: Path, info) -> EpisodeRef:
    return EpisodeRef(
        id=id,
        name=name,
        path=path.relative_to(folder).as_posix(),
        world_id=info.world.id,
        world_hash=info.world.hash,
        chunks=info.chunks,
        frames=info.frames,
        created=info.created,
        merged=info.merged,
    )


def _lived(p: Project, snapshot: str):
    """The takes that the memory was learned from, oldest first; one that came from elsewhere: the
    chain it is used on."""
    owner = next((t for t in p.takes.values() if t.snapshot == snapshot), None)
    tip = queries.tip(p)
    last = owner.id if owner is not None else (tip.take if tip is not None else None)
    return queries.chain(p, last) if last is not None else []


def _picture(p: Project, store, takes) -> bytes:
    thumb = takes[-1].thumbnail if takes else (p.start.thumbnail if p.start else None)
    try:
        return store.path(thumb).read_bytes() if thumb else b""
    except OSError:
        return b""
