"""Fetches or copies one world at a time, on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from core.models.places import Installed
    from core.models.progress import Progress

log = logging.getLogger(__name__)

#: Does the work; is given what to tell progress to and what to ask whether to stop.
Work = Callable[[Callable[["Progress"], None], Callable[[], bool]], "Installed"]


class FetchWorker(QObject):
    """Signals carry the world's id."""

    progress = Signal(str, object)  # Progress, at most ten a second
    done = Signal(str, object)  # Installed
    failed = Signal(str, object)  # the exception
    stopped = Signal(str)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.world: str | None = None

    @property
    def busy(self) -> bool:
        return self.world is not None

    def start(self, id: str, work: Work) -> None:
        self.world = id
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(id, work, self._stop), name="worlds", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """It ends within a second; what was fetched is kept."""
        self._stop.set()

    def free(self) -> None:
        """The end was seen; the next one may start."""
        self.world = None

    def wait(self, seconds: float = 10) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, id: str, work: Work, stop: threading.Event) -> None:
        from core.models.errors import Stopped

        try:
            world = work(lambda p: self._emit(self.progress, id, p), stop.is_set)
        except Stopped:
            self._emit(self.stopped, id)
        except Exception as error:  # handed to the flow, on the interface thread
            log.info("world %s: %s", id, error)
            self._emit(self.failed, id, error)
        else:
            self._emit(self.done, id, world)

    @staticmethod
    def _emit(signal, *values: object) -> None:
        try:
            signal.emit(*values)
        except RuntimeError:  # the window is gone
            pass
