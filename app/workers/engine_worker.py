"""The one long-lived thread on which the engine works; nothing else of the studio imports torch.

A task always ends in exactly one terminal event, also when the engine breaks: the traceback goes
to the log, the artist gets one sentence.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from core.rollout.events import (
    TERMINAL,
    BegunAgain,
    Cancelled,
    Failed,
    Fitted,
    Preview,
    Progress,
    Remark,
)

log = logging.getLogger(__name__)

#: Previews and progress reach the window at most this often.
MIN_GAP = 0.1
#: Python hands the interpreter over this often while the engine works: painting stays fluid.
SWITCH_INTERVAL = 0.0005


class EngineWorker(QObject):
    """Lives on its thread. Tasks come in through ``submit``, events leave as signals."""

    event = Signal(str, object)  # task key, EngineEvent
    finished = Signal(str, object)  # task key, terminal event
    ready = Signal(str)  # the engine is there; a word on the device
    _submitted = Signal(str, object, object, object)
    _warm = Signal()
    _swap = Signal(object)

    def __init__(self, make_engine: Callable[[], Any]):
        super().__init__()
        self._make = make_engine
        self._engine: Any = None
        self._device = ""
        self._submitted.connect(self._run, Qt.ConnectionType.QueuedConnection)
        self._warm.connect(self._warm_up, Qt.ConnectionType.QueuedConnection)
        self._swap.connect(self._replace, Qt.ConnectionType.QueuedConnection)

    # -- called from the interface thread --------------------------------------------------------

    def submit(self, key: str, task: Any, token: Any, pause: Any) -> None:
        self._submitted.emit(key, task, token, pause)

    def warm_up(self) -> None:
        """Load the engine now, so that the first Generate does not wait for imports."""
        self._warm.emit()

    def replace_engine(self, make_engine: Callable[[], Any]) -> None:
        """Use another engine from the next task on."""
        self._swap.emit(make_engine)

    # -- on the worker's thread --------------------------------------------------------------------

    def _ensure(self) -> Any:
        if self._engine is None:
            self._engine = self._make()
            self._tell_device()
        return self._engine

    def _tell_device(self) -> None:
        """An engine that chooses by itself knows its device once a world is loaded."""
        device = str(getattr(self._engine, "device", ""))
        if device != self._device:
            self._device = device
            self.ready.emit(device)

    @Slot()
    def _warm_up(self) -> None:
        try:
            self._ensure()
        except Exception:  # said again, with a reason, when a task needs it
            log.exception("the engine did not start")

    @Slot(object)
    def _replace(self, make_engine: Callable[[], Any]) -> None:
        self._close_engine()
        self._make = make_engine

    @Slot(str, object, object, object)
    def _run(self, key: str, task: Any, token: Any, pause: Any) -> None:
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL)
        last: Any = None
        shown = {Preview: 0.0, Progress: 0.0}
        try:
            for event in self._ensure().run(task, token, pause):
                if isinstance(event, TERMINAL):
                    last = event  # and let it end by itself: closing it early means cancelling
                elif self._worth_showing(event, shown):
                    self.event.emit(key, event)
        except MemoryError:
            log.exception("task %s", key)
            last = Failed("This machine ran out of memory. Close other programs and try again.")
        except Exception as error:
            log.exception("task %s", key)
            last = Failed(f"The engine stopped: {_sentence(error)}")
        finally:
            sys.setswitchinterval(before)
        if last is None:
            last = (
                Cancelled()
                if getattr(token, "cancelled", False)
                else Failed("The engine stopped without a result.")
            )
        if isinstance(last, Failed) and last.detail:
            log.error("task %s: %s\n%s", key, last.message, last.detail)
        self._tell_device()
        self.finished.emit(key, last)

    def _worth_showing(self, event: Any, shown: dict[type, float]) -> bool:
        if isinstance(event, Progress) and event.step in (0, event.steps):
            return True
        if isinstance(event, Fitted | BegunAgain | Remark):
            return True
        now = time.monotonic()
        if now - shown.get(type(event), 0.0) < MIN_GAP:
            return False
        shown[type(event)] = now
        return True

    @Slot()
    def close_engine(self) -> None:
        self._close_engine()

    def _close_engine(self) -> None:
        engine, self._engine = self._engine, None
        close = getattr(engine, "close", None)
        if close is not None:
            try:
                close()
            except Exception:
                log.exception("closing the engine")


def _sentence(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200].rstrip(".") + "."


class EngineThread(QObject):
    """Owns the thread and its worker."""

    def __init__(self, make_engine: Callable[[], Any], parent: QObject | None = None):
        super().__init__(parent)
        self._thread = QThread(self)
        self._thread.setObjectName("engine")
        self.worker = EngineWorker(make_engine)
        self.worker.moveToThread(self._thread)
        self._thread.finished.connect(
            self.worker.close_engine, Qt.ConnectionType.DirectConnection
        )  # emitted on the thread itself, after its loop
        self._thread.start()

    def shut_down(self, milliseconds: int = 5000) -> bool:
        """Whoever holds a token has cancelled it. Waits for the thread; False if it hangs."""
        if not self._thread.isRunning():
            return True
        self._thread.quit()
        if self._thread.wait(milliseconds):
            return True
        log.error("the engine thread did not stop in %d ms", milliseconds)
        return False
