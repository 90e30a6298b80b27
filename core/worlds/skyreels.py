"""SkyReels-V2 with diffusion forcing: trained with a noise level of its own for each latent frame,
so its past may be slightly noisy, and is told so. The autoencoder and the text encoder are Wan's.
"""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKLWan, SkyReelsV2Transformer3DModel
from torch import Tensor

from core.worlds import parts
from core.worlds.families import FAMILIES
from core.worlds.prompted import Checkpoint, Condition, checkpoint, shift_of
from core.worlds.prompts import Prompts
from core.worlds.protocol import CONTEXT_LEVEL
from core.worlds.tiers import FULL, Tier
from core.worlds.wan import TIMESTEPS, TOKENS, text_reader
from core.worlds.wan_autoencoder import WanAutoencoder
from core.worlds.wan_coded import WanCodedWorld

#: The network was told of two rates: 16 pictures a second, and the rest.
_SLOW = 16


class SkyReelsWorld(WanCodedWorld):
    """See ``core.worlds.protocol.World``."""

    #: What its authors add to the past of long videos: 20 of 1000.
    context_level = CONTEXT_LEVEL

    def __init__(
        self, found: Checkpoint, vae: WanAutoencoder, net: SkyReelsV2Transformer3DModel,
        prompts: Prompts, shift: float,
    ):
        parts.same("frames in a block of attention", net.config.num_frame_per_block, 1)
        super().__init__(found, vae, net, prompts, shift)
        self._rate = [int(self.geometry.rate != _SLOW)] if net.config.inject_sample_info else None

    def forward(self, z: Tensor, u: Tensor, cond: Condition) -> Tensor:
        self.net.rope.at = cond.positions
        kind = self.net.patch_embedding.weight.dtype
        with self._text_of(cond, len(z), TOKENS) as text:
            return self.net(
                z.to(kind), u * TIMESTEPS, text, enable_diffusion_forcing=True, fps=self._rate,
                return_dict=False,
            )[0].float()


def load(folder: Path, device: torch.device, tier: Tier = FULL) -> SkyReelsWorld:
    """Load from a folder in the diffusers layout; raises OSError, ValueError or WorldError."""
    found = checkpoint(folder)
    at = parts.place(device, tier)
    net = parts.network(SkyReelsV2Transformer3DModel, folder / "transformer", at.net, at.dtype)
    vae = parts.network(AutoencoderKLWan, folder / "vae", device, torch.float32)
    prompts = Prompts(lambda: text_reader(folder, at.text, at.dtype))
    scheduler = parts.config(folder / "scheduler", "scheduler_config.json")
    shift = shift_of(scheduler, FAMILIES["skyreels"].shift)
    return SkyReelsWorld(found, WanAutoencoder(vae), net, prompts, shift)
