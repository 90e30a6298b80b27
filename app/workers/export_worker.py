"""Writes the sequence as a film, on a thread of its own, beside the engine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.state.export_wish import ExportWish, export_settings
from core.project.model import Project

log = logging.getLogger(__name__)


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

    def start(
        self, job: str, p: Project, path_of: Callable[[str], Path | None], wish: ExportWish
    ) -> None:
        self.job = job
        self._stop.clear()
        self._go.set()
        self._thread = threading.Thread(
            target=self._work, args=(job, p, path_of, wish), name="export", daemon=True
        )
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
        from core.media.encode import export_mp4
        from core.media.errors import Cancelled, MediaError
        from core.rollout.film import film_metadata, sequence_frames

        try:
            export_mp4(
                wish.path,
                sequence_frames(p, path_of, wish.start, wish.stop),
                size=(p.width, p.height),
                rate=p.rate,
                total=wish.stop - wish.start,
                settings=export_settings(wish),
                metadata=film_metadata(p, path_of),
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
