"""Fast learning (paper §3.2, Alg. 1a): after a chunk, the adapter takes gradient steps on it.

The aim is the trajectory, not the step from input to output: context and new frames are all
noised at one level, the text is dropped and every frame is scored. Only the adapter changes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.diffusion.loss import masked_loss, same_level
from core.machine.heap import returned, returned_at_once
from core.memory import guards
from core.memory.adapter import Adapter, seeded
from core.memory.errors import MemoryRefused
from core.memory.presets import LearningSettings, settings_of
from core.memory.snapshot import Frames, Snapshot
from core.memory.start import MemoryStart, load_start
from core.project.model import LearningRecord, WorldRef
from core.rollout.latents import frames_from
from core.worlds.fitting import checkpoints
from core.worlds.protocol import Address, LatentFrame, Pose, World

EARLIER = 8  # chunks that are learned from again, at most
PROBE_SEED = 20410  # the held-out noise is the same for every chunk of every episode


@dataclass(frozen=True)
class _State:
    weights: list[Tensor]
    moments: list[dict[str, Tensor]]
    generator: Tensor


class FastLearner:
    """One episode's learning state: adapter, Adam, generator, counts. The adapter is shared with
    sampling, so ``begin`` or ``resume`` comes before ``learn``."""

    def __init__(
        self, world: World, adapter: Adapter, preset: str = "paper", licence: str = "",
        settings: LearningSettings | None = None,
    ):
        """``settings``: other ones than the preset's (ablations). Raises MemoryRefused."""
        self.world, self.adapter, self.preset, self._licence = world, adapter, preset, licence
        self.settings: LearningSettings = settings or settings_of(preset)
        self._checkpointing = checkpoints(world, self.settings.checkpointing)
        self._start = start_of(world) if self.settings.learned_start else None
        self.begin(0)

    def begin(self, seed: int) -> None:
        """A fresh memory, at home in the walk it begins with."""
        self.generator = seeded(seed)
        self.adapter.fresh(self.generator, self._start)
        self._heard_above(self.settings.quiet_below)
        self.optimiser = self._new_optimiser()
        self.chunks = self.steps = 0
        self.opening = np.zeros(0)

    def resume(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; raises MemoryRefused where it does not fit."""
        self.adapter.home = home_of(snapshot)
        # What was learned at high noise alone stays so, whatever is learned beside it.
        self._heard_above(max(snapshot.quiet_below, self.settings.quiet_below))
        self.adapter.load(snapshot.weights)
        self.optimiser = self._new_optimiser()
        if snapshot.adam_step:
            for name, parameter in self.adapter.parameters.items():
                self.optimiser.state[parameter] = {
                    "step": torch.tensor(float(snapshot.adam_step)),
                    "exp_avg": self._moment(snapshot.exp_avg[name], parameter),
                    "exp_avg_sq": self._moment(snapshot.exp_avg_sq[name], parameter),
                }
        self.generator = torch.Generator()
        try:
            self.generator.set_state(torch.from_numpy(snapshot.generator.copy()))
        except RuntimeError as error:
            raise MemoryRefused("The memory is damaged: its generator is not whole.") from error
        self.chunks, self.steps, self.opening = snapshot.chunks, snapshot.steps, snapshot.opening

    def _heard_above(self, level: float) -> None:
        """Below this noise level the memory is left out of sampling: a fact of the memory."""
        self.quiet_below = self.adapter.quiet_below = level

    def snapshot(self, context: Sequence[LatentFrame]) -> Snapshot:
        """The state as it is now, with the context that the next chunk continues."""
        moments: dict[str, dict[str, np.ndarray]] = {"exp_avg": {}, "exp_avg_sq": {}}
        step = 0
        for name, parameter in self.adapter.parameters.items():
            state = self.optimiser.state.get(parameter, {})
            step = max(step, int(state["step"]) if state else 0)
            for kind, values in moments.items():
                held = state[kind] if state else torch.zeros_like(parameter)
                values[name] = held.detach().cpu().numpy().copy()
        world = WorldRef(self.world.id, self.world.hash, self.world.name)
        return Snapshot(
            world=world, preset=self.preset, rank=self.adapter.rank,
            weights=self.adapter.weights(), **moments, adam_step=step,
            generator=self.generator.get_state().numpy().copy(), opening=self.opening,
            context=Frames(*frames_from(context)), chunks=self.chunks, steps=self.steps,
            licence=self._licence, home=np.array(self.adapter.home or [np.nan] * 3, np.float64),
            quiet_below=self.quiet_below,
        )

    def drawn(self, chunks: int) -> list[int]:
        """Which of ``chunks`` earlier chunks to learn from again beside the next one."""
        if not self.settings.replay or not chunks:
            return []
        order = torch.randperm(chunks, generator=self.generator)
        return sorted(order[:EARLIER].tolist())

    def learn(
        self, context: Sequence[LatentFrame], new: Sequence[LatentFrame],
        earlier: Sequence[Sequence[LatentFrame]] = (),
    ) -> Generator[tuple[int, int], None, LearningRecord]:
        """Gradient steps on ``context`` and ``new`` together, a share of them (see the settings) on
        the chunks ``earlier``; yields (step, steps), returns what happened. Closed early, it leaves
        the memory as it was."""
        began = time.perf_counter()
        if not len(self.opening):
            self.opening = guards.qualities(stacked(context).numpy())
        problem = guards.chunk_problem(stacked(new).numpy(), self.opening)
        if problem:
            return LearningRecord(0, 0.0, 0.0, self.adapter.change(), time.perf_counter() - began, problem)
        before = self._state()
        try:
            with returned_at_once() if self._checkpointing else nullcontext():  # both: thrift
                outcome = yield from self._steps([*context, *new], len(context) - 1, earlier)
        except BaseException:
            self._restore(before)
            self.generator.set_state(before.generator)
            raise
        worst = outcome.loss_before * (1 + self.settings.rise_allowed)
        skipped = None
        if not math.isfinite(outcome.loss_after) or outcome.loss_after > worst:
            self._restore(before)
            skipped = (
                "Not kept: learning this chunk made the memory worse, so it was put back as it was."
            )
        else:
            self.steps += outcome.steps
        self.chunks += skipped is None
        after = outcome.loss_after if math.isfinite(outcome.loss_after) else 0.0
        return LearningRecord(
            outcome.steps, outcome.loss_before, after, self.adapter.change(),
            time.perf_counter() - began, skipped,
        )

    def _steps(
        self, frames: Sequence[LatentFrame], present: int, earlier: Sequence[Sequence[LatentFrame]]
    ) -> Generator[tuple[int, int], None, LearningRecord]:
        world, settings = self.world, self.settings
        if not settings.steps:
            return LearningRecord(0, 0.0, 0.0, 0.0, 0.0)
        y, cond = now = self._window(frames, present)
        before = [self._window(chunk, 0) for chunk in earlier if chunk]
        windows = [now, *before]
        back = [self._window(_backwards(part), present if part is frames else 0)
                for part in (frames, *(c for c in earlier if c))] if settings.reversed else windows
        loss_before = self._held_out(y, cond)
        returned()
        for step in range(settings.steps):
            yield step, settings.steps
            which = 0
            if before and float(torch.rand(1, generator=self.generator)) < settings.replay:
                which = 1 + int(torch.randint(len(before), (1,), generator=self.generator))
            turned = settings.reversed and (
                float(torch.rand(1, generator=self.generator)) < settings.reversed
            )
            z0, given = (back if turned else windows)[which]
            least = settings.least_level
            level = least + (1 - least) * torch.rand(1, generator=self.generator)
            eps = torch.randn(z0.shape, generator=self.generator)
            with (
                self.adapter.learning(settings.places, settings.only_b) as parameters,
                checkpointed(world, self._checkpointing),
            ):
                loss = self._loss(z0, given, float(level), eps)
                grads = torch.autograd.grad(loss, parameters)
                for parameter, grad in zip(parameters, grads):
                    parameter.grad = grad
                norm = torch.nn.utils.clip_grad_norm_(parameters, settings.clip)
                if torch.isfinite(norm):
                    self.optimiser.step()
                    self.adapter.is_fresh = False
            self.adapter.cap(settings.change_cap)
        returned()
        loss_after = self._held_out(y, cond)
        yield settings.steps, settings.steps
        return LearningRecord(settings.steps, loss_before, loss_after, 0.0, 0.0)

    def _window(self, frames: Sequence[LatentFrame], present: int) -> tuple[Tensor, Any]:
        """[1, C, F, h, w] and the condition of one window, without text and expectation."""
        y = stacked(frames).to(self._device).transpose(0, 1)[None].contiguous()
        return y, self.world.condition([f.address for f in frames], present, None, None)

    @torch.no_grad()
    def _held_out(self, y: Tensor, cond: object) -> float:
        """Loss on noise that is never learned from, the same every time."""
        generator = seeded(PROBE_SEED)
        with self.adapter.at(1.0):
            losses = [
                float(self._loss(y, cond, level, torch.randn(y.shape, generator=generator)))
                for level in self.settings.probe_levels
            ]
        return sum(losses) / len(losses)

    def _loss(self, y: Tensor, cond: object, level: float, eps: Tensor) -> Tensor:
        u = same_level(1, y.shape[2], torch.tensor([level], device=y.device))
        return masked_loss(self.world, y, u, torch.ones_like(u), cond, eps.to(y.device))

    @property
    def _device(self) -> torch.device:
        return next(iter(self.adapter.parameters.values())).device

    def _new_optimiser(self) -> torch.optim.Adam:
        named, is_place, settings = self.adapter.parameters, self.adapter.is_place, self.settings
        if self._start is not None:
            rates = self._start.rates
            return torch.optim.Adam(
                [{"params": [p], "lr": rates.get(n, 0.0)} for n, p in named.items()]
            )
        groups = [
            {"params": [p for n, p in named.items() if is_place(n) == place], "lr": rate}
            for place, rate in ((False, settings.learning_rate), (True, settings.place_rate))
        ]
        return torch.optim.Adam([g for g in groups if g["params"]])

    def _state(self) -> _State:
        moments = [
            {k: v.clone() for k, v in self.optimiser.state.get(p, {}).items()}
            for p in self.adapter.parameters.values()
        ]
        return _State(self.adapter.copies(), moments, self.generator.get_state())

    def _restore(self, state: _State) -> None:
        """Weights and moments as they were; the generator goes on."""
        self.adapter.restore(state.weights)
        self.optimiser = self._new_optimiser()
        for parameter, held in zip(self.adapter.parameters.values(), state.moments):
            if held:
                self.optimiser.state[parameter] = held

    @staticmethod
    def _moment(values: np.ndarray, like: Tensor) -> Tensor:
        return torch.from_numpy(values.copy()).to(like.device)


def _backwards(frames: Sequence[LatentFrame]) -> list[LatentFrame]:
    """As if the walk had gone the other way: the same places, met in the opposite order."""
    return [
        LatentFrame(f.z, Address(-f.address.time, f.address.pose), f.level) for f in reversed(frames)
    ]


def start_of(world: World) -> MemoryStart:
    """What a memory of ``world`` begins with; raises MemoryRefused where nobody learned that."""
    path = getattr(world, "memory_start", None)
    if path is None:
        raise MemoryRefused(
            f"{world.name or 'This world'} has no learned start for a memory. Nothing was changed; "
            "choose another way to remember."
        )
    return load_start(path)


def home_of(snapshot: Snapshot) -> Pose | None:
    """Where the axes of its adapter stood in the walk it was taken in; None: not known there."""
    x, y, yaw = snapshot.home.tolist()
    return (x, y, yaw) if np.isfinite(snapshot.home).all() else None


def stacked(frames: Sequence[LatentFrame]) -> Tensor:
    """[F, C, h, w] on the processor, cut off from any graph."""
    return torch.stack([f.z.detach().float().cpu() for f in frames])


@contextmanager
def checkpointed(world: World, on: bool) -> Iterator[None]:
    """Inside the block the world's network keeps few activations, where it can (a UNet3D can't)."""
    net = world.net
    if not on or not getattr(net, "_supports_gradient_checkpointing", False):
        yield
        return
    before = net.is_gradient_checkpointing
    net.enable_gradient_checkpointing()
    try:
        yield
    finally:
        if not before:
            net.disable_gradient_checkpointing()
