"""One task under way: where it writes, whether it may go on, and how nothing of it is left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.engine.control import CancelToken, PauseGate
from core.rollout.request import EngineTask


class Stopped(Exception):
    """The task was cancelled."""


class UnderWay:
    """One task under way: where it writes, and whether it may go on."""

    def __init__(self, task: EngineTask, token: CancelToken, pause: PauseGate):
        self.out = Path(task.out_dir)
        self._token, self._pause = token, pause
        self._made = not self.out.exists()
        self._there = set() if self._made else {p.name for p in self.out.iterdir()}

    def prepare(self) -> None:
        self.check()
        self.out.mkdir(parents=True, exist_ok=True)

    def check(self) -> None:
        """Wait while paused; raises Stopped when cancelled."""
        self._pause.wait(self._token)
        if self._token.cancelled:
            raise Stopped

    def checked(self, items: list[Any]) -> Iterator[Any]:
        for item in items:
            self.check()
            yield item

    def undo(self) -> None:
        """Remove every file of this task."""
        if self._made:
            shutil.rmtree(self.out, ignore_errors=True)
            return
        for path in self.out.glob("*"):
            if path.name not in self._there:
                path.unlink(missing_ok=True) if path.is_file() else shutil.rmtree(path, True)
