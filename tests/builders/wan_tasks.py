"""Tasks for an engine with the tiny Wan, from footage of nine pictures."""

from __future__ import annotations

from pathlib import Path

from core.media.encode import write_take
from core.project.model import ActionPart, MemoryUse, Sampling
from core.rollout.request import ChunkTask, ContextRef
from tests.builders.tasks import Bench
from tests.worlds.tiny import film


def wan_bench(folder: Path, world_dir: Path) -> Bench:
    bench = Bench(folder, world_dir)
    write_take(bench.start, list(film((64, 96), 9)), 8)
    return bench


def chunk(bench: Bench, **changes) -> ChunkTask:
    """The first chunk after the footage."""
    told = {
        "context": (ContextRef(str(bench.start), 0, 9),),
        "actions": (ActionPart("walk forward", 8),), "sampling": Sampling(2, 2.0),
        "memory": MemoryUse(preset="paper"),
    }
    return bench.chunk(**{**told, **changes})
