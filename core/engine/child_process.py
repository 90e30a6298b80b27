"""The engine in a process of its own: a crash in it costs one task, never the studio."""

from __future__ import annotations

import logging
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.engine.control import CancelToken, PauseGate
from core.engine.events_json import NotOurs, from_json, from_line, to_json, to_line
from core.engine.lowered import Low, Lowered
from core.engine.lowering import doing
from core.machine.exhausted import killed, times_killed
from core.rollout.events import (
    TERMINAL,
    BegunAgain,
    Cancelled,
    EngineEvent,
    Failed,
    Fitted,
    Learned,
    TakeReady,
)
from core.rollout.request import EngineTask
from core.worlds.tiers import wanted as asked

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
POLL = 0.02  # seconds between looks at the token and the gate
GRACE = 20.0  # seconds a cancelled child may take before it is ended
LAST_WORDS = 60  # lines of its error output that are kept


class ChildProcessEngine:
    """See ``core.engine.protocol.Engine``. The process starts with the first task, keeps the world
    loaded, and is started again after it has died.

    Where the system ended it in the middle of a task (SIGKILL), the task begins again; from the
    second time on, or at once where the system counts that it did so for memory, that is memory
    that ran out: the task begins again a tier lower. ``lowered`` is kept here, since a process that
    was ended remembers nothing.
    """

    def __init__(
        self, device: str = "auto", previews: bool = True, threads: int | None = None,
        tier: str = "", lowered: Lowered | None = None,
        times_killed: Callable[[], int | None] = times_killed,
    ):
        self.device, self.previews, self._threads = device, previews, threads
        self._tier = tier
        self.lowered = Lowered() if lowered is None else lowered
        self._times_killed = times_killed
        self._child: _Process | None = None
        self._count = 0
        self._killed = 0  # times since a task was last brought to its end

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.alive else None

    def run(self, task: EngineTask, token: CancelToken, pause: PauseGate) -> Iterator[EngineEvent]:
        out = Path(task.out_dir)
        before = set(out.iterdir()) if out.is_dir() else None
        ended = False
        try:
            for event in self._events(task, token, pause, lambda: _clear(out, before)):
                ended = isinstance(event, TERMINAL)
                yield event
                if ended:
                    return
        finally:
            if not ended:  # closed early: what it does now nobody waits for
                self.close()
                _clear(out, before)

    def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _events(
        self, task: EngineTask, token: CancelToken, pause: PauseGate, clear: Callable[[], None]
    ) -> Iterator[EngineEvent]:
        """One attempt after the other, until one has come to its end. ``clear`` takes away what a
        process that is gone has left of the task."""
        killed_in: str | None = None
        tier = ""  # the last one that is known; a process may be ended before it says its own
        while True:
            counted = self._times_killed()
            try:
                child = self._started()
            except OSError as error:
                yield Failed(
                    f"The engine could not be started ({error.strerror or error}). Restart the "
                    "studio; if it happens again, run the installer's repair.", repr(error),
                )
                return
            child.lowered = False
            lost = yield from self._attempt(child, task, token, pause, killed_in)
            if lost is None:
                return
            clear()
            if token.cancelled:
                yield Cancelled()
                return
            if not killed(lost.code):
                yield _died(lost)
                return
            self._killed += 1
            tier = lost.tier or tier
            now = self._times_killed()
            sure = now is not None and counted is not None and now > counted
            if killed_in is not None and not lost.lowered:
                yield _died(lost)  # it did not live long enough to choose another tier
                return
            if self._killed == 1 and not sure:
                yield BegunAgain(
                    f"The system ended the engine while {doing(task)}. It was started again and "
                    "begins this chunk anew; everything that was accepted is kept."
                )
            else:
                killed_in = tier

    def _attempt(
        self, child: _Process, task: EngineTask, token: CancelToken, pause: PauseGate,
        killed_in: str | None,
    ) -> Generator[EngineEvent, None, _Process | None]:
        """Returns the process where it died of itself; None after a terminal event."""
        self._count += 1
        id = self._count
        low = self.lowered.known(task)
        child.send({
            "do": "run", "id": id, "task": to_json(task), "device": self.device,
            "previews": self.previews, "threads": self._threads, "tier": self._tier,
            "lowered": asdict(low) if low else None, "killed_in": killed_in,
        })
        told_cancel: float | None = None
        told_pause = False
        while True:
            if token.cancelled and told_cancel is None:
                child.send({"do": "cancel", "id": id})
                told_cancel = time.monotonic()
            if pause.paused != told_pause:
                told_pause = not told_pause
                child.send({"do": "pause" if told_pause else "resume"})
            try:
                message = child.messages.get(timeout=POLL)
            except queue.Empty:
                if told_cancel is not None and time.monotonic() - told_cancel > GRACE:
                    self.close()
                    return child
                continue
            if message is None:
                self.close()
                return child
            if message.get("id") != id:
                continue
            event = from_json(message["event"])
            if isinstance(event, Fitted):
                self._remember(child, task, event)
            if isinstance(event, TakeReady | Learned):
                self._killed = 0
            if isinstance(event, TERMINAL) and told_pause:
                child.send({"do": "resume"})
            yield event
            if isinstance(event, TERMINAL):
                return None

    def _remember(self, child: _Process, task: EngineTask, fitted: Fitted) -> None:
        child.tier = fitted.tier
        if fitted.lowered:
            child.lowered = True
            low = Low(fitted.tier, asked(self._tier), fitted.on, fitted.thrifty)
            self.lowered.put(task, low)

    def _started(self) -> _Process:
        if self._child is None or not self._child.alive:
            self.close()
            self._child = _Process()
        return self._child


