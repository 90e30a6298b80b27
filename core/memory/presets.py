"""How fast learning learns. Each preset is one frozen set of settings with a name."""

from __future__ import annotations

from dataclasses import dataclass

from core.memory.errors import MemoryRefused


@dataclass(frozen=True)
class LearningSettings:
    """Fast learning of one accepted chunk (paper §3.2, Alg. 1a).

    All frames are noised at one level, drawn evenly; the text is dropped; all frames are scored.
    """

    rank: int = 32
    learning_rate: float = 1e-4
    steps: int = 1  # gradient steps a chunk
    clip: float = 1.0  # norm of the gradient
    change_cap: float = 0.05  # ‖ΔW‖ / ‖W‖ never grows beyond this
    probe_levels: tuple[float, ...] = (0.5,)  # noise levels of the fixed held-out loss
    rise_allowed: float = 0.01  # held-out loss may rise by this share before a roll back
    checkpointing: bool = True  # one more forward pass instead of keeping every activation

    @property
    def alpha(self) -> int:
        """Equal to the rank, so that strength 1 adds B·A as it is."""
        return self.rank


PRESETS: dict[str, LearningSettings] = {
    "paper": LearningSettings(),
    "adapter": LearningSettings(),
    "bank": LearningSettings(steps=0),  # the snapshot is kept all the same: it can go on
    "default": LearningSettings(),
}


def settings_of(preset: str) -> LearningSettings:
    """The settings called ``preset``; raises MemoryRefused."""
    if preset not in PRESETS:
        raise MemoryRefused(
            f"There is no memory preset “{preset}”. Known: {', '.join(sorted(PRESETS))}."
        )
    return PRESETS[preset]
