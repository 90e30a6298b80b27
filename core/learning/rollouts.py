"""The model's own roll-outs while something is trained on them: walks that it continues itself.

There is no truth for a place that was made up, so squared error has nothing to say there (it would
teach the mean): roll-outs are for critics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from core.diffusion.contrast import keep_contrast
from core.diffusion.loss import flow_noise, flow_step
from core.learning.clips import Batch, Clips
from core.learning.data import VERBS, WalkData
from core.learning.scenes.motion import follow
from core.rollout.context import CONTEXT_LEVEL
from core.worlds.starter.denoiser import Condition, StarterDenoiser

RECENT = 4
#: Frames before a roll-out's start that it may remember.
BEFORE = 12
NEW_START = 0.04  # chance after each chunk
REMEMBERED = 0.5  # share of chunks with remembered frames


@dataclass
class _Walk:
    data: WalkData  # latents after `start` are the model's own
    start: int
    now: int


class Rollouts:
    """``count`` walks in progress. ``batch`` asks for the next chunk of each, ``take`` accepts it."""

    def __init__(self, clips: Clips, count: int):
        self._clips = clips
        self._walks = [self._begin() for _ in range(count)]

    def batch(self) -> Batch:
        """The next chunk of every walk; only its context is there."""
        clips = self._clips
        remembered = 4 if clips.rng.random() < REMEMBERED else 0
        return clips.compose([
            clips.clip_at(w.data, w.now, remembered, RECENT, max(0, w.start - BEFORE))
            for w in self._walks
        ], remembered + RECENT, worn=False)

    def take(self, made: Tensor) -> None:
        """The walks go on from the new frames ``made`` [B, C, F, h, w]."""
        n = self._clips.n_new
        for one, z in zip(self._walks, made):
            one.data.latents[one.now + 1 : one.now + n + 1] = z.transpose(0, 1)
            one.now += n
        self._walks = [
            self._begin()
            if w.now + n >= len(w.data.poses) or self._clips.rng.random() < NEW_START else w
            for w in self._walks
        ]

    def _begin(self) -> _Walk:
        """A walk that goes on, beyond the end of the recorded one, with the motions of another."""
        clips = self._clips
        one, other = (clips.walks[int(i)] for i in clips.rng.integers(len(clips.walks), size=2))
        beyond = follow(one.poses[-1], [VERBS[v] for v in other.verbs])[1:]
        data = replace(
            one, latents=torch.cat([one.latents.float(), torch.zeros_like(other.latents).float()]),
            poses=np.concatenate([one.poses, beyond]),
            verbs=np.concatenate([one.verbs, other.verbs]), pictures=None,
        )
        start = int(clips.rng.integers(BEFORE + RECENT, len(one.poses) - clips.n_new))
        return _Walk(data, start, start)


@torch.no_grad()
def sampled(
    net: StarterDenoiser, z0: Tensor, condition: Condition, generator: torch.Generator,
    steps: int = 4,
) -> Tensor:
    """New frames [B, C, F, h, w] after the contexts of ``z0``, as the studio draws them."""
    past = condition.present + 1
    noise = torch.randn(z0.shape, generator=generator)
    levels = torch.full((len(z0), past), CONTEXT_LEVEL)
    shown, z = flow_noise(z0[:, :, :past], noise[:, :, :past], levels), noise[:, :, past:]
    for i in range(steps):
        u, u_next = 1 - i / steps, 1 - (i + 1) / steps
        u_all = torch.cat([levels, torch.full((len(z0), z.shape[2]), u)], 1)
        out = net(torch.cat([shown, z], 2), u_all, condition).float()[:, :, past:]
        z, _ = flow_step(z, out, u, u_next)
    return z


def contrasted(made: Tensor, past: Tensor) -> Tensor:
    """``keep_contrast`` for a batch [B, C, F, h, w]."""
    return torch.stack([keep_contrast(a, b) for a, b in zip(made, past)])
