"""Writes off the interface thread; of several versions waiting only the newest is kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from core.project.model import Project

log = logging.getLogger(__name__)


class Saver(QObject):
    """One thread, one slot. Signals arrive on the interface thread (queued across threads)."""

    saved = Signal()
    failed = Signal(str)

    def __init__(self, write: Callable[[Project], None], parent: QObject | None = None):
        super().__init__(parent)
        self._write = write
        self._wake = threading.Condition()
        self._waiting: Project | None = None
        self._busy = False
        self._behind = False  # the last thing handed over could not be written
        self._closing = False
        self._thread = threading.Thread(target=self._loop, name="saver", daemon=True)
        self._thread.start()

    def save(self, project: Project) -> None:
        with self._wake:
            self._waiting = project
            self._wake.notify_all()

    @property
    def idle(self) -> bool:
        with self._wake:
            return self._waiting is None and not self._busy

    def flush(self, timeout: float = 20.0) -> bool:
        """Wait for what was handed over. Whether all of it is on the disk then."""
        with self._wake:
            done = self._wake.wait_for(lambda: self._waiting is None and not self._busy, timeout)
            return done and not self._behind

    def close(self) -> None:
        self.flush()
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join(5)

    def _loop(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting is not None or self._closing)
                if self._waiting is None:
                    return
                project, self._waiting, self._busy = self._waiting, None, True
            failed = True
            try:
                self._write(project)
                failed = False
            except Exception as error:  # a full disk, a folder that went away: the artist must know
                log.exception("saving failed")
                self.failed.emit(str(error) or type(error).__name__)
            else:
                self.saved.emit()
            finally:
                with self._wake:
                    self._busy, self._behind = False, failed
                    self._wake.notify_all()
