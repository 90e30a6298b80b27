"""Talking to a person at a terminal, and hearing Ctrl-C."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from core.engine.control import CancelToken

#: Exit codes.
OK, FAILED, USAGE, STOPPED = 0, 1, 2, 130


class Stop:
    """Ctrl-C cancels in good order; a second one ends at once."""

    def __init__(self) -> None:
        self.token = CancelToken()

    def listen(self) -> CancelToken:
        try:
            signal.signal(signal.SIGINT, self._hear)
            signal.signal(signal.SIGTERM, self._hear)
        except ValueError:
            pass  # not on the main thread (a test)
        return self.token

    def _hear(self, *_: object) -> None:
        if self.token.cancelled:
            raise KeyboardInterrupt
        self.token.cancel()


class Line:
    """One line on stderr that is written over; where that is no terminal, a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._width, self._last = 0, 0.0
        self._chunk: object = None

    def show(self, e: Any) -> None:
        left = "" if e.remaining is None else f", about {clock(e.remaining)} left"
        text = (
            f"chunk {e.chunk} of {e.chunks}: {e.phase} {e.step}/{e.steps}, "
            f"{clock(e.elapsed)} gone{left}"
        )
        now = (e.chunk, e.phase)
        self.text(text, urgent=now != self._chunk and e.phase in ("sampling", "learning"))
        self._chunk = now

    def text(self, text: str, urgent: bool = False) -> None:
        now = time.monotonic()
        if now - self._last < (0.1 if self._terminal else 5.0) and not urgent:
            return
        self._last = now
        if self._terminal:
            print(f"\r{text.ljust(self._width)}", end="", file=sys.stderr, flush=True)
            self._width = len(text)
        else:
            print(text, file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """A sentence that stays."""
        self.end()
        say(text)

    def end(self) -> None:
        if self._width:
            print(f"\r{' ' * self._width}\r", end="", file=sys.stderr, flush=True)
            self._width = 0


def clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}" if whole >= 3600 else (
        f"{whole // 60}:{whole % 60:02}"
    )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def known(error: Exception) -> str | None:
    """The sentence of an error that carries one for people."""
    from core.media.errors import MediaError
    from core.memory.errors import MemoryRefused
    from core.memory.tensors import TensorFileError
    from core.models.errors import ModelError
    from core.project.errors import EditError, ProjectError
    from core.worlds.catalogue import WorldError

    kinds = (
        MediaError, MemoryRefused, TensorFileError, ModelError, EditError, ProjectError, WorldError,
    )  # fmt: skip
    return str(error) if isinstance(error, kinds) else None


def write_down(detail: str) -> Path:
    """Keep a traceback for whoever looks into it, off the person's face."""
    import platformdirs

    folder = Path(platformdirs.user_log_dir("slowfast-studio", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir())
    path = folder / "command.log"
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv)}\n{detail}\n")
    except OSError:
        pass
    return path
