"""What a chunk's memory settings mean for making it."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from core.project.model import MemoryPreset, MemoryUse

#: Remembered frames that join a context at most.
RECALLED = 4


#: Presets under the name that they had in older files: a project does not begin with both any more.
RENAMED = {"default": "both"}


def preset_named(name: str) -> str:
    """What the preset ``name`` of a file is called today."""
    return RENAMED.get(name, name)


def has_adapter(memory: MemoryUse) -> bool:
    return memory.preset in ("paper", "adapter", "both", "fallback")


def learns_again(memory: MemoryUse) -> bool:
    """Whether chunks made earlier are learned again beside a new one."""
    return memory.preset in ("adapter", "fallback")


def yields(preset: str) -> bool:
    """Whether its adapter is left out of a chunk that remembered frames were found for."""
    return preset == "fallback"


def has_bank(memory: MemoryUse) -> bool:
    return memory.preset in ("bank", "both", "fallback")


def adapter_strength(memory: MemoryUse) -> float:
    """How strongly the adapter works: 0 where it is muted or the preset has none."""
    return memory.strength if has_adapter(memory) and not memory.muted else 0.0


def recalled_frames(memory: MemoryUse) -> int:
    """How many remembered frames may join the context."""
    if not has_bank(memory) or memory.bank_muted:
        return 0
    return round(RECALLED * memory.bank_strength)


def muted_parts(memory: MemoryUse) -> tuple[str, ...]:
    """Which of "adapter" and "bank" the preset has and the artist has muted."""
    adapter = ("adapter",) * (has_adapter(memory) and memory.muted)
    return adapter + ("bank",) * (has_bank(memory) and memory.bank_muted)


def silent(memory: MemoryUse) -> bool:
    """There is a memory, and all of it is muted."""
    there = has_adapter(memory) + has_bank(memory)
    return there > 0 and len(muted_parts(memory)) == there


def usual_memory(fast_learning: bool, places: bool) -> MemoryPreset:
    """A new project's. Where remembered frames have an address (``places``), an adapter adds
    nothing to them as long as none is dropped, and costs time (``core/learning/NOTES.md``, 12, 15
    and 30). Elsewhere both are used, unless the world's family says that learning is off by
    default."""
    if places:
        return "bank"
    return "both" if fast_learning else "off"


def presets_for(places: bool, used: Collection[MemoryPreset]) -> tuple[MemoryPreset, ...]:
    """What is worth offering in a world whose frames have an address (``places``), or have none,
    and what is ``used`` already. There is one way to have both memories for each kind of
    world: an adapter with an address gives way to the frames (NOTES, 30); where nothing is found by
    its address, it would always be heard, and the paper's is what is left."""
    other = "both" if places else "fallback"
    return tuple(p for p in get_args(MemoryPreset) if p != other or p in used)
