"""How far a download is, how fast, and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Phase = Literal["asking", "checking", "fetching", "waiting", "finishing"]
_WINDOW = 8.0  # seconds the speed is measured over
_ENOUGH = 1 << 20  # bytes in it from which the speed can be told
_EVERY = 0.1  # seconds between two reports


@dataclass(frozen=True)
class Progress:
    """``done`` and ``total`` in bytes; ``speed`` in bytes a second; ``left`` in seconds.

    ``note`` says why it waits. ``speed`` and ``left`` are None until they are known.
    """

    phase: Phase
    done: int = 0
    total: int = 0
    file: str = ""
    speed: float | None = None
    left: float | None = None
    note: str = ""


class Meter:
    """Turns bytes into ``Progress``, at most ten a second; a change of phase is told at once."""

    def __init__(
        self, tell: Callable[[Progress], None], clock: Callable[[], float] = time.monotonic
    ):
        self._tell, self._clock = tell, clock
        self._last = -1.0
        self._samples: deque[tuple[float, int]] = deque()
        self.now = Progress("asking")

    def phase(self, phase: Phase, file: str = "", note: str = "") -> None:
        if phase != "fetching" or self._fetched() < _ENOUGH:
            self._samples.clear()  # a row of tiny files says nothing about the line
        self.now = replace(self.now, phase=phase, file=file, note=note, speed=None, left=None)
        self._report(urgent=True)

    def at(self, done: int, total: int | None = None) -> None:
        """``done`` bytes are there; only what is fetched counts for the speed."""
        now = self._clock()
        total = self.now.total if total is None else total
        speed = left = None
        if self.now.phase == "fetching":
            if self._samples and done < self._samples[-1][1]:
                self._samples.clear()  # a file is fetched again
            self._samples.append((now, done))
            while now - self._samples[0][0] > _WINDOW:
                self._samples.popleft()
            span = self._samples[-1][0] - self._samples[0][0]
            if span >= 0.5 and (self._fetched() >= _ENOUGH or span >= 3):
                speed = self._fetched() / span
                left = (total - done) / speed if speed > 0 else None
            else:
                speed, left = self.now.speed, self.now.left
        self.now = replace(self.now, done=done, total=total, speed=speed, left=left)
        self._report()

    def _fetched(self) -> int:
        """Bytes that came in the window."""
        return self._samples[-1][1] - self._samples[0][1] if self._samples else 0

    def _report(self, urgent: bool = False) -> None:
        now = self._clock()
        if urgent or now - self._last >= _EVERY:
            self._last = now
            self._tell(self.now)
