"""Writes the sequence as a film, on a thread of its own, beside the engine."""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Callable, Iterator

from PySide6.QtCore import QObject, Signal

from app.dialogs.export import ExportWish, export_settings
from core.project import queries
from core.project.model import Project

log = logging.getLogger(__name__)
_READERS = 4


def sequence_frames(
    p: Project, path_of: Callable[[str], Path | None], start: int, stop: int
) -> Iterator[Any]:
    """RGB frames [start, stop) as the viewer shows them; black where nothing is."""
    import numpy as np

    from core.media.reader import FrameReader

    black = np.zeros((p.height, p.width, 3), np.uint8)
    readers: OrderedDict[str, FrameReader] = OrderedDict()
    try:
        for at in range(start, stop):
            found = queries.source_at(p, at)
            path = path_of(found[0]) if found is not None else None
            if found is None or path is None:
                yield black
                continue
            if found[0] not in readers:
                readers[found[0]] = FrameReader(path)
                while len(readers) > _READERS:
                    readers.popitem(last=False)[1].close()
            readers.move_to_end(found[0])
            reader = readers[found[0]]
            yield np.ascontiguousarray(reader.frame(min(found[1], len(reader) - 1)))
    finally:
        for reader in readers.values():
            reader.close()


class ExportWorker(QObject):
    """One export at a time. Signals carry the job's id."""

    progress = Signal(str, object)  # ExportProgress
    finished = Signal(str, str)  # job id, "" or one sentence
    cancelled = Signal(str)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()
        self.job: str | None = None

    @property
    def busy(self) -> bool:
        return self.job is not None

    def start(self, job: str, p: Project, path_of: Callable[[str], Path | None], wish: ExportWish) -> None:
        self.job = job
        self._stop.clear()
        self._go.set()
        self._thread = threading.Thread(target=self._work, args=(job, p, path_of, wish), name="export", daemon=True)
        self._thread.start()

    def pause(self, on: bool) -> None:
        self._go.clear() if on else self._go.set()

    def cancel(self) -> None:
        self._stop.set()
        self._go.set()

    def free(self) -> None:
        """The end was seen; the next one may start."""
        self.job = None

    def wait(self, seconds: float = 10) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    def _asked_to_stop(self) -> bool:
        self._go.wait()
        return self._stop.is_set()

    def _work(self, job: str, p: Project, path_of: Callable, wish: ExportWish) -> None:
        from core.media.encode import RECIPE_KEY, export_mp4
        from core.media.errors import Cancelled, MediaError
        from core.rollout.recipe import recipe_of

        try:
            metadata = {
                "title": p.name,
                "software": "SlowFast Studio",
                "comment": "Generated with SlowFast Studio",
                RECIPE_KEY: json.dumps(recipe_of(p), ensure_ascii=False),
            }
            export_mp4(
                wish.path,
                sequence_frames(p, path_of, wish.start, wish.stop),
                size=(p.width, p.height),
                rate=p.rate,
                total=wish.stop - wish.start,
                settings=export_settings(wish),
                metadata=metadata,
                progress=lambda event: self.progress.emit(job, event),
                cancelled=self._asked_to_stop,
            )
        except Cancelled:
            self.cancelled.emit(job)
        except MediaError as error:
            self.finished.emit(job, str(error))
        except Exception as error:
            log.exception("export %s", job)
            self.finished.emit(job, f"The film was not written: {error or type(error).__name__}.")
        else:
            self.finished.emit(job, "")
