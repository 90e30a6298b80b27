"""Short work beside the interface thread: reading a picture, hashing, copying."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

log = logging.getLogger(__name__)


class _Call(QObject):
    done = Signal(object)
    failed = Signal(object)


class _Runner(QRunnable):
    def __init__(self, work: Callable[[], Any], call: _Call):
        super().__init__()
        self._work, self._call = work, call

    def run(self) -> None:
        try:
            result = self._work()
        except Exception as error:  # handed to the one who asked, on the interface thread
            log.info("background work failed", exc_info=True)
            self._emit(self._call.failed, error)
        else:
            self._emit(self._call.done, result)

    def _emit(self, signal, value) -> None:
        try:
            signal.emit(value)
        except RuntimeError:  # the window is gone
            pass


class Background(QObject):
    """``run`` calls back on the thread that owns this object."""

    def __init__(self, parent: QObject | None = None, threads: int = 1):
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(threads)
        self._calls: set[_Call] = set()

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        call = _Call(self)
        self._calls.add(call)

        def finish(after: Callable[[Any], None], value: Any) -> None:
            self._calls.discard(call)
            call.deleteLater()
            after(value)

        receiver = _Receiver(call, lambda v: finish(done, v), lambda e: finish(failed, e))
        call.done.connect(receiver.on_done)
        call.failed.connect(receiver.on_failed)
        self._pool.start(_Runner(work, call))

    @property
    def busy(self) -> bool:
        return bool(self._calls)

    def wait(self, milliseconds: int = 5000) -> bool:
        return self._pool.waitForDone(milliseconds)


class _Receiver(QObject):
    """Slots of a QObject on the owner's thread, so that the connection is queued."""

    def __init__(self, call: _Call, done: Callable[[Any], None], failed: Callable[[Any], None]):
        super().__init__(call)
        self._done, self._failed = done, failed

    def on_done(self, value: object) -> None:
        self._done(value)

    def on_failed(self, error: object) -> None:
        self._failed(error)
