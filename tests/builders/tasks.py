"""Tasks for engines, made on real files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from core.engine.control import CancelToken, PauseGate
from core.media.encode import write_take
from core.project.model import ActionPart, MemoryUse, Sampling
from core.rollout.events import EngineEvent
from core.rollout.request import ChunkTask, ContextRef, EngineTask, LearnTask
from core.worlds.catalogue import content_hash
from tests.builders.tiny_world import picture

FORWARD = (ActionPart("forward", 4), ActionPart("turn left", 4))


class Bench:
    """A folder with a fitted start and a world; makes tasks whose results lie below it."""

    def __init__(self, folder: Path, world_dir: Path, size: int = 64):
        self.folder, self.world_dir = folder, world_dir
        self.hash = content_hash(world_dir)
        self.start = folder / "start.mp4"
        write_take(self.start, [picture(size, 1)], Fraction(8))
        self._count = 0

    def out(self) -> str:
        self._count += 1
        return str(self.folder / f"out{self._count}")

    def chunk(self, context: tuple[ContextRef, ...] = (), **changes) -> ChunkTask:
        task = ChunkTask(
            world_dir=str(self.world_dir), world_hash=self.hash,
            context=context or (ContextRef(str(self.start), 0, 1),), actions=FORWARD,
            scene="a house", seed=11, sampling=Sampling(steps=3), memory=MemoryUse(),
            snapshot=None, rate="8/1", out_dir=self.out(),
        )
        return replace(task, **changes)

    def learn(self, take: str, frames: int = 8, **changes) -> LearnTask:
        task = LearnTask(
            world_dir=str(self.world_dir), world_hash=self.hash,
            context=(ContextRef(str(self.start), 0, 1),), take=ContextRef(take, 0, frames),
            actions=FORWARD, scene="a house", preset="paper", snapshot=None, seed=11,
            out_dir=self.out(),
        )
        return replace(task, **changes)


def run(
    engine,
    task: EngineTask,
    token: CancelToken | None = None,
    pause: PauseGate | None = None,
    on_event: Callable[[EngineEvent], None] | None = None,
) -> list[EngineEvent]:
    """All events of a task."""
    found = []
    for event in engine.run(task, token or CancelToken(), pause or PauseGate()):
        found.append(event)
        if on_event is not None:
            on_event(event)
    return found


def result(engine, task: EngineTask) -> EngineEvent:
    """The terminal event."""
    return run(engine, task)[-1]


def files_below(folder: str | Path) -> list[str]:
    folder = Path(folder)
    return sorted(p.name for p in folder.rglob("*")) if folder.is_dir() else []


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Bit for bit."""
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
