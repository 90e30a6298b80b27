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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.engine.control import CancelToken, PauseGate
from core.engine.events_json import NotOurs, from_json, from_line, to_json, to_line
from core.rollout.events import TERMINAL, Cancelled, EngineEvent, Failed
from core.rollout.request import EngineTask

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
POLL = 0.02  # seconds between looks at the token and the gate
GRACE = 20.0  # seconds a cancelled child may take before it is ended
LAST_WORDS = 60  # lines of its error output that are kept


class ChildProcessEngine:
    """See ``core.engine.protocol.Engine``. The process starts with the first task, keeps the world
    loaded, and is started again after it has died."""

    def __init__(
        self, device: str = "auto", previews: bool = True, threads: int | None = None,
        tier: str = "",
    ):
        self.device, self.previews, self._threads = device, previews, threads
        self._tier = tier
        self._child: _Process | None = None
        self._count = 0

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.alive else None

    def run(self, task: EngineTask, token: CancelToken, pause: PauseGate) -> Iterator[EngineEvent]:
        out = Path(task.out_dir)
        before = set(out.iterdir()) if out.is_dir() else None
        ended = False
        try:
            for event in self._events(task, token, pause):
                ended = isinstance(event, TERMINAL)
                if ended and not (self._child is not None and self._child.alive):
                    _clear(out, before)
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
        self, task: EngineTask, token: CancelToken, pause: PauseGate
    ) -> Iterator[EngineEvent]:
        try:
            child = self._started()
        except OSError as error:
            yield Failed(
                f"The engine could not be started ({error.strerror or error}). Restart the studio; "
                "if it happens again, run the installer's repair.", repr(error),
            )
            return
        self._count += 1
        id = self._count
        child.send({
            "do": "run", "id": id, "task": to_json(task), "device": self.device,
            "previews": self.previews, "threads": self._threads, "tier": self._tier,
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
                    yield Cancelled()
                    return
                continue
            if message is None:
                self.close()
                yield self._died(child, told_cancel is not None)
                return
            if message.get("id") != id:
                continue
            event = from_json(message["event"])
            if isinstance(event, TERMINAL) and told_pause:
                child.send({"do": "resume"})
            yield event
            if isinstance(event, TERMINAL):
                return

    def _started(self) -> _Process:
        if self._child is None or not self._child.alive:
            self.close()
            self._child = _Process()
        return self._child

    def _died(self, child: _Process, cancelled: bool) -> EngineEvent:
        if cancelled:
            return Cancelled()
        code = child.code
        why = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        reason = ""
        if code == -9:
            reason = " Most often the system ended it because memory ran out."
        return Failed(
            f"The engine stopped in the middle of its work ({why}).{reason} Nothing that was made "
            "before is lost; it is started again when you generate again.",
            "\n".join(child.words),
        )


class _Process:
    """One child with its pipes; messages come through a queue, None when it is gone."""

    def __init__(self) -> None:
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
