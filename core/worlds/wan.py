"""Wan 2.2 TI2V: a transformer over space and time together, each token with its own noise level.

The causal autoencoder codes 4 pictures in a latent frame, the first picture alone. The released
weights were trained with one clean frame; the network takes any number of them.
"""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from torch import Tensor
from transformers import T5TokenizerFast, UMT5EncoderModel

from core.worlds import parts
from core.worlds.constants import once_per_frame
from core.worlds.prompted import Checkpoint, Condition, checkpoint, shift_of
from core.worlds.prompts import Prompts, Reader, t5_reader
from core.worlds.tiers import FULL, Tier
from core.worlds.wan_autoencoder import WanAutoencoder
from core.worlds.wan_coded import WanCodedWorld

#: Tokens of a prompt; shorter ones are padded with zeros, as in training.
TOKENS = 512
TIMESTEPS = 1000


class WanWorld(WanCodedWorld):
    """See ``core.worlds.protocol.World``."""

    def __init__(
        self, found: Checkpoint, vae: WanAutoencoder, net: WanTransformer3DModel, prompts: Prompts,
        shift: float,
    ):
        super().__init__(found, vae, net, prompts, shift)
        patch = tuple(net.config.patch_size)
        self._tokens = (self.geometry.latent_height // patch[1]) * (
            self.geometry.latent_width // patch[2]
        )
        given = net.condition_embedder
        once_per_frame((given.time_embedder, given.time_proj), self._tokens)

    def forward(self, z: Tensor, u: Tensor, cond: Condition) -> Tensor:
        levels = (u * TIMESTEPS).repeat_interleave(self._tokens, 1)  # b (f h w)
        self.net.rope.at = cond.positions
        kind = self.net.patch_embedding.weight.dtype
        with self._text_of(cond, len(z), TOKENS) as text:
            return self.net(z.to(kind), levels, text, return_dict=False)[0].float()


def text_reader(folder: Path, device: torch.device, dtype: torch.dtype) -> Reader:
    """Reads prompts with the UMT5 encoder in ``folder``; raises OSError or ValueError."""
    words = parts.tokenizer(T5TokenizerFast, folder / "tokenizer")
    encoder = parts.network(UMT5EncoderModel, folder / "text_encoder", device, dtype)

    return t5_reader(words, encoder, TOKENS)


def load(folder: Path, device: torch.device, tier: Tier = FULL) -> WanWorld:
    """Load from a folder in the diffusers layout; raises OSError, ValueError or WorldError."""
    found = checkpoint(folder)
    index = parts.config(folder, "model_index.json")
    parts.same("expand_timesteps", bool(index.get("expand_timesteps")), True)
    parts.same("transformer_2", (index.get("transformer_2") or [None])[0], None)
    at = parts.place(device, tier)
    net = parts.network(WanTransformer3DModel, folder / "transformer", at.net, at.dtype)
    # In full precision: its authors say so, and it is small beside the transformer.
    vae = parts.network(AutoencoderKLWan, folder / "vae", device, torch.float32)
    prompts = Prompts(lambda: text_reader(folder, at.text, at.dtype))
    shift = shift_of(parts.config(folder / "scheduler", "scheduler_config.json"))
    return WanWorld(found, WanAutoencoder(vae), net, prompts, shift)
