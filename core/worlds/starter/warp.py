"""A seen frame, moved to where another frame looks from: what a walker expects to see next.

The scene's depth is not known, so it is guessed: a level floor, and beyond it a wall at a fixed
distance. Right for turns whatever the guess, roughly right for steps; the denoiser corrects it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

#: Height of the eye above the floor, in scene cells (as the scenes are rendered).
EYE = 0.5
_NEAR = 0.05


def warp(
    source: Tensor, source_pose: Tensor, pose: Tensor, depth: float, field_of_view: float
) -> tuple[Tensor, Tensor]:
    """``source`` [B, C, h, w] seen from ``source_pose`` [B, 3], as seen from ``pose`` [B, F, 3].

    ``depth`` is the guessed distance of walls (cells), ``field_of_view`` in degrees. Returns
    [B, C, F, h, w] and where it is known, [B, 1, F, h, w] (0 or 1).
    """
    b, c, h, w = source.shape
    f = pose.shape[1]
    half = math.tan(math.radians(field_of_view) / 2)
    device = source.device
    right = ((torch.arange(w, device=device) + 0.5) / w * 2 - 1) * half
    down = ((torch.arange(h, device=device) + 0.5) / h * 2 - 1) * half
    down, right = torch.meshgrid(down, right, indexing="ij")
    ahead = torch.where(down > 0, EYE / down.clamp_min(1e-4), torch.full_like(down, depth))
    ahead = ahead.clamp_max(depth)
    pose, base = pose.float(), source_pose.float()[:, None]
    cos, sin = (pose[..., 2] - base[..., 2]).cos(), (pose[..., 2] - base[..., 2]).sin()
    # The eye that looks, in the source's own axes (forward, left).
    delta = pose[..., :2] - base[..., :2]
    base_cos, base_sin = base[..., 2].cos(), base[..., 2].sin()
    forward = delta[..., 0] * base_cos + delta[..., 1] * base_sin
    left = -delta[..., 0] * base_sin + delta[..., 1] * base_cos

    def at(t: Tensor) -> Tensor:
        return t[..., None, None]

    point_left = -ahead * right
    x = at(forward) + ahead * at(cos) - point_left * at(sin)
    y = at(left) + ahead * at(sin) + point_left * at(cos)
    z = (ahead * down).expand_as(x)
    seen_right, seen_down = -y / x.clamp_min(_NEAR) / half, z / x.clamp_min(_NEAR) / half
    known = (x > _NEAR) & (seen_right.abs() <= 1) & (seen_down.abs() <= 1)
    grid = torch.stack([seen_right, seen_down], -1).clamp(-2, 2).flatten(0, 1)
    frames = source.float()[:, None].expand(-1, f, -1, -1, -1).flatten(0, 1)
    out = F.grid_sample(frames, grid, padding_mode="border", align_corners=False)
    out = out.unflatten(0, (b, f)).transpose(1, 2)
    return out.to(source.dtype), known[:, None].to(source.dtype)
