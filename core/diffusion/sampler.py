"""Masked sampling: the past stays as it is, the future is drawn from noise. For every world."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from torch import Tensor

from core.diffusion.contrast import keep_contrast
from core.diffusion.window import Window
from core.worlds.protocol import Batches, World

#: Steps done, steps, clean estimate of the new frames [C, F, h, w].
Step = tuple[int, int, Tensor]
#: Called with each step; returns False to stop.
OnStep = Callable[[int, int, Tensor], bool]
Result = TypeVar("Result")


class SamplingStopped(Exception):
    """``on_step`` asked to stop."""


@torch.no_grad()
def sampling(
    world: World, window: Window, *, steps: int, guidance: float, generator: torch.Generator,
    way: str = "exact", within: Callable[[float], AbstractContextManager] | None = None,
) -> Generator[Step, None, Tensor]:
    """Draw the new frames [C, F_new, h, w] that continue ``window.context``, step by step.

    Yields (steps done, steps, clean estimate of the new frames [C, F_new, h, w]) after each step
    and returns the last z. Context frames are shown at their own noise level, drawn once; they
    are never stepped. Closing the generator stops the sampling. ``way``: see ``core.worlds.ways``;
    exactly where the world does not allow it. ``within``: what a step at a noise level is taken in.
    """
    g = world.geometry
    past = window.stacked_context()  # [1, C, P, h, w]
    p, n = past.shape[2], window.new_frames
    noise = torch.randn(
        (1, g.channels, p + n, g.latent_height, g.latent_width), generator=generator
    ).to(past.device)
    levels = window.context_levels(past.device)  # [1, P]
    shown = world.add_noise(past, noise[:, :, :p], levels)
    z = noise[:, :, p:]
    predicted = _Guided(world, window, guidance)
    schedule = world.schedule(steps)
    with world.sampled(way) if isinstance(world, Batches) else nullcontext():
        for i, (u, u_next) in enumerate(zip(schedule, schedule[1:]), start=1):
            u_all = torch.cat([levels, torch.full((1, n), u, device=past.device)], 1)
            with within(u) if within is not None else nullcontext():
                out = predicted(torch.cat([shown, z], 2), u_all)[:, :, p:]
            z, clean = world.step(z, out, u, u_next)
            if i == steps and world.holds_contrast:
                z = clean = keep_contrast(z[0], past[0])[None]
            yield i, steps, clean[0]
    return z[0]


class _Guided:
    """What the denoiser says of a window, led away from what it says without the text: in two
    calls, or in one where the world prefers that."""

    def __init__(self, world: World, window: Window, guidance: float):
        self._world, self._guidance = world, guidance
        self._conds = [window.condition(world)]
        self._both = None
        if guidance != 1.0:
            self._conds.append(window.condition(world, text=False))
            if isinstance(world, Batches):
                self._both = world.together(self._conds)

    def __call__(self, z: Tensor, u: Tensor) -> Tensor:
        if self._both is not None:
            twice = z.expand(2, -1, -1, -1, -1), u.expand(2, -1)
            out, base = self._world.forward(*twice, self._both).split(1)
        else:
            out, *rest = (self._world.forward(z, u, cond) for cond in self._conds)
            if not rest:
                return out
            (base,) = rest
        return base + self._guidance * (out - base)


def sample(
    world: World,
    window: Window,
    *,
    steps: int,
    guidance: float,
    generator: torch.Generator,
    on_step: OnStep | None = None,
) -> Tensor:
    """``sampling`` in one call: new frames [C, F_new, h, w]. Raises SamplingStopped."""
    run = sampling(world, window, steps=steps, guidance=guidance, generator=generator)
    return run_through(run, on_step)


def run_through(run: Generator[Step, None, Result], on_step: OnStep | None) -> Result:
    """What ``run`` returns, each of its steps told to ``on_step``. Raises SamplingStopped."""
    while True:
        try:
            step = next(run)
        except StopIteration as end:
            return end.value
        if on_step is not None and not on_step(*step):
            run.close()
            raise SamplingStopped
