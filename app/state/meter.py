"""How long things take here: measured step times, for "about 0:41 left"."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from core.project.model import Project, Sampling, Take
from core.rollout.events import Phase, Progress

_KEPT = 5

#: Roughly how a chunk's time is shared, until it is measured.
_SHARE: dict[Phase, float] = {
    "loading": 0.05, "encoding": 0.05, "sampling": 0.70, "decoding": 0.12, "saving": 0.08,
}  # fmt: skip


def measured(p: Project) -> tuple[float | None, float | None]:
    """Seconds for a chunk and for learning it as the project is set now: the middle of the last few
    takes that were made so, else of others, by how many more calls are asked for. None: unknown."""
    takes = [t for t in p.takes.values() if t.seconds > 0 and t.world_hash == p.world.hash]
    alike = (
        [t for t in takes if t.sampling == p.sampling]
        or [t for t in takes if t.sampling.way == p.sampling.way]
        or takes
    )[-_KEPT:]
    learnt = [
        t.learning.seconds for t in p.takes.values()
        if t.learning and t.learning.seconds > 0 and t.memory.preset == p.memory.preset
    ][-_KEPT:]
    return (
        median(_as_asked(t, p.sampling) for t in alike) if alike else None,
        median(learnt) if learnt else None,
    )


def _as_asked(take: Take, asked: Sampling) -> float:
    """Seconds for ``take`` with another number of calls."""
    more = _calls(asked) / _calls(take.sampling)
    return take.seconds * (1 + _SHARE["sampling"] * (more - 1))


def _calls(sampling: Sampling) -> int:
    return sampling.steps * (2 if sampling.guidance > 1 else 1)


class StepMeter:
    """Follows one task: which fraction of it is done, and how long it has been going."""

    def __init__(self, learning: bool, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._began = clock()
        self._held = 0.0  # time spent paused
        self._paused_at: float | None = None
        self._learning = learning
        self._loaded: float | None = None  # how long it had taken when its own work began
        self.phase: Phase = "learning" if learning else "loading"
        self.step = self.steps = 0
        self.done = 0.0

    @property
    def elapsed(self) -> float:
        now = self._paused_at if self._paused_at is not None else self._clock()
        return now - self._began - self._held

    @property
    def worked(self) -> float:
        """Seconds since the world was there. Loading happens once: it says nothing of the pace."""
        return self.elapsed - (self._loaded or 0.0)

    def pause(self) -> None:
        if self._paused_at is None:
            self._paused_at = self._clock()

    def resume(self) -> None:
        if self._paused_at is not None:
            self._held += self._clock() - self._paused_at
            self._paused_at = None

    def take(self, event: Progress) -> None:
        self.phase, self.step, self.steps = event.phase, event.step, event.steps
        part = event.step / event.steps if event.steps else 0.0
        if self._loaded is None and event.phase != "loading":
            self._loaded = self.elapsed
        if self._learning:
            if event.phase == "learning":
                self.done = max(self.done, 0.1 + 0.85 * part)
            return
        before = 0.0
        for phase, share in _SHARE.items():
            if phase == event.phase:
                self.done = max(self.done, before + share * part)
                return
            before += share

    def left(self, expected: float | None) -> float | None:
        """Seconds left of this task; from what such tasks took before, else from its own pace."""
        if expected is not None:
            return (
                max(0.0, expected - self.elapsed)
                if self.elapsed < expected
                else expected * (1 - self.done)
            )
        if self.done > 0.25:
            return self.worked * (1 - self.done) / (self.done - _SHARE["loading"])
        return None
