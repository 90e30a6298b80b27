"""What a tier does to a loaded world: one function, for every family that names its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from torch import nn

from core.machine.late import bring
from core.worlds.offload import offload
from core.worlds.tiers import FULL, Tier, missing

if TYPE_CHECKING:
    from core.worlds.prompts import Prompts


@dataclass(frozen=True)
class Parts:
    """What can be moved, cast and quantised. ``net`` is the denoiser, ``vae`` an autoencoder of
    diffusers."""

    net: nn.Module
    vae: Any
    prompts: Prompts


@runtime_checkable
class HasParts(Protocol):
    #: Where it computes, also while its weights lie elsewhere.
    device: torch.device

    def parts(self) -> Parts: ...


class TierRefused(Exception):
    """A tier can't be had here; the message says why."""


def apply_tier(world: object, tier: Tier, device: torch.device, keep_text: bool = True) -> None:
    """Make a world that was loaded for ``tier`` (``parts.place``) into what it says, to compute on
    ``device``.

    Comes after a slow adapter was merged and before an ``Adapter`` is put in: that finds frozen
    weights of any kind, and is itself never cast, quantised or moved away. Without ``keep_text``
    the text encoder is given up after each reading. A world without parts is left as it is. Raises
    TierRefused.
    """
    if not isinstance(world, HasParts) or tier is FULL:
        return
    if why := missing(tier):
        raise TierRefused(f"The tier {tier.id} can't be used: {why}.")
    found = world.parts()
    if tier.quantised:
        _quantise(found.net, tier)
    if tier.offload:
        offload(found.net, device)
    else:
        found.net.to(device)
    found.vae.to(device)
    if tier.tiled:
        found.vae.enable_tiling()
    found.prompts.keep = keep_text
    world.device = device
    world.tier = tier


def _quantise(net: nn.Module, tier: Tier) -> None:
    """Weights only, frozen: gradients pass through them to the adapter on top."""
    bring("torchao")
    from torchao.quantization import (
        Float8WeightOnlyConfig,
        Int8WeightOnlyConfig,
        quantize_,
    )

    quantize_(net, Int8WeightOnlyConfig() if tier.weights == "int8" else Float8WeightOnlyConfig())
    net.requires_grad_(False)


def tier_of(world: object) -> Tier:
    found = getattr(world, "tier", FULL)
    return found if isinstance(found, Tier) else FULL


def checkpoints(world: object, usual: bool) -> bool:
    """Whether a learning step is to keep few activations; ``usual``: what the preset says."""
    return tier_of(world).checkpointing if isinstance(world, HasParts) else usual
