"""Several saved memories become a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.flow.episodes import SUFFIX, Episodes, ref_of, words_of
from app.state.document import Document
from app.state.merged_name import merged_name
from app.widgets.notice_bar import Notice
from app.workers.background import Background
from core.project import edits
from core.project.ids import new_id
from core.project.jobs import now
from core.project.model import EpisodeRef

if TYPE_CHECKING:
    from core.memory.merging import Merged


class _Stopped(Exception):
    """It was given up."""


class Merging(QObject):
    notice = Signal(object)  # Notice
    made = Signal(str)  # episode id
    failed = Signal(str)  # one sentence; "" where it was stopped
    progressed = Signal(float)  # 0 to 1

    def __init__(
        self, document: Document, background: Background, episodes: Episodes,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._document, self._background, self._episodes = document, background, episodes
        self._share, self._stopped = 0.0, False  # between this thread and that of the work
        self._timer = QTimer(self)
        self._timer.setInterval(100)
        self._timer.timeout.connect(lambda: self.progressed.emit(self._share))

    def to_merge(self, selected: Sequence[str]) -> list[EpisodeRef]:
        """Those of ``selected`` where they can be merged; with none selected the only two that can.
        Else nothing, and a notice says what to do."""
        p = self._document.project
        known = [e for e in p.episodes if e.id in selected] if p else []
        if len(known) < 2 and p is not None:
            fit = [e for e in p.episodes if e.world_hash == p.world.hash]
            if len(fit) == 2 and all(e in fit for e in known):
                return fit
            words = self.tr("Select two or more episodes first: Ctrl+click, or Shift with the "
                            "arrow keys.")  # fmt: skip
            if len(fit) < 2:
                words = self.tr("Merging takes two saved episodes of this world. Save the memory "
                                "as an episode, or load one from a file.")  # fmt: skip
            self.notice.emit(Notice(words, "info"))
            return []
        odd = next((e for e in known if e.world_hash != known[0].world_hash), None)
        if odd is not None:
            words = self.tr("“%1” and “%2” were made with different worlds. Only episodes of the "
                            "very same world can be merged.")  # fmt: skip
            self.notice.emit(
                Notice(words.replace("%1", known[0].name).replace("%2", odd.name), "warning",
                       kept=self.tr("Select others."))
            )  # fmt: skip
            return []
        return known

    def name_of_merged(self, episodes: Sequence[EpisodeRef]) -> str:
        """After all of them, and not that of another episode."""
        return self._episodes.free_name(merged_name([e.name for e in episodes]))

    def merge(self, ids: Sequence[str], weights: Sequence[float], name: str) -> None:
        """A new episode of those; they stay as they are."""
        p, store = self._document.project, self._document.store
        chosen = [e for id in ids if (e := self._episodes.find(id)) is not None]
        if p is None or store is None or len(chosen) != len(ids):
            self.failed.emit(self.tr("One of these episodes is no longer in the project."))
            return
        id = new_id()
        self._share, self._stopped = 0.0, False

        def tell(share: float) -> None:  # on the thread of the work
            self._share = share
            if self._stopped:
                raise _Stopped

        def work() -> tuple[EpisodeRef, Merged]:
            from core.memory.episode import peek_episode
            from core.memory.merging import merge_files

            target = store.episodes() / f"{id}{SUFFIX}"
            merged = merge_files(
                [store.folder / e.path for e in chosen], weights, target, name, now(),
                [e.name for e in chosen], tell,
            )
            info = peek_episode(target)
            return ref_of(id, name, store.folder, target, info), merged

        def done(made: tuple[EpisodeRef, Merged]) -> None:
            self._timer.stop()
            ref, merged = made
            if self._document.store is not store or not self._document.do(
                self.tr("Merge episodes into “%1”").replace("%1", name),
                lambda q: edits.add_episode(q, ref),
            ):
                self.failed.emit("")
                return
            self.made.emit(id)
            self.notice.emit(
                Notice(
                    self.tr("“%1” is among the episodes now.").replace("%1", name),
                    "info" if merged.whole else "warning",  # a warning stays until it is read
                    kept=merged.words(),
                    fixes=((self.tr("Continue with it"), lambda: self._episodes.load(id)),),
                )
            )

        self._timer.start()
        self._background.run(work, done, self._refused)

    def stop(self) -> None:
        """Give it up; nothing is written."""
        self._stopped = True

    def _refused(self, error: Exception) -> None:
        self._timer.stop()
        self.failed.emit("" if isinstance(error, _Stopped) else words_of(error))
