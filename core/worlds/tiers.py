"""Tiers: how a world is made to fit into memory, from the fastest way to the most frugal. Data.

A tier changes where the frozen parts of a world lie and in what precision, never what is learned:
the adapter is float32 on the computing device in every one of them. What a tier does to a loaded
world is in ``core.worlds.fitting``; which one fits is reckoned in ``core.worlds.preflight``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from core.machine.late import has

#: Where a person says which tier to use, for the command line and the engine's own process.
VARIABLE = "SLOWFAST_TIER"
AUTO = "auto"

Weights = Literal["own", "bf16", "int8", "fp8"]


@dataclass(frozen=True)
class Tier:
    """``weights``: of the denoiser ("own": as its family loads it). ``checkpointing``: a learning
    step keeps one block's activations at a time. ``offload``: each layer's weights come to the card
    when they are needed. ``tiled``: pictures go through the autoencoder in tiles. ``text_apart``:
    prompts are read on the processor, and the text encoder is given up after each reading."""

    id: str
    words: str
    weights: Weights = "own"
    checkpointing: bool = True
    offload: bool = False
    tiled: bool = False
    text_apart: bool = True

    @property
    def quantised(self) -> bool:
        return self.weights in ("int8", "fp8")


FULL = Tier("full", "at full size", checkpointing=False, text_apart=False)

TIERS: tuple[Tier, ...] = (
    FULL,
    Tier("bf16", "in bf16, with checkpointing", weights="bf16"),
    Tier("tiled", "in bf16, decoded in tiles", weights="bf16", tiled=True),
    Tier("int8", "with int8 weights", weights="int8", tiled=True),
    Tier("fp8", "with fp8 weights", weights="fp8", tiled=True),
    Tier("offload", "with its layers moved in and out", weights="bf16", tiled=True, offload=True),
)
IDS = tuple(tier.id for tier in TIERS)


def tier(id: str) -> Tier:
    """The tier called ``id``; raises ValueError."""
    for one in TIERS:
        if one.id == id:
            return one
    raise ValueError(f"There is no tier {id!r}. Known: {AUTO}, {', '.join(IDS)}.")


def ladder(family: str, device: str) -> tuple[Tier, ...]:
    """The tiers a world of ``family`` can have on ``device`` ("cuda", "cuda:0", "cpu", …), largest
    first. The starter world is small and stays as it is. Moving layers between the processor and
    itself gains nothing, so that tier is for cards."""
    return tuple(t for t in whole_ladder(family, device) if not missing(t))


def whole_ladder(family: str, device: str) -> tuple[Tier, ...]:
    """``ladder`` with what this installation lacks a library for."""
    if family == "starter":
        return (FULL,)
    card = not device.startswith("cpu")
    return tuple(t for t in TIERS if card or not t.offload)


def missing(tier: Tier) -> str:
    """Why this installation can't use ``tier``; "" where it can."""
    if tier.quantised and not has("torchao"):
        return f"{tier.weights} weights need the library torchao, which is not installed"
    return ""


def wanted(chosen: str = "") -> str:
    """The tier a person asked for (here or in the environment); "auto" where nobody did. Raises
    ValueError for one that does not exist."""
    name = (chosen if chosen and chosen != AUTO else os.environ.get(VARIABLE, "")) or AUTO
    return AUTO if name == AUTO else tier(name).id
