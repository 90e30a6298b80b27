"""Training clips: remembered frames, a few recent ones, then new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from core.learning.language import name_place, say
from core.learning.mixture import Say, read_mixture
from core.learning.shards import FIRST_PERSON, WalkData
from core.learning.whereabouts import Whereabouts
from core.memory.bank import choose, moments
from core.worlds.poses import apart, from_home
from core.worlds.starter.denoiser import Condition
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.starter.world import seen_from

#: Recent frames and how often: a start picture is one frame, later chunks have four.
RECENT = ((1, 0.15), (2, 0.05), (4, 0.8))
#: Remembered frames beside four recent ones, and how often.
REMEMBERED = ((0, 0.4), (1, 0.08), (2, 0.17), (3, 0.1), (4, 0.25))
#: The same where all cameras stay: what is asked for is told apart by what was there at first.
REMEMBERED_BY_STAYING = ((0, 0.15), (2, 0.15), (4, 0.7))
#: Moments drawn there for one clip, of which that with the most change is taken: for most of the
#: time an arm is in the air, and no block stands where it did not stand before.
MOMENTS = 3
ANY_FRAME = 0.15  # share of clips whose remembered frames are drawn at random
#: A generated context has lost some detail and contrast: share of clips, and how much at most.
WORN, WORN_DETAIL, WORN_CONTRAST = 0.5, 0.45, 0.1
NO_TEXT, NO_ACTION = 0.10, 0.05
ALL_NOISED = 0.15  # share of batches as fast learning makes them (paper §3.2)

Held = TypeVar("Held")


@dataclass(frozen=True)
class Clip:
    """Frames ``index`` [F] of ``walk``, the last ones new: latents [F, C, h, w], poses [F, 3]."""

    walk: WalkData
    index: np.ndarray
    z: Tensor
    poses: np.ndarray
    home: np.ndarray  # [3] where the walk began
    verbs: np.ndarray  # of the new frames
    lost: np.ndarray | None  # of the new frames, see ``Whereabouts``; None: poses are exact


@dataclass(frozen=True)
class Batch:
    """z0 [B, C, F, h, w]; u, mask [B, F]; the condition of the denoiser; styles [B].

    ``seen_from`` [B, F, 3] are the poses that are expected from: not a number where nothing is
    known. A style is a first-person one; clips of other domains have -1.
    """

    z0: Tensor
    u: Tensor
    mask: Tensor
    condition: Condition
    seen_from: Tensor
    styles: Tensor
    fast: bool = False  # as fast learning makes it: nothing is expected

    def to(self, device: torch.device | str) -> Batch:
        """All of its tensors on ``device``."""
        return _moved(replace(self, condition=_moved(self.condition, device)), device)


class Clips:
    """Draws batches from all recordings in memory. Clips of several domains share a batch: all of
    them have the same number of context frames."""

    def __init__(
        self, folder: Path, text: StarterTextEncoder, n_new: int = 8, seed: int = 0,
        sources: Sequence[str] = (FIRST_PERSON,), shares: Sequence[float] | None = None,
        say: Say = print,
    ):
        """See ``read_mixture`` for ``sources``, ``shares`` and what is raised."""
        least = max(r for r, _ in RECENT) + max(r for r, _ in REMEMBERED) + n_new
        self.mixture = read_mixture(folder, text, least, sources, shares, say)
        self.walks: list[WalkData] = self.mixture.walks
        self.text, self.n_new = text, n_new
        stay = all(where.stays for where in self.mixture.where)
        self.remembered = REMEMBERED_BY_STAYING if stay else REMEMBERED
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Draw from here on as ``seed`` says."""
        self.rng = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def batch(self, size: int) -> Batch:
        rng = self.rng
        recent = int(rng.choice(*_drawn(RECENT)))
        remembered = int(rng.choice(*_drawn(self.remembered))) if recent == 4 else 0
        clips = [self._clip(remembered, recent) for _ in range(size)]
        return self.compose(clips, remembered + recent, rng.random() < ALL_NOISED)

    def batch_at(self, walk: int, now: int, size: int, jitter: int = 4) -> Batch:
        """``size`` clips of one walk that continue its frame ``now`` or one soon after, without
        remembered frames: what the slow-fast loop asks fast weights to help with."""
        found, where = self.walks[walk], self.mixture.where[walk]
        latest = min(now + jitter, len(found.verbs) - self.n_new - 1)
        at = self.rng.integers(now, max(now, latest) + 1, size=size)
        return self.compose([self.clip_at(found, where, int(i), 0, 4) for i in at], 4)

    def compose(
        self, clips: list[Clip], past: int, fast: bool = False, worn: bool = True
    ) -> Batch:
        """One batch of clips with ``past`` context frames each; ``worn``: some contexts with less
        detail and contrast."""
        size = len(clips)
        z0 = torch.stack([c.z for c in clips]).transpose(1, 2).float()
        poses = torch.from_numpy(np.stack([c.poses for c in clips]))
        times = torch.from_numpy(np.stack([c.index for c in clips])).float()
        action, scene = self._texts(clips, past, fast)
        poses[..., :2] -= poses[:, past - 1 : past, :2].clone()
        pose = poses.float()
        walked = torch.from_numpy(np.stack([from_home(c.poses, c.home) for c in clips])).float()
        condition = Condition(
            action, scene, pose, times - times[:, past - 1 : past], past - 1, walked=walked
        )
        looked = torch.stack([
            p if c.lost is None else seen_from(p, past - 1, c.lost.tolist())
            for c, p in zip(clips, pose)
        ])
        u, mask = self._noise(size, past, fast)
        if worn and not fast:
            z0[:, :, :past] = self._worn(z0[:, :, :past])
        styles = torch.tensor([c.walk.style for c in clips])
        return Batch(z0, u, mask, condition, looked, styles, fast)

    def _clip(self, remembered: int, recent: int) -> Clip:
        rng = self.rng
        drawn = self.mixture.draw(rng)
        walk, where = self.walks[drawn], self.mixture.where[drawn]
        first = recent - 1 if not remembered else recent + max(remembered, 8)
        now = self._moment(walk, where, first)
        return self.clip_at(walk, where, now, remembered, recent)

    def _moment(self, walk: WalkData, where: Whereabouts, first: int) -> int:
        """A frame to continue, ``first`` or later."""
        end = len(walk.verbs) - self.n_new
        some = self.rng.integers(min(first, end - 1), end, MOMENTS if where.stays else 1).tolist()
        return max(some, key=partial(self._change, walk)) if len(some) > 1 else some[0]

    def _change(self, walk: WalkData, now: int) -> float:
        """How much of the picture is another one at the end of the chunk that follows ``now``."""
        after, before = walk.latents[now + self.n_new].float(), walk.latents[now].float()
        return float((after - before).square().mean())

    def clip_at(
        self, walk: WalkData, where: Whereabouts, now: int, remembered: int, recent: int,
        oldest: int = 0,
    ) -> Clip:
        """The clip that continues frame ``now``; none of its frames is older than ``oldest``."""
        new = np.arange(now + 1, now + self.n_new + 1)
        here = np.arange(now - recent + 1, now + 1)
        old = self._remembered(where.poses, here, new, remembered, oldest)
        index = np.concatenate([old, here, new])
        return Clip(
            walk, index, walk.latents[index], where.poses[index], where.poses[0], walk.verbs[new],
            None if where.exact else where.lost[new],
        )

    def _remembered(
        self, poses: np.ndarray, here: np.ndarray, new: np.ndarray, count: int, oldest: int = 0
    ) -> np.ndarray:
        """Indices of ``count`` frames before ``here``, as the bank would choose; oldest first."""
        if not count:
            return np.zeros(0, int)
        old = np.arange(oldest, here[0])
        found: list[int] = []
        if self.rng.random() >= ANY_FRAME:
            have = apart(poses[here], poses[new]).min(0)
            found = [int(old[i]) for i in choose(apart(poses[old], poses[new]), have, count)]
            if not found and bool((poses[oldest : new[-1] + 1] == poses[oldest]).all()):
                found = [int(old[i]) for i in moments(len(old), count)]
        rest = self.rng.permutation(np.setdiff1d(old, found))[: count - len(found)]
        return np.sort(np.concatenate([np.array(found, int), rest]))

    def _worn(self, z: Tensor) -> Tensor:
        """Some contexts [B, C, P, h, w] with less detail and contrast, as generated ones have. The
        first three channels are a patch's colour, the others its detail."""
        g, b = self.generator, len(z)
        worn = (torch.rand(b, 1, 1, 1, 1, generator=g) < WORN).float()
        detail = 1 - WORN_DETAIL * worn * torch.rand(b, 1, 1, 1, 1, generator=g)
        contrast = 1 - WORN_CONTRAST * worn * torch.rand(b, 1, 1, 1, 1, generator=g)
        mean = z.mean((2, 3, 4), keepdim=True)
        return mean + (z - mean) * contrast * torch.cat(
            [torch.ones(b, 3, 1, 1, 1), detail.expand(-1, z.shape[1] - 3, -1, -1, -1)], 1
        )

    @torch.no_grad()
    def _texts(self, clips: list[Clip], past: int, fast: bool) -> tuple[Tensor, Tensor]:
        """Features of one phrasing per run of an action, and of one name of each place, each as its
        domain says it."""
        features = self.text.config.features
        size = len(clips)
        action = torch.zeros(size, past + self.n_new, features)
        scene = torch.zeros(size, features)
        if fast:
            return action, scene
        rng = self.rng
        spans: list[tuple[int, int, int]] = []
        phrases: list[str] = []
        for i, (walk, verbs) in enumerate((c.walk, c.verbs) for c in clips):
            if rng.random() < NO_TEXT:
                continue
            edges = [0, *(np.flatnonzero(np.diff(verbs)) + 1).tolist(), len(verbs)]
            for a, b in zip(edges, edges[1:]):
                if rng.random() >= NO_ACTION:
                    spans.append((i, past + a, past + b))
                    phrases.append(say(walk.names[verbs[a]], rng, domain=walk.source))
        if phrases:
            for (i, a, b), feature in zip(spans, self.text(phrases)):
                action[i, a:b] = feature
        named = [i for i in range(size) if rng.random() >= NO_TEXT]
        if named:
            walks = [clips[i].walk for i in named]
            scene[named] = self.text([name_place(w.place, rng, w.source) for w in walks])
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


def from_step(seed: int, step: int) -> int:
    """The seed of what a run of ``seed`` draws from ``step`` on: one that goes on must not draw
    again what it drew before it was stopped."""
    return seed + step * 7919


def _drawn(table: tuple[tuple[int, float], ...]) -> tuple[list[int], None, bool, list[float]]:
    """``table`` as the arguments of ``Generator.choice``."""
    values, shares = zip(*table)
    return list(values), None, True, list(shares)


def _moved(held: Held, device: torch.device | str) -> Held:
    """A dataclass with its tensors on ``device``."""
    parts = {f.name: getattr(held, f.name) for f in fields(held)}
    return replace(held, **{k: v.to(device) for k, v in parts.items() if isinstance(v, Tensor)})
