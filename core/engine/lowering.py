"""Which tier the engine loads a world in, and which comes next when memory ran out."""

from __future__ import annotations

import gc
from pathlib import Path

from core.engine.lowered import Lowered
from core.rollout.events import Failed, Fitted
from core.rollout.request import ChunkTask, EngineTask
from core.worlds.catalogue import WorldError, read_entry
from core.worlds.preflight import BEFORE, Preflight, Room, preflight, room_here
from core.worlds.tiers import wanted


def choose(task: EngineTask, device: str, asked: str, lowered: Lowered) -> tuple[Preflight, Fitted]:
    """For a world that is about to be loaded on ``device``: the tier that a person ``asked`` for,
    the one it was ``lowered`` to or less, or the first that fits. Raises WorldError."""
    entry, here = read_entry(Path(task.world_dir)), room(device)
    try:
        chosen = wanted(asked)
        low = lowered.find(task, chosen, here.title)
        found = preflight(
            entry, here, chosen=chosen, because=BEFORE if low else "as you chose",
            most=low.tier if low else "", thrifty=low is not None and low.thrifty, **_work(task),
        )
    except ValueError as error:
        raise WorldError(f"{error} Choose another one, or leave it to the studio.") from error
    thrifty = low is not None and low.thrifty
    return found, Fitted(found.tier.id, found.words, on=here.title, thrifty=thrifty)


def lower(task: EngineTask, device: str, tier: str, killed: bool = False) -> Fitted | Failed:
    """After memory ran out in ``tier``: the next one, or why there is none. ``killed``: the system
    ended the engine's process for it, so it was the system's own memory."""
    entry, here = read_entry(Path(task.world_dir)), room(device)
    what = doing(task)
    try:
        found = preflight(entry, here, below=tier or "none", thrifty=killed, **_work(task))
    except ValueError:
        return Failed(
            f"{_why(what, killed)}, and there is no thriftier way left to run {entry.name} "
            "here. Every accepted chunk and what was learned from it is kept. Close other programs "
            "and press Generate again, or choose a smaller world."
        )
    return Fitted(
        found.tier.id,
        f"{_why(what, killed)}; it goes on {found.tier.words}, which needs less. Everything "
        "that was accepted is kept.", lowered=True, on=here.title, thrifty=killed,
    )


def doing(task: EngineTask) -> str:
    return "making this chunk" if isinstance(task, ChunkTask) else "learning this chunk"


def _why(what: str, killed: bool) -> str:
    if killed:
        return f"The system ended the engine while {what}, because memory ran out as it seems"
    return f"Memory ran out while {what}"


def room(device: str) -> Room:
    """What is free on ``device`` now."""
    if not device.startswith("cuda"):
        return room_here(device)
    import torch

    from core.worlds.card_memory import free_on

    return room_here(device, free_on(torch.device(device)), torch.cuda.get_device_name(device))


def freed() -> None:
    """Give back what nothing refers to any more. Where the process has switched collecting off, as
    the window does, circles are left to whoever collects there: on this thread it must not happen."""
    import torch

    from core.machine.heap import returned

    if gc.isenabled():
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
