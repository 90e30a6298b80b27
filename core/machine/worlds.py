"""Which worlds this machine can run, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.machine.devices import Device
from core.machine.report import Check, WorldVerdict


@dataclass(frozen=True)
class WorldNeed:
    world: str
    gpu_gb: float  # of graphics memory; 0 runs on the processor


# Estimated from the weights and one chunk's activations, with gradient checkpointing for memory.
LARGER_WORLDS = (
    WorldNeed("Worlds of some 1.3 billion parameters (Wan 2.1 1.3B)", 8),
    WorldNeed("Worlds of some 5 billion parameters (Wan 2.2 5B)", 16),
)


def judge_worlds(
    devices: Sequence[Device],
    starter: Check,
    torch_works: bool,
    needs: Sequence[WorldNeed] = LARGER_WORLDS,
) -> tuple[WorldVerdict, ...]:
    usable = [device for device in devices if not device.problem]
    return (_starter(usable, starter, torch_works), *(_larger(need, usable) for need in needs))


def _starter(usable: Sequence[Device], starter: Check, torch_works: bool) -> WorldVerdict:
    if not torch_works:
        return WorldVerdict("Starter", False, "torch does not work here yet.")
    if starter.status == "fail":
        return WorldVerdict("Starter", False, starter.detail)
    where = usable[0].title if usable else "the processor"
    return WorldVerdict("Starter", True, f"runs on {where}; it needs no GPU.")


def _larger(need: WorldNeed, usable: Sequence[Device]) -> WorldVerdict:
    wanted = f"needs a GPU with about {need.gpu_gb:.0f} GB"
    if not usable:
        return WorldVerdict(need.world, False, f"{wanted}, and torch finds no GPU here.")
    best = max(usable, key=lambda device: device.memory_gb or 0)
    if (best.memory_gb or 0) < need.gpu_gb * 0.95:  # a "16 GB" card shows a little less
        has = f"{best.title} has {best.memory_gb or 0:.0f} GB"
        return WorldVerdict(need.world, False, f"{wanted}; {has}.")
    return WorldVerdict(need.world, True, f"{best.title} has the {need.gpu_gb:.0f} GB it needs.")
