"""How well the walk holds together, measured beside the interface: what is known, and by whom."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.state.walks import Piece, Seen, choices_of, depends_on, judged, keys_of, walk_of
from app.workers.background import Background
from core.project.model import Project, Take

if TYPE_CHECKING:
    from core.consistency import Looks, Verdict

log = logging.getLogger(__name__)

_LATER_MS = 120  # changes are told together, and measured once the hands rest
_KEPT = 4000  # videos; about 30 KB each
_AT_ONCE = 48  # clips judged in one go, so that a new wish never waits long


class Consistency(QObject):
    """``watch`` a document; ``clips`` and ``takes`` then fill up, and ``changed`` says so.

    Nothing is written: what was measured is kept in memory by the id of the video, which never
    changes, and is quickly measured again.
    """

    changed = Signal()

    def __init__(
        self,
        path_of: Callable[[str], Path | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._path_of = path_of
        self._background = Background(self, threads=1)
        self._looks: OrderedDict[str, Looks | None] = OrderedDict()  # None: cannot be measured
        self._project: Project | None = None
        self._chunk = ""
        self._working = False
        self._epoch = 0
        self._clips: dict[str, Seen] = {}
        self._known: dict[tuple, Seen] = {}  # (pieces up to it, what follows) → verdict
        self._takes: dict[str, Verdict] = {}
        self._take_keys: dict[str, object] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_LATER_MS)
        self._soon.timeout.connect(self._work)

    # -- what is known -----------------------------------------------------------------------------

    @property
    def clips(self) -> Mapping[str, Seen]:
        """Clip id → what was found, as far as it is measured."""
        return self._clips

    def takes(self, chunk_id: str) -> dict[str, Verdict]:
        """Take id → verdict of the takes of a chunk that are measured."""
        p = self._project
        chunk = p.chunks.get(chunk_id) if p is not None else None
        return {t: self._takes[t] for t in (chunk.takes if chunk else ()) if t in self._takes}

    @property
    def busy(self) -> bool:
        return self._working or self._soon.isActive()

    # -- what is wanted ----------------------------------------------------------------------------

    def watch(self, p: Project | None, chunk: str = "") -> None:
        """Measure this document, and every take of ``chunk``."""
        if p is not None and (self._project is None or p.id != self._project.id):
            self.forget()
        known = depends_on(self._project) if self._project is not None else None
        if p is not None and depends_on(p) == known and chunk == self._chunk:
            self._project = p
            return
        self._project, self._chunk = p, chunk
        if p is not None and not self._soon.isActive():
            self._soon.start()

    def forget(self) -> None:
        """Another project."""
        self._epoch += 1
        self._looks.clear()
        self._known.clear()
        self._takes.clear()
        self._take_keys.clear()
        self._clips = {}
        self._project = None

    def close(self) -> None:
        self._soon.stop()
        self._epoch += 1
        self._background.wait(5000)

    # -- measuring ---------------------------------------------------------------------------------

    def _work(self) -> None:
        """One small piece of work, then the next, until everything wanted is known."""
        p = self._project
        if p is None or self._working:
            return
        walk = walk_of(p)
        choices = choices_of(p, self._chunk)
        for piece in (*walk, *(piece for _, past in choices for piece in past)):
            if piece.video not in self._looks:
                return self._look(piece)
        if not self._judge(p, walk):
            self._rank(p, choices)

    def _run(self, work: Callable[[], object], done: Callable[[object], None]) -> None:
        epoch, self._working = self._epoch, True

        def ended(value: object) -> None:
            self._working = False
            if epoch == self._epoch and not isinstance(value, Exception):
                done(value)
            self._work()

        def safe() -> object:
            try:
                return work()
            except Exception as error:
                log.warning("consistency was not measured", exc_info=True)
                return error

        self._background.run(safe, ended, ended)

    def _look(self, piece: Piece) -> None:
        video = self._path_of(piece.video)
        latents = self._path_of(piece.latents) if piece.latents else None

        def work() -> Looks | None:
            from core.consistency import look

            try:
                return look(video, latents) if video is not None else None
            except Exception as error:  # missing or damaged: the clip itself says so
                log.info("not measured: %s: %s", video, error)
                return None

        def done(looks: Looks | None) -> None:
            self._looks[piece.video] = looks
            while len(self._looks) > _KEPT:
                self._looks.popitem(last=False)

        self._run(work, done)

    def _judge(self, p: Project, walk: tuple[Piece, ...]) -> bool:
        """True when it began some work."""
        keys = keys_of(walk)
        missing = [i for i, key in enumerate(keys) if key not in self._known][:_AT_ONCE]
        if not missing:
            clips = {
                piece.clip: seen for piece, key in zip(walk, keys)
                if (seen := self._known[key]) is not None and piece.clip
            }  # fmt: skip
            if clips != self._clips:
                self._clips = clips
                self._known = {key: self._known[key] for key in keys}
                self.changed.emit()
            return False
        looks = dict(self._looks)
        opening = p.chunk_frames

        def work() -> list[Seen | None]:
            return judged(walk, missing, looks, opening)

        def done(found: list[Seen | None]) -> None:
            self._known.update(zip((keys[i] for i in missing), found))

        self._run(work, done)
        return True

    def _rank(self, p: Project, choices: Sequence[tuple[Take, tuple[Piece, ...]]]) -> None:
        wanted = [(t, past) for t, past in choices if self._take_keys.get(t.id) != past]
        if not wanted:
            return
        looks, opening = dict(self._looks), p.chunk_frames

        def work() -> list[Seen | None]:
            return [judged(past, [len(past) - 1], looks, opening)[0] for _, past in wanted]

        def done(found: list[Seen | None]) -> None:
            for (take, past), seen in zip(wanted, found):
                self._take_keys[take.id] = past
                self._takes.pop(take.id, None)
                if seen is not None:
                    self._takes[take.id] = seen.verdict
            self.changed.emit()

        self._run(work, done)
