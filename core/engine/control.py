"""How a running task is stopped or held from another thread."""

from __future__ import annotations

import threading


class CancelToken:
    """Once cancelled, stays so. Asked between any two steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()


class PauseGate:
    """Closed while paused; a task waits at it between two steps."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()

    def pause(self) -> None:
        self._open.clear()

    def resume(self) -> None:
        self._open.set()

    @property
    def paused(self) -> bool:
        return not self._open.is_set()

    def wait(self, token: CancelToken) -> None:
        """Return when it is open, or when ``token`` is cancelled."""
        while not self._open.wait(0.05):
            if token.cancelled:
                return
