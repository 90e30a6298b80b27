"""The starter denoiser's ways for tokens to look at one another: in space, in time, at words."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding: pairs are (first half, second half) of the last axis."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Attention(nn.Module):
    """Multi-head attention with separate projections, so that an adapter can name each."""

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k = nn.Linear(dim, dim, bias=False)
        self.to_v = nn.Linear(dim, dim, bias=False)
        self.to_out = nn.Linear(dim, dim, bias=False)

    def heads_of(self, x: Tensor) -> Tensor:
        """[N, L, D] → [N, heads, L, D / heads]."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        # Normalised queries and keys: training stays calm at a high learning rate in bfloat16.
        q, k = F.rms_norm(q, (q.shape[-1],)), F.rms_norm(k, (k.shape[-1],))
        return self.merge(torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1) @ v)

    def merge(self, x: Tensor) -> Tensor:
        return self.to_out(x.transpose(1, 2).flatten(2))


class SpatialAttention(Attention):
    """A frame's tokens look at the frame itself and at the anchor frames."""

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor], anchors: Tensor) -> Tensor:
        """x [B, F, N, D]; rope cos/sin [B, F, 1, N, head/2]; anchors [B, A]."""
        b, f, n, d = x.shape
        cos, sin = rope
        flat = x.flatten(0, 1)
        q, k, v = (self.heads_of(p(flat)) for p in (self.to_q, self.to_k, self.to_v))
        q = F.rms_norm(q, (q.shape[-1],))
        k = F.rms_norm(k, (k.shape[-1],))
        q = rotate(q, cos.flatten(0, 1), sin.flatten(0, 1))
        k = rotate(k, cos.flatten(0, 1), sin.flatten(0, 1))
        which = torch.arange(b, device=x.device)[:, None]

        def with_anchors(t: Tensor) -> Tensor:
            own = t.unflatten(0, (b, f))  # b f heads n hd
            kept = own[which, anchors].transpose(1, 2).flatten(2, 3)
            kept = kept.unsqueeze(1).expand(-1, f, -1, -1, -1)
            return torch.cat([own, kept], 3).flatten(0, 1)

        k, v = with_anchors(k), with_anchors(v)
        weights = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1)
        return self.merge(weights @ v).unflatten(0, (b, f))


class TemporalAttention(Attention):
    """One place's tokens across all frames. What fast learning adapts (paper §3.2)."""

    def forward(self, x: Tensor) -> Tensor:
        """x [B, F, N, D]."""
        b, f, n, d = x.shape
        flat = x.transpose(1, 2).flatten(0, 1)  # (b n) f d
        q, k, v = (self.heads_of(p(flat)) for p in (self.to_q, self.to_k, self.to_v))
        return self.attend(q, k, v).unflatten(0, (b, n)).transpose(1, 2)


class WordAttention(Attention):
    """Each place asks what the frame's action means there (cross-attention, paper §3.1)."""

    def forward(self, x: Tensor, words: Tensor) -> Tensor:
        """x [B, F, N, D], words [B, F, W, D]."""
        b, f = x.shape[:2]
        q = self.heads_of(self.to_q(x.flatten(0, 1)))
        k, v = (self.heads_of(p(words.flatten(0, 1))) for p in (self.to_k, self.to_v))
        return self.attend(q, k, v).unflatten(0, (b, f))
