"""Where the engine runs: in a process of its own on a card, else in this one. Imports no torch.

A driver that crashes takes its process with it, and a card's memory is surely given back only when
a process ends. On the processor neither happens, and one process needs less memory.
"""

from __future__ import annotations

import importlib.metadata

from core.engine.lowered import Lowered
from core.engine.protocol import Engine
from core.machine.gpus import GpuSearch, find_gpus

AUTO, CHILD, IN_PROCESS = KINDS = ("auto", "child", "inprocess")


def engine_of(
    kind: str, tier: str = "auto", lowered: Lowered | None = None, device: str = "auto",
    previews: bool = True,
) -> Engine:
    """``kind`` is one of ``KINDS``; ``lowered``: what is remembered of worlds that ran out of
    memory; ``device`` as torch names it, or "auto". Raises what starting it raises."""
    if kind == CHILD or (kind == AUTO and _will_be_on_a_card(device)):
        from core.engine.child_process import ChildProcessEngine

        return ChildProcessEngine(device, previews, tier=tier, lowered=lowered)
    from core.engine.in_process import InProcessEngine

    return InProcessEngine(device, previews, tier=tier, lowered=lowered)


def _will_be_on_a_card(device: str) -> bool:
    if device != "auto":
        return device.startswith("cuda")
    return on_a_card(find_gpus(), torch_version())


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
