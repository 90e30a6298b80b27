"""The model's own roll-outs while it trains: where it drifts, and what a critic says to that.

There is no truth for a place that was made up, so squared error has nothing to say there (it would
teach the mean). A critic of styled scenes judges the clean estimates of the model's own sampling
steps instead, and what was expected holds them in place, coarsely.

First-person walks alone are rolled out and judged. A roll-out goes on beyond the end of its
recording by dead reckoning, which fixed cameras and own footage do not allow and which would drive a
car through houses; and the critic knows looks by style, of which the other domains have none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.diffusion.contrast import keep_contrast
from core.diffusion.loss import flow_noise, flow_step
from core.learning.clips import Batch, Clips
from core.learning.scenes.motion import follow
from core.learning.shards import VERBS, WalkData
from core.learning.whereabouts import whereabouts
from core.rollout.context import CONTEXT_LEVEL

if TYPE_CHECKING:
    from core.learning.train import Trainer

RECENT = 4
#: Frames before a roll-out's start that it may remember.
BEFORE = 12
STEPS, LEARNED_FROM = 4, 2  # sampling steps, and how many of them are judged
NEW_START = 0.04  # chance after each chunk
REMEMBERED = 0.5  # share of chunks with remembered frames
PRACTICE = 5  # steps of the style critic beside each of the denoiser
SHARE = 0.5  # the critic's pull, of the flow loss's own
COARSE, HOLD = 4, 0.5  # side of the cells in which what was expected is held, and how strongly


@dataclass
class _Walk:
    data: WalkData  # latents from `start` on are the model's own
    start: int
    now: int


class Rollouts:
    """``count`` walks in progress, each continued by the model itself."""

    def __init__(self, clips: Clips, count: int):
        """Raises ValueError where no recording can be continued, and ``count`` is not 0."""
        self._clips = clips
        least = BEFORE + RECENT + clips.n_new + 1
        self._recorded = [w for w in clips.walks if w.style >= 0 and len(w.verbs) >= least]
        if count and not self._recorded:
            raise ValueError(
                f"Roll-outs need first-person walks of at least {least} frames, and there are "
                "none. Train without --roll-outs, or add first-person to --sources."
            )
        self._walks = [self._begin() for _ in range(count)]

    def _begin(self) -> _Walk:
        """A walk that goes on, beyond the end of the recorded one, with the motions of another."""
        rng = self._clips.rng
        one, other = (self._recorded[int(i)] for i in rng.integers(len(self._recorded), size=2))
        verbs = np.concatenate([one.verbs, other.verbs])
        beyond = follow(one.poses[-1], [VERBS[v] for v in other.verbs])[1:]
        data = replace(
            one, latents=torch.cat([one.latents.float(), torch.zeros_like(other.latents).float()]),
            poses=np.concatenate([one.poses, beyond]), verbs=verbs, pictures=None,
        )
        start = int(rng.integers(BEFORE + RECENT, len(one.poses) - self._clips.n_new))
        return _Walk(data, start, start)

    def learn(self, trainer: Trainer, real: Batch, generator: torch.Generator) -> float | None:
        """Continue every walk by a chunk, and add the gradients of some of its sampling steps to
        the working copy's; ``real`` is what scenes look like. Returns the critic's loss; None, and
        does nothing, where ``real`` has no clip of a style."""
        styled = real.styles >= 0
        if not styled.any():
            return None
        true, true_styles = (
            x[styled].to(trainer.device)
            for x in (real.z0[:, :, real.condition.present + 1 :], real.styles)
        )
        clips, n, device = self._clips, self._clips.n_new, trainer.device
        remembered = 4 if clips.rng.random() < REMEMBERED else 0
        batch = clips.compose([
            clips.clip_at(
                w.data, whereabouts(w.data, clips.text), w.now, remembered, RECENT,
                max(0, w.start - BEFORE),
            )
            for w in self._walks
        ], remembered + RECENT, worn=False).to(device)
        condition = replace(batch.condition, expected=trainer.expected(batch))
        past = condition.present + 1
        z0 = batch.z0[:, :, :past]
        noise = torch.randn(batch.z0.shape, generator=generator).to(device)
        levels = torch.full((len(z0), past), CONTEXT_LEVEL, device=device)
        shown, z = flow_noise(z0, noise[:, :, :past], levels), noise[:, :, past:]
        judged = torch.randperm(STEPS, generator=generator)[:LEARNED_FROM].tolist()
        opinion = 0.0
        for i in range(STEPS):
            u, u_next = 1 - i / STEPS, 1 - (i + 1) / STEPS
            u_all = torch.cat([levels, torch.full((len(z0), n), u, device=device)], 1)
            with torch.set_grad_enabled(i in judged):
                out = trainer.work(torch.cat([shown, z], 2), u_all, condition).float()[:, :, past:]
            if i in judged:
                made = (z - u * out).detach()
                push, loss = trainer.adversary.judge_style(
                    true, true_styles, made, batch.styles, generator
                )
                opinion += float(loss) / LEARNED_FROM
                scale = SHARE * trainer.pull / push.norm().clamp_min(1e-9)
                # The estimate is z − u·out.
                out.backward(-u * (scale * push + held(made, condition.expected)))
            z, _ = flow_step(z, out.detach(), u, u_next)
        for one, made, before in zip(self._walks, z, z0):
            made = keep_contrast(made, before).transpose(0, 1).cpu()
            one.data.latents[one.now + 1 : one.now + n + 1] = made
            one.now += n
        self._walks = [
            self._begin()
            if w.now + n >= len(w.data.poses) or clips.rng.random() < NEW_START else w
            for w in self._walks
        ]
        return opinion


def held(made: Tensor, expected: Tensor) -> Tensor:
    """Gradient with respect to ``made`` [B, C, F, h, w] of the squared distance to what was
    expected [B, C + facts, F, h, w], in coarse cells and where it is known."""
    channels = made.shape[1]
    wanted, known = expected[:, :channels], expected[:, channels : channels + 1]
    with torch.enable_grad():
        x = made.detach().requires_grad_()
        away = ((x - wanted) * known).transpose(1, 2).flatten(0, 1)
        loss = HOLD * F.avg_pool2d(away, COARSE).square().mean()
        return torch.autograd.grad(loss, x)[0]
