"""A critic of what is newly seen: squared error alone paints it as the mean of all that could be.

The critic judges single latent frames, told what was expected there; the denoiser's clean estimate
at high noise learns to pass. Only slow learning uses it, in its later part; it is not shipped.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from core.worlds.starter.denoiser import EXPECTED_FACTS


class Critic(nn.Module):
    """Latent frames [N, C, h, w] with what was expected [N, C + EXPECTED_FACTS, h, w] → how real
    each region looks, [N, R]."""

    def __init__(self, channels: int, width: int = 96):
        super().__init__()

        def conv(a: int, b: int, size: int, stride: int = 1) -> nn.Module:
            return spectral_norm(nn.Conv2d(a, b, size, stride, size // 2))

        w = width
        self.fine = nn.Sequential(
            conv(2 * channels + EXPECTED_FACTS, w, 3), nn.LeakyReLU(0.2),
            conv(w, w, 3), nn.LeakyReLU(0.2), conv(w, 2 * w, 3, 2), nn.LeakyReLU(0.2),
        )
        self.near = conv(2 * w, 1, 1)
        self.coarse = nn.Sequential(
            conv(2 * w, 2 * w, 3), nn.LeakyReLU(0.2), conv(2 * w, 2 * w, 3, 2), nn.LeakyReLU(0.2),
        )
        self.wide = conv(2 * w, 1, 3)

    def forward(self, z: Tensor, expected: Tensor) -> Tensor:
        h = self.fine(torch.cat([z, expected], 1))
        return torch.cat([self.near(h).flatten(1), self.wide(self.coarse(h)).flatten(1)], 1)


class Adversary:
    """Trains the critic, and says in which direction the denoiser's estimate should go."""

    def __init__(self, channels: int, frames: int = 4, share: float = 0.4, least: float = 0.3):
        """Judges ``frames`` of a clip's new frames; its pull is ``share`` of the flow loss's own.
        Estimates below the noise level ``least`` are left alone."""
        self.critic = Critic(channels)
        self.optimizer = torch.optim.AdamW(
            self.critic.parameters(), lr=4e-4, betas=(0.5, 0.95), weight_decay=0.01
        )
        self.frames, self.share, self.least = frames, share, least

    def judge(
        self, real: Tensor, made: Tensor, expected: Tensor, u: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Real and estimated new frames [B, C, F, h, w], what was expected, levels [B, F] → the
        gradient of the critic's opinion with respect to ``made``; and its own loss, whose gradients
        are added to the critic's."""
        picked = torch.randperm(made.shape[2], generator=generator)[: self.frames]
        def frames(x: Tensor) -> Tensor:
            return x[:, :, picked].transpose(1, 2).flatten(0, 1).detach()

        estimate = frames(made).requires_grad_()
        told = frames(expected)
        counts = (u[:, picked].flatten() >= self.least).float()
        with torch.autocast("cpu", torch.bfloat16):
            opinion = self.critic(estimate, told).float().mean(1)
        pull = torch.autograd.grad(-(opinion * counts).sum(), estimate)[0]
        with torch.autocast("cpu", torch.bfloat16):
            fake = self.critic(estimate.detach(), told).float()
            true = self.critic(frames(real), told).float()
        loss = (F.relu(1 + fake).mean(1) * counts).sum() / counts.sum().clamp_min(1)
        loss = loss + F.relu(1 - true).mean()
        loss.backward()
        gradient = torch.zeros_like(made)
        gradient[:, :, picked] = pull.unflatten(0, (len(made), -1)).transpose(1, 2)
        return gradient, loss.detach()
