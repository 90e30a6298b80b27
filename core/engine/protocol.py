"""What runs tasks. The studio and the command line know nothing else about engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from core.engine.control import CancelToken, PauseGate
from core.rollout.events import EngineEvent
from core.rollout.request import EngineTask


@runtime_checkable
class Engine(Protocol):
    """One task at a time. ``device`` says in a word where it computes."""

    device: str

    def run(self, task: EngineTask, token: CancelToken, pause: PauseGate) -> Iterator[EngineEvent]:
        """Events of one task; the last one is terminal, and there is exactly one of those.

        Never raises for what goes wrong with the task. Closing the iterator early cancels.
        """

    def close(self) -> None:
        """Give up what is loaded. May be called again; a later ``run`` starts afresh."""
