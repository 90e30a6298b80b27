"""An adapter's beginning, and what makes it better: gradients through a few steps of fast learning."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from core.diffusion.loss import masked_loss, same_level
from core.learning.clips import Clips, from_step
from core.learning.trainer import learning_rate
from core.memory.adapter import Adapter, adds, seeded
from core.memory.fast_learning import stacked
from core.memory.presets import LearningSettings
from core.memory.start import MemoryStart
from core.rollout.context import CONTEXT_LEVEL
from core.worlds.poses import apart, from_home
from core.worlds.protocol import Address, LatentFrame, World

INNER = 3  # steps that gradients go through
CHUNKS = 8  # that an adapter lives through
ALIVE = 4  # adapters at a time
NEAR = 0.6  # a walk has come back where its frames are no farther from older ones (see ``apart``)
_BETAS, _EPS = (0.9, 0.999), 1e-8  # Adam's usual ones, as in fast learning

Weights = dict[str, Tensor]
Query = tuple[Tensor, Tensor, Tensor, Any, Tensor]


@dataclass
class Life:
    """An adapter on its way through a walk: what its parameters have gained since they began, and
    Adam's moments."""

    walk: int
    frames: list[LatentFrame]
    chunk: int = 0
    steps: int = 0
    gained: Weights = field(default_factory=dict)
    mean: Weights = field(default_factory=dict)
    square: Weights = field(default_factory=dict)


