"""Waiting for a network without being held by it: pauses and calls that can be left."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from core.models.errors import HubBusy, ModelError, NoConnection, Stopped

T = TypeVar("T")
_LOOK = 0.1  # seconds between two looks at whether to stop


@dataclass(frozen=True)
class Patience:
    """Pauses in seconds between tries; a new byte begins them again. ``longest``: what a hub may
    ask for, else the person is told instead of waiting."""

    waits: tuple[float, ...] = (1, 2, 4, 8, 16, 30, 60)
    longest: float = 300.0

    def pause_before(self, failures: int, error: ModelError) -> float | None:
        """Seconds to wait before the next try; None to give up."""
        if not isinstance(error, NoConnection | HubBusy) or failures >= len(self.waits):
            return None
        if isinstance(error, NoConnection) and not error.again:
            return None
        asked = getattr(error, "wait", None)
        pause = max(asked, 0.05) if asked is not None else self.waits[failures]
        return pause if pause <= self.longest else None


#: For a question whose answer somebody waits for.
BRIEF = Patience(waits=(1, 3))


def sleep(seconds: float, cancelled: Callable[[], bool]) -> None:
    """Raises Stopped when asked to stop meanwhile."""
    end = time.monotonic() + seconds
    while (rest := end - time.monotonic()) > 0:
        if cancelled():
            raise Stopped
        time.sleep(min(_LOOK, rest))


def call(work: Callable[[], T], cancelled: Callable[[], bool]) -> T:
    """``work`` on a thread of its own; when asked to stop it is left there and Stopped raised."""
    answer: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answer.put((True, work()))
        except BaseException as error:
            answer.put((False, error))

    threading.Thread(target=run, name="hub-question", daemon=True).start()
    while True:
        if cancelled():
            raise Stopped
        try:
            fine, value = answer.get(timeout=_LOOK)
        except queue.Empty:
            continue
        if fine:
            return value
        raise value


def persist(
    work: Callable[[], T],
    cancelled: Callable[[], bool],
    patience: Patience = BRIEF,
    waiting: Callable[[float, ModelError], None] = lambda seconds, error: None,
) -> T:
    """``call``, again after a broken line or a busy hub."""
    failures = 0
    while True:
        try:
            return call(work, cancelled)
        except ModelError as error:
            pause = patience.pause_before(failures, error)
            if pause is None:
                raise
            failures += 1
            waiting(pause, error)
            sleep(pause, cancelled)
