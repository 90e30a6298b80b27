"""LTX-Video: a transformer over space and time together, each token with its own noise level.

The autoencoder codes 8 pictures in a latent frame, the first picture alone. Its encoder is causal;
its decoder looks ahead as well, so the last pictures of a chunk, decoded before there is anything
after them, differ a little from what they would be in one piece.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLLTXVideo, LTXVideoTransformer3DModel
from torch import Tensor, nn
from transformers import T5EncoderModel, T5TokenizerFast

from core.worlds import parts
from core.worlds.constants import once_per_frame
from core.worlds.prompted import Checkpoint, Condition, PromptedWorld, checkpoint
from core.worlds.prompts import Prompts, Reader, t5_reader
from core.worlds.tiers import FULL, Tier

#: Tokens of a prompt at most. The network is shown no padding, so shorter ones stay short.
TOKENS = 256
TIMESTEPS = 1000
_SLOWLY = 0.025  # of the noise


class LTXWorld(PromptedWorld):
    """See ``core.worlds.protocol.World``."""

    def __init__(
        self, found: Checkpoint, vae: AutoencoderKLLTXVideo, net: LTXVideoTransformer3DModel,
        prompts: Prompts, scheduler: dict[str, Any], later: bool,
    ):
        """``later``: from 0.9.5 on the first latent frame stands in time where its one picture
        does (before: where 8 would begin), and the levels of noise fall by another curve."""
        parts.same("the patch", (net.config.patch_size, net.config.patch_size_t), (1, 1))
        parts.same("the transformer's channels", net.config.in_channels, vae.config.latent_channels)
        geometry = found.geometry(
            vae.config.latent_channels, vae.spatial_compression_ratio,
            vae.temporal_compression_ratio, 1, True,
        )
        tokens = geometry.latent_height * geometry.latent_width
        frames = geometry.n_past + geometry.n_new
        super().__init__(found, geometry, net, prompts, shift_at(scheduler, frames * tokens))
        self._vae, self._tokens, self._later = vae, tokens, later
        once_per_frame((net.time_embed,), tokens)
        self._remember_text(net.caption_projection, net.rope, net.transformer_blocks)
        self._terminal = scheduler.get("shift_terminal") or 0.0
        shape, device = (1, -1, 1, 1, 1), next(vae.parameters()).device
        self._mean = vae.latents_mean.float().view(shape).to(device)
        self._std = vae.latents_std.float().view(shape).to(device) / vae.config.scaling_factor

    @property
    def _autoencoder(self) -> nn.Module:
        return self._vae

    def _latents(self, x: Tensor) -> Tensor:
        z = self._vae.encode(x.to(self._vae.dtype)).latent_dist.mode()
        return (z.float() - self._mean) / self._std

    def _pixels(self, z: Tensor) -> Tensor:
        z = (z * self._std + self._mean).to(self._vae.dtype)
        # Later decoders clean up what little noise their latents have (at level 0: none), and some
        # draw a grain: the same one for every picture, so that it does not change between chunks.
        level = None
        if self._vae.config.timestep_conditioning:
            level = torch.zeros(len(z), device=z.device, dtype=z.dtype)
        with torch.random.fork_rng(devices=[z.device] if z.is_cuda else []):
            torch.manual_seed(0)
            return self._vae.decode(z, level).sample

    def schedule(self, steps: int) -> list[float]:
        line = super().schedule(steps)
        if self._later:
            return linear_quadratic(steps)
        if not self._terminal or steps == 1:
            return line
        # Stretched so that the last level before 0 is the one training ends at.
        scale = (1 - line[-2]) / (1 - self._terminal)
        return [1 - (1 - u) / scale for u in line[:-1]] + [0.0]

    def forward(self, z: Tensor, u: Tensor, cond: Condition) -> Tensor:
        frames = z.shape[2]
        kind = self.net.proj_in.weight.dtype
        levels = (u * TIMESTEPS).repeat_interleave(self._tokens, 1)  # b (f h w)
        with self._text_of(cond, len(z)) as text:
            bias = self._constants.bias
            out = self.net(
                hidden_states=z.permute(0, 2, 3, 4, 1).flatten(1, 3).to(kind),
                encoder_hidden_states=text, timestep=levels,
                encoder_attention_mask=None if bias is None else bias[:, 0],
                video_coords=self._places(cond, len(z)), return_dict=False,
            )[0]
        out = out.unflatten(1, (frames, *z.shape[3:]))  # b f h w c
        return out.permute(0, 4, 1, 2, 3).float()

    def _places(self, cond: Condition, batch: int) -> Tensor:
        """Seconds, and pixels down and across, of every token: [B, 3, F·h·w]."""
        g = self.geometry
        first = torch.tensor(cond.positions, dtype=torch.float32, device=self.device) * g.t_stride
        if self._later:
            first = (first + 1 - g.t_stride).clamp_min(0)
        rows, columns = (
            torch.arange(n, dtype=torch.float32, device=self.device) * g.s_stride
            for n in (g.latent_height, g.latent_width)
        )
        grid = torch.meshgrid(first / float(g.rate), rows, columns, indexing="ij")
        return torch.stack(grid).flatten(1)[None].expand(batch, -1, -1)

    def lora_targets(self) -> str:
        return r"transformer_blocks\.\d+\.attn1\.(to_q|to_k|to_v|to_out\.0)"


def linear_quadratic(steps: int) -> list[float]:
    """Levels from 1 to 0: half of the steps for the first ``_SLOWLY`` of the noise, since it is
    there that a picture is decided, the others for the rest, faster and faster."""
    slow = steps // 2
    if not slow:
        return [1.0, 0.0]
    fast, rate = steps - slow, _SLOWLY / slow  # noise removed at each slow step
    bend = (1 - _SLOWLY - rate * fast) / fast**2  # so that the last step ends at 0
    gone = [i * rate for i in range(slow)]
    gone += [_SLOWLY + rate * i + bend * i * i for i in range(fast)]
    return [1 - g for g in gone] + [0.0]


def shift_at(scheduler: dict[str, Any], tokens: int) -> float:
    """How far the schedule is bent towards noise for a window of ``tokens``: the more of them, the
    more noise it takes to hide what they show."""
    if not scheduler.get("use_dynamic_shifting"):
        return float(scheduler.get("shift", 1.0))
    few, many = scheduler.get("base_image_seq_len", 256), scheduler.get("max_image_seq_len", 4096)
    low, high = scheduler.get("base_shift", 0.5), scheduler.get("max_shift", 1.15)
    return math.exp(low + (high - low) * (tokens - few) / (many - few))


def text_reader(folder: Path, device: torch.device, dtype: torch.dtype) -> Reader:
    """Reads prompts with the T5 encoder in ``folder``; raises OSError or ValueError."""
    words = parts.tokenizer(T5TokenizerFast, folder / "tokenizer")
    encoder = parts.network(T5EncoderModel, folder / "text_encoder", device, dtype)

    return t5_reader(words, encoder, TOKENS)


def load(folder: Path, device: torch.device, tier: Tier = FULL) -> LTXWorld:
    """Load from a folder in the diffusers layout; raises OSError, ValueError or WorldError."""
    found = checkpoint(folder)
    at = parts.place(device, tier)
    net = parts.network(LTXVideoTransformer3DModel, folder / "transformer", at.net, at.dtype)
    vae = parts.network(AutoencoderKLLTXVideo, folder / "vae", device, at.dtype)
    prompts = Prompts(lambda: text_reader(folder, at.text, at.dtype))
    scheduler = parts.config(folder / "scheduler", "scheduler_config.json")
    pipeline = parts.config(folder, "model_index.json").get("_class_name")
    return LTXWorld(found, vae, net, prompts, scheduler, pipeline == "LTXConditionPipeline")
