"""The task that the engine has in hand: starting it, holding it, letting it go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.state.meter import StepMeter
from app.workers.engine_worker import EngineWorker
from core.project.steps import ChunkStep, LearnStep
from core.rollout.events import BegunAgain, Fitted, Preview, Progress, Remark


@dataclass
class Active:
    """One task and what holds it."""

    job: str
    step: ChunkStep | LearnStep
    token: Any
    pause: Any
    meter: StepMeter
    dropped: bool = False  # cancelled, or the project was closed: its result is not wanted

    def drop(self) -> None:
        self.dropped = True
        self.token.cancel()
        self.pause.resume()  # a held engine must wake to see that it is cancelled


class InHand(QObject):
    """One task at a time. An answer to one that was let go is not heard."""

    progressed = Signal()
    preview = Signal(bytes)
    fitted = Signal(object)  # Fitted
    begun_again = Signal(str)  # the engine was lost and works on the same task again: why
    remarked = Signal(str)  # it goes on otherwise than was asked for: how and why
    ended = Signal(object, object)  # Active, the event that ended it

    def __init__(
        self,
        worker: EngineWorker,
        controls: Callable[[], tuple[Any, Any]] | None = None,
        parent: QObject | None = None,
    ):
        """``controls()`` makes a cancel token and a pause gate."""
        super().__init__(parent)
        self._worker = worker
        self._controls = controls or _controls
        self.active: Active | None = None
        self._epoch = 0  # counts projects, so that late answers find the right one
        self._spent: dict[str, float] = {}  # job id → seconds of its tasks that ended
        worker.event.connect(self._on_event)
        worker.finished.connect(self._on_finished)

    def holds(self, job: str) -> bool:
        return self.active is not None and self.active.job == job

    def start(self, job: str, step: ChunkStep | LearnStep) -> None:
        token, pause = self._controls()
        self.active = Active(job, step, token, pause, StepMeter(isinstance(step, LearnStep)))
        self._worker.submit(self._key(), step.task, token, pause)

    def pause(self) -> None:
        self.active.pause.pause()
        self.active.meter.pause()

    def resume(self) -> None:
        self.active.pause.resume()
        self.active.meter.resume()

    def let_go(self) -> None:
        """Stop it and do not wait for its end."""
        if self.active is not None:
            self.active.drop()
            self.active = None

    def new_project(self) -> None:
        """Nothing that is still to come is meant for the project of now."""
        self._epoch += 1

    def spent(self, job: str) -> float:
        """Seconds the engine has worked for a job."""
        now = self.active.meter.elapsed if self.holds(job) else 0.0
        return self._spent.get(job, 0.0) + now

    def _key(self) -> str:
        if self.active is None:
            return ""
        return f"{self._epoch}:{self.active.job}:{self.active.step.take_id}"

    def _on_event(self, key: str, event: object) -> None:
        if self.active is None or key != self._key() or self.active.dropped:
            return
        if isinstance(event, Progress):
            self.active.meter.take(event)
            self.progressed.emit()
        elif isinstance(event, Preview):
            self.preview.emit(event.jpeg)
        elif isinstance(event, Fitted):
            self.fitted.emit(event)
        elif isinstance(event, BegunAgain):
            self.begun_again.emit(event.words)
        elif isinstance(event, Remark):
            self.remarked.emit(event.words)

    def _on_finished(self, key: str, event: object) -> None:
        if self.active is None or key != self._key():
            return
        active, self.active = self.active, None
        self._spent[active.job] = self._spent.get(active.job, 0.0) + active.meter.elapsed
        self.ended.emit(active, event)


def _controls() -> tuple[Any, Any]:
    from core.engine.control import CancelToken, PauseGate

    return CancelToken(), PauseGate()
