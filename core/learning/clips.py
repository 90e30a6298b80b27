"""Training clips: a few context frames (one of them sometimes from long ago), then new ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.learning.data import VERBS, WalkData, read_walks
from core.learning.language import name_place, say
from core.learning.scenes.scene import STYLES
from core.worlds.starter.denoiser import Condition
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.starter.world import anchors

#: Context lengths and how often each is drawn: a start picture is one frame, later chunks have four.
CONTEXT = ((1, 0.2), (2, 0.1), (4, 0.7))
REMEMBERED = 0.35  # share of full contexts whose oldest frame comes from long ago
NO_TEXT, NO_ACTION = 0.10, 0.05
ALL_NOISED = 0.15  # share of batches as fast learning makes them (paper §3.2)


@dataclass(frozen=True)
class Batch:
    """z0 [B, C, F, h, w]; u, mask [B, F]; the condition of the denoiser."""

    z0: Tensor
    u: Tensor
    mask: Tensor
    condition: Condition


class Clips:
    """Draws batches from all walks in memory."""

    def __init__(self, folder: Path, text: StarterTextEncoder, n_new: int = 8, seed: int = 0):
        self.walks: list[WalkData] = list(read_walks(folder))
        if not self.walks:
            raise FileNotFoundError(f"No shards in {folder}; make them with core.learning.data.")
        self.text, self.n_new = text, n_new
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Draw from here on as ``seed`` says."""
        self.rng = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def batch(self, size: int) -> Batch:
        rng = self.rng
        lengths, shares = zip(*CONTEXT)
        past = int(rng.choice(lengths, p=shares))
        clips = [self._clip(past) for _ in range(size)]
        z0 = torch.stack([c[0] for c in clips]).transpose(1, 2).float()
        poses = torch.from_numpy(np.stack([c[1] for c in clips]))
        times = torch.from_numpy(np.stack([c[2] for c in clips])).float()
        fast = rng.random() < ALL_NOISED
        action, scene = self._texts([c[3] for c in clips], [c[4] for c in clips], past, fast)
        poses[..., :2] -= poses[:, past - 1 : past, :2].clone()
        condition = Condition(
            action, scene, poses.float(), times - times[:, past - 1 : past], past - 1,
            anchors(past - 1),
        )
        u, mask = self._noise(size, past, fast)
        return Batch(z0, u, mask, condition)

    def _clip(self, past: int) -> tuple[Tensor, np.ndarray, np.ndarray, np.ndarray, int]:
        rng = self.rng
        walk = self.walks[int(rng.integers(len(self.walks)))]
        length = len(walk.poses)
        now = int(rng.integers(past - 1, length - self.n_new))
        index = np.arange(now - past + 1, now + self.n_new + 1)
        if past == 4 and now > 12 and rng.random() < REMEMBERED:
            # Of a few old frames, the one that looks most at where the new frames lead.
            old = rng.integers(0, now - 6, size=6)
            middle = walk.poses[now + self.n_new // 2]
            away = np.hypot(*(walk.poses[old, :2] - middle[:2]).T)
            turned = np.abs(np.sin((walk.poses[old, 2] - middle[2]) / 2))
            index[0] = old[int(np.argmin(away + 2 * turned))]
        return (
            walk.latents[index], walk.poses[index].copy(), index,
            walk.verbs[index[past:]], walk.style,
        )

    @torch.no_grad()
    def _texts(
        self, verbs: list[np.ndarray], styles: list[int], past: int, fast: bool
    ) -> tuple[Tensor, Tensor]:
        """Features of one phrasing per run of a verb, and of one name of each place."""
        features = self.text.config.features
        size = len(verbs)
        action = torch.zeros(size, past + self.n_new, features)
        scene = torch.zeros(size, features)
        if fast:
            return action, scene
        rng = self.rng
        spans: list[tuple[int, int, int]] = []
        phrases: list[str] = []
        for i, clip in enumerate(verbs):
            if rng.random() < NO_TEXT:
                continue
            edges = [0, *(np.flatnonzero(np.diff(clip)) + 1).tolist(), len(clip)]
            for a, b in zip(edges, edges[1:]):
                if rng.random() >= NO_ACTION:
                    spans.append((i, past + a, past + b))
                    phrases.append(say(VERBS[clip[a]], rng))
        if phrases:
            for (i, a, b), feature in zip(spans, self.text(phrases)):
                action[i, a:b] = feature
        named = [i for i in range(size) if rng.random() >= NO_TEXT]
        if named:
            scene[named] = self.text([name_place(STYLES[styles[i]], rng) for i in named])
        return action, scene

    def _noise(self, size: int, past: int, fast: bool) -> tuple[Tensor, Tensor]:
        """Noise levels and which frames are scored."""
        g, frames = self.generator, past + self.n_new
        level = torch.sigmoid(torch.randn(size, 1, generator=g) * 1.1 + 0.4)
        pure = torch.rand(size, 1, generator=g) < 0.12
        level = torch.where(pure, torch.ones_like(level), level)
        if fast:
            return level.expand(-1, frames).clone(), torch.ones(size, frames)
        u = level.expand(-1, frames).clone()
        # A context shown slightly noised, its level told: what keeps long roll-outs from drifting.
        shown = torch.rand(size, past, generator=g) * 0.1
        clean = torch.rand(size, 1, generator=g) < 0.35
        u[:, :past] = torch.where(clean, torch.zeros_like(shown), shown)
        mask = torch.zeros(size, frames)
        mask[:, past:] = 1
        return u, mask
