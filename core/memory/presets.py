"""How fast learning learns. Each preset is one frozen set of settings with a name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.memory.errors import MemoryRefused


@dataclass(frozen=True)
class LearningSettings:
    """Fast learning of one accepted chunk (paper §3.2, Alg. 1a).

    All frames are noised at one level, drawn evenly from ``least_level`` to 1 (the paper: from 0);
    the text is dropped; all frames are scored.
    """

    rank: int = 32
    learning_rate: float = 1e-4
    steps: int = 1  # gradient steps a chunk
    clip: float = 1.0  # norm of the gradient
    change_cap: float = 0.05  # ‖ΔW‖ / ‖W‖ never grows beyond this
    probe_levels: tuple[float, ...] = (0.5,)  # noise levels of the fixed held-out loss
    rise_allowed: float = 0.01  # held-out loss may rise by this share before a roll back
    checkpointing: bool = True  # one more forward pass instead of keeping every activation
    places: bool = False  # learn the layers too that know where a token looks from
    place_rate: float = 0.0  # their own learning rate
    replay: float = 0.0  # share of steps on an earlier window of the episode
    least_level: float = 0.0
    quiet_below: float = 0.0  # sampling leaves the adapter out at lower noise than this
    reversed: float = 0.0  # share of steps on a window run backwards
    only_b: bool = False  # A stays as it began
    learned_start: bool = False  # begin with the world's own start and rates, where it has them

    @property
    def alpha(self) -> int:
        """Equal to the rank, so that strength 1 adds B·A as it is."""
        return self.rank


#: The paper's objective with an address to write on, and at noise levels where the picture does not
#: show what it should become: what is learned there is what a memory is asked for. Measured as the
#: best use of an adapter alone (``core/learning/NOTES.md``, 9, 21, 30). At low noise, where it learned
#: nothing, it would only disturb: motion suffers most.
_ADDRESSED = LearningSettings(
    learning_rate=5e-3, steps=24, change_cap=1.0, probe_levels=(0.9,), rise_allowed=0.1,
    checkpointing=False, places=True, place_rate=2e-2, replay=0.6, least_level=0.8,
    quiet_below=0.4,
)
#: The same from a start that was learned (``core.learning.meta``): fewer steps.
_FROM_A_START = replace(_ADDRESSED, steps=12, learned_start=True)

PRESETS: dict[str, LearningSettings] = {
    "paper": LearningSettings(),
    "adapter": _ADDRESSED,
    "learned": _FROM_A_START,
    "bank": LearningSettings(steps=0),  # the snapshot is kept all the same: it can go on
    "both": LearningSettings(),
    "fallback": _ADDRESSED,
}


def settings_of(preset: str) -> LearningSettings:
    """The settings called ``preset``; raises MemoryRefused."""
    if preset not in PRESETS:
        raise MemoryRefused(
            f"There is no memory preset “{preset}”. Known: {', '.join(sorted(PRESETS))}."
        )
    return PRESETS[preset]
