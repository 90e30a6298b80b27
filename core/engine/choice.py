"""Where the engine runs: in a process of its own on a card, else in this one. Imports no torch.

A driver that crashes takes its process with it, and a card's memory is surely given back only when
a process ends. On the processor neither happens, and one process needs less memory.
"""

from __future__ import annotations

import importlib.metadata

from core.engine.lowered import Lowered
from core.engine.protocol import Engine
from core.machine.gpus import GpuSearch, find_gpus


def engine_of(kind: str, tier: str = "auto", lowered: Lowered | None = None) -> Engine:
    """``kind`` is "auto", "child" or "inprocess"; ``lowered``: what is remembered of worlds that
    ran out of memory. Raises what starting it raises."""
    if kind == "child" or (kind == "auto" and on_a_card(find_gpus(), torch_version())):
        from core.engine.child_process import ChildProcessEngine

        return ChildProcessEngine(tier=tier, lowered=lowered)
    from core.engine.in_process import InProcessEngine

    return InProcessEngine(tier=tier, lowered=lowered)


def on_a_card(found: GpuSearch, version: str) -> bool:
    """Whether torch of this ``version`` will compute on a card that torch calls CUDA (ROCm too)."""
    cards = any(gpu.vendor in ("nvidia", "amd") for gpu in found.gpus)
    return cards and not version.endswith("+cpu")


def torch_version() -> str:
    """"2.13.0+cu130"; a build for the processor where there is none."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return "none+cpu"
