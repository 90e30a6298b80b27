"""The masked conditional loss (paper §3.1): score only the frames that were noised."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from core.worlds.protocol import World


def masked_loss(world: World, z0: Tensor, u: Tensor, mask: Tensor, cond: Any, eps: Tensor) -> Tensor:
    """Mean squared error over the frames where ``mask`` is 1.

    z0, eps [B, C, F, h, w]; u, mask [B, F] (``u`` may be above 0 where ``mask`` is 0: a context that
    is shown slightly noised, and is not scored).
    """
    if mask.sum() == 0:
        raise ValueError("masked_loss: the mask scores no frame; set at least one frame to 1")
    out = world.forward(world.add_noise(z0, eps, u), u, cond)
    error = (out.float() - world.target(z0, eps, u).float()).square().mean((1, 3, 4))  # b f
    return (error * mask).sum() / mask.sum()


def flow_noise(z0: Tensor, eps: Tensor, u: Tensor) -> Tensor:
    """Straight-line noising (flow matching): (1 − u) z0 + u eps, with ``u`` [B, F]."""
    level = u[:, None, :, None, None].to(z0.dtype)
    return z0 + level * (eps - z0)


def flow_target(z0: Tensor, eps: Tensor) -> Tensor:
    """The velocity along that line."""
    return eps - z0


def flow_step(z: Tensor, out: Tensor, u: float, u_next: float) -> tuple[Tensor, Tensor]:
    """One Euler step along the flow: (z at ``u_next``, the clean estimate)."""
    return z + (u_next - u) * out, z - u * out


def same_level(batch: int, frames: int, level: Tensor) -> Tensor:
    """[B] levels → [B, F]: one level for all frames (fast learning, paper Alg. 1a)."""
    return level.view(batch, 1).expand(batch, frames).to(torch.float32)
