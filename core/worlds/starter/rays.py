"""Where every token looks from, and where to, seen from home: the address by which an adapter can
remember places.

Nothing else in the denoiser says *where* something is: poses reach it relative to the present. So an
adapter had nowhere to write that "this wall is here". The layers here are a blank page: the world
itself has none, and their weights belong to the memory, which learns them whole (through low-rank
factors it remembered a third as well).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_PLACE = (0.5, 1.0, 2.0, 4.0)  # radians a cell
_TURNS, _HEIGHTS = 8, 6  # whole multiples of the compass angle, and of 1.5 radians a half picture
FEATURES = 4 * len(_PLACE) + 2 * _TURNS + 2 * _HEIGHTS

Pose = tuple[float, float, float]


class Rays(nn.Module):
    """Poses in the walk's axes → what an adapter has written for each token's ray.

    ``home`` is where the memory's own axes stand in the walk's; None: not used. What is added is
    ``strength`` times what was written; nothing is written on a blank page.
    """

    def __init__(self, dim: int, side: int, field_of_view: float, hidden: int = 128):
        super().__init__()
        self.side, self.field_of_view = side, field_of_view
        self.home: Pose | None = None
        self.strength = 1.0
        self.place = nn.Linear(FEATURES, hidden)
        self.mix = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, dim)
        self.blank(torch.Generator().manual_seed(0))

    @torch.no_grad()
    def blank(self, generator: torch.Generator) -> None:
        """Random features, and nothing written."""
        for layer in (self.place, self.mix):
            bound = layer.in_features**-0.5
            for parameter in (layer.weight, layer.bias):
                drawn = torch.rand(parameter.shape, generator=generator) * 2 - 1
                parameter.copy_(drawn * bound)
        self.out.weight.zero_()
        self.out.bias.zero_()

    def forward(self, pose: Tensor) -> Tensor:
        """[B, F, 3] x, y, yaw → [B, F, N, D] in the layers' own type."""
        x = self.features(pose).to(self.place.weight.dtype)
        return self.strength * self.out(F.gelu(self.mix(F.gelu(self.place(x)))))

    def features(self, pose: Tensor) -> Tensor:
        """[B, F, 3] → [B, F, N, FEATURES], float32."""
        pose = from_home(pose, self.home or (0.0, 0.0, 0.0))
        half = math.tan(math.radians(self.field_of_view) / 2)
        grid = (torch.arange(self.side, device=pose.device) + 0.5) / self.side * 2 - 1
        compass = pose[..., 2:3] - torch.atan(grid * half).repeat(self.side)
        height = grid.repeat_interleave(self.side).expand(compass.shape)
        angles = [
            (pose[..., axis : axis + 1] * f).expand(compass.shape) for f in _PLACE for axis in (0, 1)
        ]
        angles += [compass * n for n in range(1, _TURNS + 1)]
        angles += [height * (1.5 * n) for n in range(1, _HEIGHTS + 1)]
        angle = torch.stack(angles, -1)
        return torch.cat([angle.sin(), angle.cos()], -1)


def from_home(pose: Tensor, home: Pose) -> Tensor:
    """Poses [..., 3] in the axes of ``home``."""
    x, y, yaw = home
    dx, dy = pose[..., 0] - x, pose[..., 1] - y
    cos, sin = math.cos(yaw), math.sin(yaw)
    return torch.stack([dx * cos + dy * sin, dy * cos - dx * sin, pose[..., 2] - yaw], -1)
