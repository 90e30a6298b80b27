"""What a chunk's memory settings mean for making it."""

from __future__ import annotations

from core.project.model import MemoryPreset, MemoryUse

#: Remembered frames that join a context at most.
RECALLED = 4


#: Presets under the name that they had in older files: a project does not begin with both any more.
RENAMED = {"default": "both"}


def preset_named(name: str) -> str:
    """What the preset ``name`` of a file is called today."""
    return RENAMED.get(name, name)


def has_adapter(memory: MemoryUse) -> bool:
    return memory.preset in ("paper", "adapter", "both")


def learns_again(memory: MemoryUse) -> bool:
    """Whether chunks made earlier are learned again beside a new one."""
    return memory.preset == "adapter"


def has_bank(memory: MemoryUse) -> bool:
    return memory.preset in ("bank", "both")


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
    nothing to them and costs time (``core/learning/NOTES.md``, 12 and 15). Elsewhere both are used,
    unless the world's family says that learning is off by default."""
    if places:
        return "bank"
    return "both" if fast_learning else "off"
