"""The starter world's picture autoencoder: a linear patch transform plus small residual convolutions.

The linear part is the principal components of 8×8 patches (set before training, then trained on):
it gives latents that are smooth and ordered from the first step, and the convolutions only have to
learn what a linear transform misses.
"""

from __future__ import annotations

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions around a skip; the second starts at zero."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv_in = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_out = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_out(F.silu(self.conv_in(F.silu(x))))


class StarterAutoencoder(ModelMixin, ConfigMixin):
    """Pictures [N, 3, H, W] in [-1, 1] ↔ latents [N, C, H/8, W/8] of about unit variance."""

    stride = 8

    @register_to_config
    def __init__(self, latent_channels: int = 12, width: int = 64):
        super().__init__()
        c, w = latent_channels, width
        self.linear_in = nn.Conv2d(3, c, 8, stride=8)
        self.linear_out = nn.ConvTranspose2d(c, 3, 8, stride=8)
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(4), nn.Conv2d(48, w, 3, padding=1), ResidualBlock(w),
            nn.PixelUnshuffle(2), nn.Conv2d(4 * w, 2 * w, 1), ResidualBlock(2 * w),
            ResidualBlock(2 * w), nn.SiLU(), nn.Conv2d(2 * w, c, 3, padding=1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(c, 2 * w, 3, padding=1), ResidualBlock(2 * w), ResidualBlock(2 * w),
            nn.Conv2d(2 * w, 4 * w, 1), nn.PixelShuffle(2), ResidualBlock(w), ResidualBlock(w),
            nn.Conv2d(w, 2 * w, 1), nn.PixelShuffle(2), ResidualBlock(w // 2),
            nn.SiLU(), nn.Conv2d(w // 2, 12, 3, padding=1), nn.PixelShuffle(2),
        )
        for last in (self.encoder[-1], self.decoder[-2]):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        # Measured after training, so that every latent channel has mean 0 and variance 1.
        self.register_buffer("latent_mean", torch.zeros(c))
        self.register_buffer("latent_std", torch.ones(c))

    def raw_encode(self, x: Tensor) -> Tensor:
        return self.linear_in(x) + self.encoder(x)

    def raw_decode(self, y: Tensor) -> Tensor:
        return self.linear_out(y) + self.decoder(y)

    def encode(self, x: Tensor) -> Tensor:
        """Pictures [N, 3, H, W] in [-1, 1] → normalised latents [N, C, H/8, W/8]."""
        shape = (1, -1, 1, 1)
        return (self.raw_encode(x) - self.latent_mean.view(shape)) / self.latent_std.view(shape)

    def decode(self, z: Tensor) -> Tensor:
        """Normalised latents [N, C, h, w] → pictures [N, 3, 8h, 8w], about [-1, 1], not clamped."""
        shape = (1, -1, 1, 1)
        return self.raw_decode(z * self.latent_std.view(shape) + self.latent_mean.view(shape))

    @torch.no_grad()
    def set_principal_components(self, patches: Tensor) -> None:
        """Start the linear part from the principal components of ``patches`` [N, 3, 8, 8]."""
        flat = patches.flatten(1).double()
        mean = flat.mean(0)
        _, singular, axes = torch.linalg.svd(flat - mean, full_matrices=False)
        c = self.config.latent_channels
        std = (singular[:c] / len(flat) ** 0.5).clamp_min(1e-4)
        # Whitened halfway: strong channels stay stronger, weak ones are still worth modelling.
        scale = std.sqrt()
        analysis = axes[:c] / scale[:, None]
        synthesis = axes[:c] * scale[:, None]
        self.linear_in.weight.copy_(analysis.view(c, 3, 8, 8))
        self.linear_in.bias.copy_(-(analysis @ mean))
        self.linear_out.weight.copy_(synthesis.view(c, 3, 8, 8))
        self.linear_out.bias.copy_(mean.view(3, 64).mean(1))
