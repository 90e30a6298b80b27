"""Arms: which memory a roll-out is made with. An arm is data; ``walking`` knows how to walk it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.memory.presets import PRESETS, LearningSettings, settings_of
from core.project.memory_use import usual_memory

#: What the adapter is taught (paper §3.2 and its ablations).
Objective = Literal["paper", "original", "whole-history"]
#: Whose memory of the first visit: one's own; nobody's; another episode's, as the bank's gate lets
#: it in; the same, forced in. From the revisit on every arm remembers what it walks itself, so
#: "later" is what another episode's memory must not gain over.
Whose = Literal["own", "later", "other", "other-forced"]

#: Asked for by this name, an arm is what a new project of the world uses; it stands in the rows
#: under its own name. Rows of older runs that say "default" are of "both".
DEFAULT = "default"
TRUTH = "truth"  # a row of its own: the true video measured like any other, the ceiling


@dataclass(frozen=True)
class Arm:
    """``preset`` of fast learning or None; with or without the bank, of at most ``budget`` frames
    (None: all); context of ``recent`` frames (None: as many as the world takes)."""

    name: str
    preset: str | None = None
    bank: bool = False
    objective: Objective = "paper"
    recent: int | None = None
    whose: Whose = "own"
    settings: LearningSettings | None = None  # of fast learning, where they are not the preset's
    budget: int | None = None

    @property
    def learns_as(self) -> LearningSettings | None:
        """How it learns; None where it does not."""
        return self.settings or (settings_of(self.preset) if self.preset is not None else None)

    @property
    def remembers(self) -> bool:
        return self.preset is not None or self.bank

    @property
    def takes_over(self) -> bool:
        """Whether it has another episode's memory of the first visit."""
        return self.remembers and self.whose in ("other", "other-forced")


#: What is changed of the preset "adapter" in the arms "adapter-NAME": half the steps, and of these
#: one thing at a time.
_HALF = {"steps": 12}
ABLATIONS: dict[str, dict[str, Any]] = {
    "half": _HALF,
    "all-levels": {**_HALF, "least_level": 0.0, "probe_levels": (0.5,)},
    "slow": {**_HALF, "learning_rate": 2e-3, "place_rate": 5e-3},
    "only-b": {**_HALF, "only_b": True},
    "reversed": {**_HALF, "reversed": 0.5},
    "no-replay": {**_HALF, "replay": 0.0},
    "rank-4": {**_HALF, "rank": 4},
    "no-page": {**_HALF, "places": False},
    "page-alone": {**_HALF, "learning_rate": 0.0},
}


#: Frames of a bank that had to drop nearly all it saw: the opening, and what lies farthest from it.
#: Four look all around a room.
FEW = 2


class ArmError(Exception):
    """There is no such arm; the message names those there are."""


def arms() -> dict[str, Arm]:
    """All arms by name, but the default: the presets; the adapter with an address beside a bank,
    heard always, and all of that with a bank of two frames; the paper's ablations, and those of the
    adapter, one thing changed at a time."""
    found = [
        Arm("none"),
        Arm("paper", preset="paper"),
        Arm("adapter", preset="adapter"),
        Arm("bank", bank=True),
        Arm("both", preset="both", bank=True),
        Arm("fallback", preset="fallback", bank=True),
        Arm("adapter-bank", preset="adapter", bank=True),
        Arm("bank-of-two", bank=True, budget=FEW),
        Arm("adapter-bank-of-two", preset="adapter", bank=True, budget=FEW),
        Arm("fallback-of-two", preset="fallback", bank=True, budget=FEW),
        Arm("original-objective", preset="paper", objective="original"),
        Arm("whole-history", preset="paper", objective="whole-history"),
        Arm("single-frame", preset="paper", recent=1),
    ]
    known = {arm.name for arm in found}
    found += [Arm(f"preset-{name}", preset=name) for name in sorted(PRESETS) if name not in known]
    found += [
        Arm(f"adapter-{name}", preset="adapter", settings=replace(settings_of("adapter"), **changed))
        for name, changed in ABLATIONS.items()
    ]
    return {arm.name: arm for arm in found}


def arm_of(name: str) -> Arm:
    """The arm called ``name``; "NAME:other" and "NAME:other-forced" are it with another episode's
    memory, "NAME:later" is it from the revisit on. Raises ArmError."""
    plain, _, whose = name.partition(":")
    known = arms()
    if plain not in known or whose not in ("", "later", "other", "other-forced"):
        raise ArmError(f"There is no arm {name!r}. Known: {', '.join([*known, DEFAULT])}.")
    return known[plain] if not whose else replace(known[plain], name=name, whose=whose)


def default_arm(fast_learning: bool, places: bool) -> str:
    """The arm that a new project of a world with these facts is."""
    usual = usual_memory(fast_learning, places)
    return "none" if usual == "off" else usual


def meant(names: Sequence[str], default: str) -> list[str]:
    """``names`` with the arm ``default`` in place of "default", each once."""
    found = []
    for name in names:
        plain, colon, whose = name.partition(":")
        found.append(f"{default if plain == DEFAULT else plain}{colon}{whose}")
    return list(dict.fromkeys(found))


def with_controls(names: Sequence[str], walks_on: bool = True) -> list[Arm]:
    """The arms, "none" first, and each memory followed by its controls: where the suite ``walks_on``
    and remembers what it walks, the memory from the revisit on; and another episode's memory. An
    adapter that knows no places has no gate, so nothing of it can be forced."""
    found = [arm_of("none")]
    for name in names:
        arm = arm_of(name)
        if arm in found:
            continue
        found.append(arm)
        if arm.remembers and arm.whose == "own":
            if walks_on:
                found.append(arm_of(f"{name}:later"))
            found.append(arm_of(f"{name}:other"))
            if arm.bank or (arm.learns_as is not None and arm.learns_as.places):
                found.append(arm_of(f"{name}:other-forced"))
    return found