class MetaLearner:
    """The start of an adapter on ``world``, and what makes it better.

    Fast learning is that of ``settings`` (one noise level for all frames, no text, Adam), but what
    Adam divides by counts as given: its first step would else be a sign, and tell nothing.
    """

    def __init__(
        self, world: World, clips: Clips, settings: LearningSettings, seed: int = 0,
        start_rate: float = 1e-3, rates_rate: float = 0.03,
    ):
        self.world, self.clips, self.settings = world, clips, settings
        self.adapter = Adapter(world, settings.rank)
        self.adapter.fresh(seed)
        place = self.adapter.is_place
        held = self.adapter.parameters
        self.start: Weights = {
            n: p.detach().clone().requires_grad_() for n, p in held.items() if not adds(n)
        }
        self.log_rates: Weights = {
            n: torch.tensor(float(np.log(
                settings.place_rate if place(n) else settings.learning_rate
            )), requires_grad=True)
            for n in held
        }
        self.optimizer = torch.optim.Adam([
            {"params": list(self.start.values()), "lr": start_rate},
            {"params": list(self.log_rates.values()), "lr": rates_rate},
        ])
        self._base_rates = [start_rate, rates_rate]
        names = {id(p): n for n, p in world.net.named_parameters()}
        self._names = {n: f"net.{names[id(p)]}" for n, p in held.items()}
        self._scored = _Scored(world)
        self._seed = seed
        self._draw(seed)
        self.lives: list[Life] = []
        self.step = 0

    def _draw(self, seed: int) -> None:
        """Walks, windows and noise from here on as ``seed`` says."""
        self._generator = seeded(seed)
        self._rng = np.random.default_rng(seed)
        self.clips.seed(seed)

    def found(self) -> MemoryStart:
        """What has been learned so far."""
        return MemoryStart(
            self.settings.rank, {n: p.detach().numpy().copy() for n, p in self.start.items()},
            {n: float(r.detach().exp()) for n, r in self.log_rates.items()},
        )

    def learn(self, share: float) -> tuple[float, float]:
        """One outer step at ``share`` of the run; returns the loss of the revisit before and after
        the inner steps it went through."""
        life = self._next_life()
        query = self._query(life)
        now = self._begun(life)
        with torch.no_grad():
            before = float(self._run(now, *query))
        for _ in range(INNER):
            now = self._stepped(life, now)
        loss = self._run(now, *query)
        self.optimizer.zero_grad()
        loss.backward()
        after = float(loss.detach())
        if np.isfinite(after):
            for group, rate in zip(self.optimizer.param_groups, self._base_rates):
                group["lr"] = rate * learning_rate(share, self.step)
            nn.utils.clip_grad_norm_(self.start.values(), 1.0)
            self.optimizer.step()
            self._rescale()
        self._keep(life, now, np.isfinite(after))
        self.step += 1
        return before, after

    @torch.no_grad()
    def _rescale(self) -> None:
        """The rates' common scale, of the page and of the rest, back to the preset's."""
        place, settings = self.adapter.is_place, self.settings
        for kind, rate in ((False, settings.learning_rate), (True, settings.place_rate)):
            rates = [r for n, r in self.log_rates.items() if place(n) == kind]
            away = torch.stack(rates).mean() - float(np.log(rate)) if rates else 0.0
            for one in rates:
                one -= away

    # ---- one life -------------------------------------------------------------------------------

    def _next_life(self) -> Life:
        while len(self.lives) < ALIVE:
            self.lives.append(self._new_life())
        at = self.step % ALIVE
        life = self.lives[at]
        if life.chunk >= CHUNKS or life.chunk < 0:
            life = self.lives[at] = self._new_life()
        return life

    def _new_life(self) -> Life:
        walks = self.clips.walks
        index = int(self._rng.integers(len(walks)))
        poses = self.clips.mixture.where[index].poses
        seen = zip(walks[index].latents, from_home(poses, poses[0]))
        return Life(index, [
            LatentFrame(z.float(), Address(i, tuple(pose)), CONTEXT_LEVEL)
            for i, (z, pose) in enumerate(seen)
        ])

    def _begun(self, life: Life) -> Weights:
        """The parameters as they are now: what they begin with, and what they gained."""
        return {
            n: self.start[n] + life.gained.get(n, 0.0) if n in self.start
            else life.gained.get(n, torch.zeros_like(p)).clone().requires_grad_()
            for n, p in self.adapter.parameters.items()
        }

    def _stepped(self, life: Life, now: Weights) -> Weights:
        """One step of fast learning, kept in the graph."""
        replay = life.chunk and float(self._rng.random()) < self.settings.replay
        chunk = int(self._rng.integers(life.chunk)) if replay else life.chunk
        n = self.clips.n_new
        frames = life.frames[chunk * n : chunk * n + 4 + n]
        present = 3
        if replay:  # an earlier chunk is learned without what came before it, as in the studio
            frames, present = frames[4:], 0
        y = stacked(frames).transpose(0, 1)[None].contiguous()
        cond = self.world.condition([f.address for f in frames], present, None, None)
        least = self.settings.least_level
        level = least + (1 - least) * torch.rand(1, generator=self._generator)
        u = same_level(1, y.shape[2], level)
        eps = torch.randn(y.shape, generator=self._generator)
        loss = self._run(now, y, u, torch.ones_like(u), cond, eps)
        slopes = torch.autograd.grad(loss, list(now.values()), create_graph=True)
        norm = torch.stack([s.detach().norm() for s in slopes]).norm()
        shrink = min(1.0, self.settings.clip / (float(norm) + 1e-6))
        life.steps += 1
        made: Weights = {}
        for name, slope in zip(now, slopes):
            slope = slope * shrink
            mean = _BETAS[0] * life.mean.get(name, 0.0) + (1 - _BETAS[0]) * slope
            square = life.square.get(name, 0.0) * _BETAS[1]
            square = square + (1 - _BETAS[1]) * slope.detach().square()
            root = (square / (1 - _BETAS[1] ** life.steps)).sqrt() + _EPS
            way = mean / (1 - _BETAS[0] ** life.steps) / root
            made[name] = now[name] - self.log_rates[name].exp() * way
            life.mean[name], life.square[name] = mean, square
        return made

    def _keep(self, life: Life, now: Weights, sound: bool) -> None:
        """Cut the graph: from here on what was gained counts as given."""
        if not sound:
            life.chunk = -1
            return
        life.gained = {n: (v - self.start.get(n, 0.0)).detach() for n, v in now.items()}
        life.mean = {n: v.detach() for n, v in life.mean.items()}
        if life.steps >= (life.chunk + 1) * self.settings.steps:
            life.chunk += 1
            if (life.chunk + 1) * self.clips.n_new + 4 > len(life.frames):
                life.chunk = CHUNKS

    # ---- what is asked of it --------------------------------------------------------------------

    def _query(self, life: Life) -> Query:
        """Two windows that look at what the adapter has seen: (z0, u, mask, condition, noise)."""
        where = self.clips.mixture.where[life.walk]
        n = self.clips.n_new
        at = [self._rng.choice(self._returns(where.poses, life.chunk)) for _ in range(2)]
        clips = [
            self.clips.clip_at(self.clips.walks[life.walk], where, int(i), 0, 4) for i in at
        ]
        batch = self.clips.compose(clips, 4, worn=False)
        z0 = batch.z0
        u = batch.u.clone()
        u[:, :4] = 0
        least = self.settings.least_level
        u[:, 4:] = (least + (1 - least) * torch.rand(2, 1, generator=self._generator)).expand(-1, n)
        kept = [0, 3]
        expected = self.world.expectations(
            z0[:, :, kept].transpose(1, 2), batch.seen_from[:, kept], batch.seen_from[:, 4:]
        )
        condition = replace(batch.condition, expected=expected)
        eps = torch.randn(z0.shape, generator=self._generator)
        return z0, u, batch.mask, condition, eps

    def _returns(self, poses: np.ndarray, chunk: int) -> np.ndarray:
        """Frames after which the walk looks at what it saw up to ``chunk``, where the last frames
        don't show it; where there are none, the beginnings of what was seen."""
        n = self.clips.n_new
        seen = 4 + (chunk + 1) * n
        later = np.arange(seen - 1, len(poses) - n)
        away = apart(poses[:seen], poses)
        known = np.array([away[:, i + 1 : i + 1 + n].min(0).mean() for i in later])
        here = np.array([
            apart(poses[i - 3 : i + 1], poses[i + 1 : i + 1 + n]).min(0).mean() for i in later
        ])
        found = later[(known < NEAR) & (known < here)] if len(later) else later
        if not len(found) or self._rng.random() < 0.3:
            found = np.arange(3, seen - n)
        return found

    def _run(self, now: Weights, y: Tensor, u: Tensor, mask: Tensor, cond: object, eps: Tensor) -> Tensor:
        with self.adapter.learning(self.settings.places):
            return functional_call(
                self._scored, {self._names[n]: v for n, v in now.items()}, (y, u, mask, cond, eps)
            )

    # ---- to go on later -------------------------------------------------------------------------

    def state(self) -> dict:
        return {
            "of": "memory start", "step": self.step, "optimizer": self.optimizer.state_dict(),
            "start": {n: p.detach() for n, p in self.start.items()},
            "log_rates": {n: p.detach() for n, p in self.log_rates.items()},
        }

    def restore(self, saved: dict) -> None:
        """Go on from what ``state`` gave; what was drawn up to there is not drawn again."""
        with torch.no_grad():
            for held, values in ((self.start, saved["start"]), (self.log_rates, saved["log_rates"])):
                for name, parameter in held.items():
                    parameter.copy_(values[name])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step = saved["step"]
        self._draw(from_step(self._seed, self.step))


class _Scored(nn.Module):
    """The masked loss as a module, so that the network's parameters can be stood in for."""

    def __init__(self, world: World):
        super().__init__()
        self.net = world.net
        self._world = [world]  # not a module: its parts are not this one's

    def forward(self, y: Tensor, u: Tensor, mask: Tensor, cond: object, eps: Tensor) -> Tensor:
        return masked_loss(self._world[0], y, u, mask, cond, eps)
