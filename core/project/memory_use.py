"""What a chunk's memory settings mean for making it."""

from __future__ import annotations

from core.project.model import MemoryUse

#: Remembered frames that join a context at most.
RECALLED = 4


def adapter_strength(memory: MemoryUse) -> float:
    """How strongly the adapter works: 0 where it is muted or the preset has none."""
    return 0.0 if memory.preset in ("off", "bank") or memory.muted else memory.strength


def recalled_frames(memory: MemoryUse) -> int:
    """How many remembered frames may join the context."""
    if memory.preset not in ("bank", "default") or memory.bank_muted:
        return 0
    return round(RECALLED * memory.bank_strength)
