"""Critics of what is newly seen: squared error alone paints it as the mean of all that could be.

One judges single latent frames, told what was expected there. The other judges pairs of neighbouring
frames, told the style of the scene: it looks at the model's own roll-outs, where what was expected
is itself made up. Only slow learning uses them, in its later part; they are not shipped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from core.learning.scenes.styles import STYLES
from core.worlds.starter.denoiser import EXPECTED_FACTS

#: Gradients of parameters in one row, averaged over processes.
Average = Callable[[list[Tensor]], Tensor]
KEPT = 24  # batches of roll-outs


def conv(a: int, b: int, size: int, stride: int = 1) -> nn.Module:
    return spectral_norm(nn.Conv2d(a, b, size, stride, size // 2))


class Critic(nn.Module):
    """Latent frames [N, C, h, w] with what was expected [N, C + EXPECTED_FACTS, h, w] → how real
    each region looks, [N, R]."""

    def __init__(self, channels: int, width: int = 96):
        super().__init__()
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


class StyleCritic(nn.Module):
    """Pairs of neighbouring latent frames [N, 2C, h, w] of scenes of ``styles`` [N] → how real each
    region looks as a piece of such a scene, [N, R]."""

    def __init__(self, channels: int, styles: int, width: int = 96):
        super().__init__()
        w = width
        self.fine = nn.Sequential(
            conv(2 * channels, w, 3), nn.LeakyReLU(0.2), conv(w, w, 3), nn.LeakyReLU(0.2),
            conv(w, 2 * w, 3, 2), nn.LeakyReLU(0.2),
        )
        self.near = conv(2 * w, 1, 1)
        self.coarse = nn.Sequential(
            conv(2 * w, 2 * w, 3), nn.LeakyReLU(0.2), conv(2 * w, 2 * w, 3, 2), nn.LeakyReLU(0.2),
            conv(2 * w, 2 * w, 3), nn.LeakyReLU(0.2),
        )
        self.wide = conv(2 * w, 1, 1)
        self.styles = spectral_norm(nn.Embedding(styles, 2 * w))

    def forward(self, pairs: Tensor, styles: Tensor) -> Tensor:
        near = self.fine(pairs)
        wide = self.coarse(near)
        fits = (wide * self.styles(styles)[..., None, None].to(wide.dtype)).sum(1)
        scores = self.wide(wide).flatten(1) + fits.flatten(1)
        return torch.cat([self.near(near).flatten(1), scores], 1)


class Adversary:
    """Trains the critics, and says in which direction the denoiser's estimate should go."""

    def __init__(
        self, channels: int, frames: int = 4, share: float = 0.4, least: float = 0.3,
        styles: int = len(STYLES), device: torch.device | str = "cpu",
    ):
        """Judges ``frames`` of a clip's new frames; its pull is ``share`` of the flow loss's own.
        Estimates below the noise level ``least`` are left alone."""
        self.device = torch.device(device)
        self.critic, self.style_critic = Critic(channels), StyleCritic(channels, styles)
        for critic in (self.critic, self.style_critic):
            critic.to(self.device, memory_format=torch.channels_last)
        self.optimizer, self.style_optimizer = (
            torch.optim.AdamW(c.parameters(), lr=4e-4, betas=(0.5, 0.95), weight_decay=0.01)
            for c in (self.critic, self.style_critic)
        )
        self.frames, self.share, self.least = frames, share, least
        self._made: deque[tuple[Tensor, Tensor]] = deque(maxlen=KEPT)
        self._real: deque[tuple[Tensor, Tensor]] = deque(maxlen=2 * KEPT)

    def judge(
        self, real: Tensor, made: Tensor, expected: Tensor, u: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Real and estimated new frames [B, C, F, h, w], what was expected, levels [B, F] → the
        gradient of the critic's opinion with respect to ``made``; and its own loss, whose gradients
        are added to the critic's."""
        picked = self._picked(made.shape[2], generator)

        def frames(x: Tensor) -> Tensor:
            return x[:, :, picked].transpose(1, 2).flatten(0, 1).detach()

        estimate = frames(made).requires_grad_()
        told = frames(expected)
        counts = (u[:, picked].flatten() >= self.least).float()
        with torch.autocast(self.device.type, torch.bfloat16):
            fake = self.critic(estimate, told).float()
            true = self.critic(frames(real), told).float()
        opinion = -(fake.mean(1) * counts).sum()
        pull = torch.autograd.grad(opinion, estimate, retain_graph=True)[0]
        loss = (F.relu(1 + fake).mean(1) * counts).sum() / counts.sum().clamp_min(1)
        loss = loss + F.relu(1 - true).mean()
        loss.backward()
        gradient = torch.zeros_like(made)
        gradient[:, :, picked] = pull.unflatten(0, (len(made), -1)).transpose(1, 2)
        return gradient, loss.detach()

    def judge_style(
        self, real: Tensor, real_styles: Tensor, made: Tensor, styles: Tensor,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor]:
        """Real and rolled-out new frames [B, C, F, h, w] and the styles of their scenes [B] → as
        ``judge``."""
        picked = self._picked(made.shape[2] - 1, generator)

        estimate = pairs(made, picked).requires_grad_()
        told = styles.repeat_interleave(len(picked))
        also = self._picked(real.shape[2] - 1, generator)
        with torch.autocast(self.device.type, torch.bfloat16):
            fake = self.style_critic(estimate, told).float()
            true = self.style_critic(
                pairs(real, also), real_styles.repeat_interleave(len(also))
            ).float()
        pull = torch.autograd.grad(-fake.mean(1).sum(), estimate, retain_graph=True)[0]
        loss = F.relu(1 + fake).mean() + F.relu(1 - true).mean()
        loss.backward()
        self._made.append((made.detach(), styles))
        self._real.append((real.detach(), real_styles))
        pull = pull.unflatten(0, (len(made), -1)).transpose(1, 2)  # b 2c k h w
        gradient = torch.zeros_like(made)
        first, second = pull.chunk(2, 1)
        gradient.index_add_(2, picked, first)
        gradient.index_add_(2, picked + 1, second)
        return gradient, loss.detach()

    def practise(self, times: int, average: Average, generator: torch.Generator) -> None:
        """Teach the style critic ``times`` more, on roll-outs and real frames kept from lately: one
        that learns as slowly as the denoiser is fooled by it rather than heeded. Every process
        takes part, also one that has nothing yet."""
        parameters = list(self.style_critic.parameters())
        for _ in range(times):
            if self._made:
                scores = []
                for kept in (self._made, self._real):
                    frames, told = kept[int(torch.randint(len(kept), (1,), generator=generator))]
                    index = self._picked(frames.shape[2] - 1, generator)
                    with torch.autocast(self.device.type, torch.bfloat16):
                        scores.append(self.style_critic(
                            pairs(frames, index), told.repeat_interleave(len(index))
                        ).float())
                (F.relu(1 + scores[0]).mean() + F.relu(1 - scores[1]).mean()).backward()
            flat = average(parameters)
            for p, part in zip(parameters, flat.split([p.numel() for p in parameters])):
                p.grad = part.view_as(p)
            self.style_optimizer.step()
            self.style_optimizer.zero_grad()

    def _picked(self, frames: int, generator: torch.Generator) -> Tensor:
        return torch.randperm(frames, generator=generator)[: self.frames].to(self.device)


def pairs(z: Tensor, index: Tensor) -> Tensor:
    """Frames [B, C, F, h, w] → neighbours [B·len(index), 2C, h, w], cut off from any graph."""
    both = torch.cat([z[:, :, index], z[:, :, index + 1]], 1)
    return both.transpose(1, 2).flatten(0, 1).detach()
