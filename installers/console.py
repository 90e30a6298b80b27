"""What the person sees while the set-up runs: steps k/n, what happens now, and how long."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

# Without a terminal: at least so many seconds between two lines of a step, and at most between
# two signs of life.
SHORTEST_PAUSE, LONGEST_PAUSE = 3.0, 30.0


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Console:
    """On a terminal one line is rewritten in place; elsewhere each change is a line."""

    def __init__(self, total: int, out: TextIO | None = None):
        self.out = out or sys.stdout
        self.total, self.number = total, 0
        self.started = time.monotonic()
        self.live = self.out.isatty()
        self._title, self._now, self._fresh = "", "", True
        self._step_started = self.started
        self._last_line = self.started
        self._guard = threading.Lock()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.number += 1
        self._title, self._now = f"[{self.number}/{self.total}] {title}", ""
        self._fresh = True  # a step's first happening is always told
        self._step_started = time.monotonic()
        if not self.live:
            self._line(self._title)
        ended = threading.Event()
        beat = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        beat.start()
        try:
            yield
        except BaseException:
            ended.set()
            beat.join()
            self._finish("stopped")
            raise
        ended.set()
        beat.join()
        self._finish("done")

    def now(self, what: str) -> None:
        """What is happening inside the step, as one short line."""
        with self._guard:
            if what == self._now:
                return
            self._now = what
            if self.live:
                self._draw()
            elif self._fresh or time.monotonic() - self._last_line > SHORTEST_PAUSE:
                self._fresh = False
                self._line(f"      {what}  ({clock(time.monotonic() - self.started)})")

    def say(self, text: str) -> None:
        """A line that stays."""
        with self._guard:
            self._erase()
            self._line(text)

    def _finish(self, word: str) -> None:
        with self._guard:
            took = clock(time.monotonic() - self._step_started)
            self._erase()
            what = f"{self._title}: " if self.live else "      "
            note = f" ({self._now})" if self.live and self._now and word == "done" else ""
            self._line(f"{what}{word} in {took}{note}")

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(1.0):
            with self._guard:
                if self.live:
                    self._draw()
                elif time.monotonic() - self._last_line > LONGEST_PAUSE:
                    self._line(f"      still at it  ({clock(time.monotonic() - self.started)})")

    def _draw(self) -> None:
        width = shutil.get_terminal_size().columns - 1
        head = f"{self._title} {clock(time.monotonic() - self._step_started)}"
        self.out.write("\r\x1b[K" + f"{head}  {self._now}"[:width])
        self.out.flush()

    def _erase(self) -> None:
        if self.live:
            self.out.write("\r\x1b[K")

    def _line(self, text: str) -> None:
        self._last_line = time.monotonic()
        self.out.write(text + "\n")
        self.out.flush()
