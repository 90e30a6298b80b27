"""What a token can't draw alone: edges that run from one token's piece of a picture into the next."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Channels that the blocks hand on for each latent pixel.
HANDED_ON = 16


class Detail(nn.Module):
    """Adds to the flow what convolutions see at full latent size.

    A token answers for a square of latents with a linear map of its own, so neighbours meet at seams.
    Here each place sees the noisy latents around it, what is expected there, and what the blocks
    make of it. The way out begins as zeros: a network without can go on with it.
    """

    def __init__(self, dim: int, seen: int, channels: int, patch: int, width: int, layers: int = 3):
        """``seen``: channels of noisy and expected latents together; ``channels`` of the flow."""
        super().__init__()
        self.hand_on = nn.Linear(dim, HANDED_ON * patch * patch)
        self.noise = nn.Linear(dim, layers * width)
        self.way_in = nn.Conv2d(seen + HANDED_ON, width, 3, padding=1)
        self.layers = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(layers))
        self.way_out = nn.Conv2d(width, channels, 3, padding=1)
        for layer in (self.noise, self.way_out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, seen: Tensor, told: Tensor, c: Tensor) -> Tensor:
        """seen [B, C_seen, F, h, w], told [B, HANDED_ON, F, h, w] (``hand_on`` as pictures),
        c [B, F, D] the frames' condition → [B, C, F, h, w]."""
        b, f = c.shape[:2]
        x = torch.cat([seen, told], 1).transpose(1, 2).flatten(0, 1)
        x = self.way_in(x.contiguous(memory_format=torch.channels_last))
        shifts = self.noise(c).flatten(0, 1)[..., None, None].chunk(len(self.layers), 1)
        for layer, shift in zip(self.layers, shifts):
            x = x + layer(F.silu(x + shift))
        return self.way_out(F.silu(x)).unflatten(0, (b, f)).transpose(1, 2)
