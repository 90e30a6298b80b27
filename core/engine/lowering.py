"""Which tier the engine loads a world in, and which comes next when memory ran out."""

from __future__ import annotations

import gc
from pathlib import Path

from core.rollout.events import Failed, Fitted
from core.rollout.request import ChunkTask, EngineTask
from core.worlds.catalogue import WorldError, read_entry
from core.worlds.preflight import Preflight, Room, preflight, room_here
from core.worlds.tiers import wanted


def choose(task: EngineTask, device: str, asked: str, lowered: str = "") -> Preflight:
    """For a world that is about to be loaded on ``device``: the tier that a person ``asked`` for,
    the one it was ``lowered`` to, or the first that fits. Raises WorldError."""
    entry = read_entry(Path(task.world_dir))
    because = "since memory ran out before" if lowered else "as you chose"
    try:
        return preflight(
            entry, room(device), chosen=lowered or wanted(asked), because=because, **_work(task)
        )
    except ValueError as error:
        raise WorldError(f"{error} Choose another one, or leave it to the studio.") from error


def lower(task: EngineTask, device: str, tier: str) -> Fitted | Failed:
    """After memory ran out in ``tier``: the next one, or why there is none."""
    entry = read_entry(Path(task.world_dir))
    what = "making this chunk" if isinstance(task, ChunkTask) else "learning this chunk"
    try:
        found = preflight(entry, room(device), below=tier or "none", **_work(task))
    except ValueError:
        return Failed(
            f"Memory ran out while {what}, and there is no thriftier way left to run {entry.name} "
            "here. Every accepted chunk and what was learned from it is kept. Close other programs "
            "and press Generate again, or choose a smaller world."
        )
    return Fitted(
        found.tier.id,
        f"Memory ran out while {what}; it goes on {found.tier.words}, which needs less. Everything "
        "that was accepted is kept.", lowered=True, brief=found.brief,
    )


def room(device: str) -> Room:
    """What is free on ``device`` now."""
    if not device.startswith("cuda"):
        return room_here(device)
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return room_here(device, free, torch.cuda.get_device_name(device))


def freed() -> None:
    """Give back what nothing refers to any more."""
    import torch

    from core.machine.heap import returned

    gc.collect()
    returned()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _work(task: EngineTask) -> dict:
    """What a world is loaded for. A chunk that is learned from comes before its learning, so the
    tier that it gets must hold for both."""
    from core.memory.presets import PRESETS

    if isinstance(task, ChunkTask):
        preset = PRESETS.get(task.memory.preset)
        sampled = {"steps": task.sampling.steps, "guidance": task.sampling.guidance}
    else:
        preset, sampled = PRESETS.get(task.preset), {}
    return {"learns": preset.steps if preset else 0, **sampled}
