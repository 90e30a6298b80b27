"""ModelScope text-to-video, the paper's base: a UNet over pictures with temporal attention between.

It knows one noise level for a whole window, so the past can't be told apart by it. As in the paper
(§3.1) the past is given clean all the same, beside a future at the level that the network is told.
The released weights never saw that: they need slow learning first, as in the paper, or they take
the past as a strong hint and no more. Fast learning noises all frames alike, which they know.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet3DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from core.worlds import parts
from core.worlds.flat_convolutions import flatten_convolutions
from core.worlds.prompted import Checkpoint, Condition, PromptedWorld, checkpoint
from core.worlds.prompts import Prompts, Reader
from core.worlds.tiers import FULL, Tier

_PART = 8  # pictures through the autoencoder at a time


class ModelScopeWorld(PromptedWorld):
    """See ``core.worlds.protocol.World``. Predicts the noise; DDIM without randomness removes it.

    Level u is the time step u·T - 1 of T: 0 is the picture itself, 1 the last step of training.
    """

    def __init__(
        self, found: Checkpoint, vae: AutoencoderKL, net: UNet3DConditionModel, prompts: Prompts,
        scheduler: DDIMScheduler,
    ):
        parts.same("what the network predicts", scheduler.config.prediction_type, "epsilon")
        parts.same("the network's channels", net.config.in_channels, vae.config.latent_channels)
        stride = 2 ** (len(vae.config.block_out_channels) - 1)
        geometry = found.geometry(vae.config.latent_channels, stride, 1, 1, False)
        super().__init__(found, geometry, net, prompts)
        self._vae = vae
        flatten_convolutions(net)
        # Each of its spatial transformers reads the prompt anew for every frame.
        self._remember_text(None, None, [
            block for name, one in net.named_modules() if re.search(r"(^|\.)attentions\.\d+$", name)
            for block in one.transformer_blocks
        ])
        kept = scheduler.alphas_cumprod.double()
        #: Of the picture, by step; before the first step all of it.
        self._kept = torch.cat([torch.ones(1, dtype=torch.float64), kept])

    @property
    def _autoencoder(self) -> nn.Module:
        return self._vae

    def _latents(self, x: Tensor) -> Tensor:
        pictures = x[0].transpose(0, 1).to(self._vae.dtype)
        z = [self._vae.encode(part).latent_dist.mode() for part in pictures.split(_PART)]
        return torch.cat(z).transpose(0, 1)[None].float() * self._vae.config.scaling_factor

    def _pixels(self, z: Tensor) -> Tensor:
        frames = (z[0].transpose(0, 1) / self._vae.config.scaling_factor).to(self._vae.dtype)
        x = [self._vae.decode(part).sample for part in frames.split(_PART)]
        return torch.cat(x).transpose(0, 1)[None]

    def forward(self, z: Tensor, u: Tensor, cond: Condition) -> Tensor:
        step = (u.amax(1) * (len(self._kept) - 1) - 1).clamp_min(0)  # of the noised frames
        kind = self.net.conv_in.weight.dtype
        with self._text_of(cond, len(z)) as text:
            return self.net(z.to(kind), step, text, return_dict=False)[0].float()

    def _shares(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """How much of the picture and of the noise there is at levels ``u``, between the steps of
        training by straight lines."""
        at = u.cpu().double() * (len(self._kept) - 1)
        low = at.floor().long().clamp(0, len(self._kept) - 2)
        kept = torch.lerp(self._kept[low], self._kept[low + 1], at - low)
        return kept.sqrt().float().to(u.device), (1 - kept).sqrt().float().to(u.device)

    def add_noise(self, z0: Tensor, eps: Tensor, u: Tensor) -> Tensor:
        picture, noise = (s[:, None, :, None, None].to(z0.dtype) for s in self._shares(u))
        return picture * z0 + noise * eps

    def target(self, z0: Tensor, eps: Tensor, u: Tensor) -> Tensor:
        return eps

    def step(self, z: Tensor, out: Tensor, u: float, u_next: float) -> tuple[Tensor, Tensor]:
        (picture, next_picture), (noise, next_noise) = self._shares(torch.tensor([u, u_next]))
        clean = (z - float(noise) * out) / float(picture)
        return float(next_picture) * clean + float(next_noise) * out, clean

    def lora_targets(self) -> str:
        # The temporal transformers attend twice, and both times over time alone.
        layers = r"(attn1|attn2)\.(to_q|to_k|to_v|to_out\.0)"
        return rf"(.*\.)?(temp_attentions\.\d+|transformer_in)\.transformer_blocks\.\d+\.{layers}"


def text_reader(folder: Path, device: torch.device, dtype: torch.dtype) -> Reader:
    """Reads prompts with the CLIP encoder in ``folder``; raises OSError or ValueError."""
    words = parts.tokenizer(CLIPTokenizer, folder / "tokenizer")
    encoder = parts.network(CLIPTextModel, folder / "text_encoder", device, dtype)
    tokens = encoder.config.max_position_embeddings

    @torch.no_grad()
    def read(prompt: str) -> Tensor:
        found = words(
            [prompt], truncation=True, padding="max_length", max_length=tokens, return_tensors="pt"
        ).to(device)
        return encoder(found.input_ids).last_hidden_state[0].to(dtype)

    return read


def load(folder: Path, device: torch.device, tier: Tier = FULL) -> ModelScopeWorld:
    """Load from a folder in the diffusers layout; raises OSError, ValueError or WorldError."""
    found = checkpoint(folder)
    at = parts.place(device, tier)
    net = parts.network(UNet3DConditionModel, folder / "unet", at.net, at.dtype)
    vae = parts.network(AutoencoderKL, folder / "vae", device, torch.float32)
    prompts = Prompts(lambda: text_reader(folder, at.text, at.dtype))
    noise = parts.config(folder / "scheduler", "scheduler_config.json")
    return ModelScopeWorld(found, vae, net, prompts, DDIMScheduler.from_config(noise))
