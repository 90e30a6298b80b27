"""The starter world's second stage: what the denoiser leaves soft is made definite, once a chunk.

A small denoiser that is trained by squared error answers with the mean of what could be, and fed
back as context that drifts into paint. The refiner is a small convolutional network over latent
frames, trained against a critic on the world's own roll-outs (``core.learning.train_refiner``): it
sees the present, the new frames and what was expected of them, and changes them a little.
"""

from __future__ import annotations

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from torch.nn import functional as F

from core.worlds.starter.denoiser import EXPECTED_FACTS


class Level(nn.Module):
    """Two convolutions within frames and one along time, added to what comes in."""

    def __init__(self, width: int, condition: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.time = nn.Conv1d(width, width, 3, padding=1, groups=width)
        self.scale = nn.Linear(condition, 2 * width)
        for layer in (self.second, self.time, self.scale):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, c: Tensor, frames: int) -> Tensor:
        """x [B·F, W, h, w], c [B, C]."""
        scale, shift = self.scale(c).repeat_interleave(frames, 0)[..., None, None].chunk(2, 1)
        h = F.group_norm(x, 8) * (1 + scale) + shift
        h = self.second(F.silu(self.first(F.silu(h))))
        n, w, rows, columns = h.shape
        along = h.unflatten(0, (-1, frames)).permute(0, 3, 4, 2, 1).reshape(-1, w, frames)
        along = self.time(along).reshape(-1, rows, columns, w, frames).permute(0, 4, 3, 1, 2)
        return x + h + along.flatten(0, 1)


class StarterRefiner(ModelMixin, ConfigMixin):
    """New frames as the denoiser left them → the same, made definite."""

    @register_to_config
    def __init__(
        self, latent_channels: int = 12, width: int = 80, depth: int = 2, text_features: int = 128
    ):
        super().__init__()
        w, wide, told = width, 2 * width, 64
        self.scene_in = nn.Sequential(nn.Linear(text_features, told), nn.SiLU())
        self.enter = nn.Conv2d(2 * latent_channels + EXPECTED_FACTS + 1, w, 3, padding=1)
        self.fine = nn.ModuleList(Level(w, told) for _ in range(depth))
        self.down = nn.Conv2d(w, wide, 2, stride=2)
        self.middle = nn.ModuleList(Level(wide, told) for _ in range(depth))
        self.further = nn.Conv2d(wide, wide, 2, stride=2)
        self.coarse = nn.ModuleList(Level(wide, told) for _ in range(depth))
        self.nearer = nn.Conv2d(wide, wide, 1)
        self.middle_up = nn.ModuleList(Level(wide, told) for _ in range(depth))
        self.up = nn.Conv2d(wide, w, 1)
        self.fine_up = nn.ModuleList(Level(w, told) for _ in range(depth))
        self.leave = nn.Conv2d(w, latent_channels, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, present: Tensor, z: Tensor, expected: Tensor, scene: Tensor) -> Tensor:
        """present [B, C, h, w]; z [B, C, F, h, w]; expected [B, C + EXPECTED_FACTS, F, h, w]; scene
        [B, T] → [B, C, F, h, w]."""
        frames = z.shape[2] + 1
        whole = torch.cat([present[:, :, None], z], 2)
        told = F.pad(expected, (0, 0, 0, 0, 1, 0))
        given = F.pad(torch.ones_like(present[:, :1, None]), (0, 0, 0, 0, 0, frames - 1))
        x = torch.cat([whole, told, given], 1).transpose(1, 2).flatten(0, 1)
        x = x.to(self.enter.weight.dtype, memory_format=torch.channels_last)
        c = self.scene_in(scene.to(x.dtype))
        x = fine = run(self.fine, self.enter(x), c, frames)
        x = middle = run(self.middle, self.down(x), c, frames)
        x = run(self.coarse, self.further(x), c, frames)
        x = run(self.middle_up, middle + twice(self.nearer(x)), c, frames)
        x = run(self.fine_up, fine + twice(self.up(x)), c, frames)
        change = self.leave(F.silu(x)).unflatten(0, (-1, frames)).transpose(1, 2)[:, :, 1:]
        return z + change.to(z.dtype)


def run(levels: nn.ModuleList, x: Tensor, c: Tensor, frames: int) -> Tensor:
    for level in levels:
        x = level(x, c, frames)
    return x


def twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
