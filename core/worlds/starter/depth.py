"""How far away things are, read from a frame's latents: what lets a frame be moved in space."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from torch.nn import functional as F

from core.worlds.starter.autoencoder import ResidualBlock


class StarterDepth(ModelMixin, ConfigMixin):
    """Latents [N, C, h, w] → nearness [N, 4h, 4w]: one over the distance ahead, in 1 / cells.

    Nearness rather than distance, since that is what moves a pixel when the walker steps; the sky
    is simply 0.
    """

    @register_to_config
    def __init__(self, latent_channels: int = 12, width: int = 96):
        super().__init__()
        w = width
        self.body = nn.Sequential(
            nn.Conv2d(latent_channels + 1, w, 3, padding=1),
            *(ResidualBlock(w) for _ in range(6)),
            nn.Conv2d(w, 2 * w, 1), nn.PixelShuffle(2), ResidualBlock(w // 2), nn.SiLU(),
            nn.Conv2d(w // 2, 4, 3, padding=1), nn.PixelShuffle(2),
        )

    def forward(self, z: Tensor) -> Tensor:
        # The height in the picture says much about the distance of the floor.
        rows = z.new_tensor([(i + 0.5) / z.shape[-2] * 2 - 1 for i in range(z.shape[-2])])
        rows = rows.view(1, 1, -1, 1).expand(len(z), 1, -1, z.shape[-1])
        return F.softplus(self.body(torch.cat([z, rows], 1))[:, 0])