def _died(child: _Process) -> Failed:
    code = child.code
    why = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    reason = ""
    if killed(code):
        reason = (
            " Most often the system ended it because memory ran out: close other programs, or "
            "choose a smaller world."
        )
    return Failed(
        f"The engine stopped in the middle of its work ({why}).{reason} Nothing that was made "
        "before is lost; it is started again when you generate again.",
        "\n".join(child.words),
    )


class _Process:
    """One child with its pipes; messages come through a queue, None when it is gone. ``tier``: the
    one it works in, "" until it says so; ``lowered``: whether it came down to that in this task."""

    def __init__(self) -> None:
        self.tier, self.lowered = "", False
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.engine.child"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, creationflags=flags,
            # Ctrl-C in a terminal is for the parent, which then cancels in good order.
            start_new_session=os.name != "nt",
        )
        self.messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.words: deque[str] = deque(maxlen=LAST_WORDS)
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in ((self._read, "engine-out"), (self._overhear, "engine-err"))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def code(self) -> int | None:
        return self._process.poll()

    def send(self, message: dict[str, Any]) -> None:
        try:
            self._process.stdin.write(to_line(message))
            self._process.stdin.flush()
        except (OSError, ValueError):
            pass  # it is gone, which its end of the pipe out tells too

    def end(self) -> None:
        try:
            self._process.stdin.close()  # it ends by itself when this closes
        except OSError:
            pass
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        for thread in self._threads:
            thread.join(5)
        self._process.stdout.close()
        self._process.stderr.close()

    def _read(self) -> None:
        for line in self._process.stdout:
            try:
                self.messages.put(from_line(line))
            except NotOurs:
                log.warning("the engine said %r", line[:200])
        self._process.wait()
        self.messages.put(None)

    def _overhear(self) -> None:
        for line in self._process.stderr:
            text = line.decode("utf-8", "replace").rstrip()
            self.words.append(text)
            log.debug("engine: %s", text)


def _clear(folder: Path, before: set[Path] | None) -> None:
    """Remove what a task left in its folder."""
    if before is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in folder.glob("*"):
        if path not in before:
            path.unlink(missing_ok=True) if path.is_file() else shutil.rmtree(path, True)
