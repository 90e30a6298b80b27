"""The chunk loop in memory: context in, new latents with their addresses out. Nothing else."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from core.diffusion.sampler import OnStep, Step, run_through, sampling
from core.diffusion.window import Window
from core.memory.adapter import Adapter
from core.project.memory_use import adapter_strength
from core.project.model import ActionPart, MemoryUse, Sampling
from core.worlds.protocol import Address, LatentFrame, World

_SAMPLING, _MEMORY = Sampling(), MemoryUse()


def frame_texts(actions: Sequence[ActionPart]) -> list[str]:
    """One action text a frame."""
    return [part.text for part in actions for _ in range(part.frames)]


def chunk_steps(
    world: World,
    adapter: Adapter | None,
    context: Sequence[LatentFrame],
    actions: Sequence[ActionPart],
    scene: str,
    seed: int,
    sampling_as: Sampling,
    memory: MemoryUse,
) -> Generator[Step, None, tuple[Tensor, list[Address]]]:
    """Yields after each sampling step; returns (z [F, C, h, w], addresses).

    ``context`` is oldest first and ends with the present; remembered frames may come before the
    recent ones. The same arguments give the same bits.
    """
    texts = frame_texts(actions)
    addresses = world.addresses(context[-1].address, texts)
    window = Window(context, addresses, texts, scene)
    run = sampling(
        world, window, steps=sampling_as.steps, guidance=sampling_as.guidance,
        generator=torch.Generator().manual_seed(seed),
    )
    if adapter is None:
        z = yield from run
    else:
        with adapter.at(adapter_strength(memory)):
            z = yield from run
    return z.transpose(0, 1).contiguous(), addresses


def make_chunk(
    world: World,
    adapter: Adapter | None,
    context: Sequence[LatentFrame],
    actions: Sequence[ActionPart],
    scene: str,
    seed: int,
    sampling_as: Sampling = _SAMPLING,
    memory: MemoryUse = _MEMORY,
    on_step: OnStep | None = None,
) -> tuple[Tensor, list[Address]]:
    """``chunk_steps`` in one call. Raises SamplingStopped where ``on_step`` asks for it."""
    run = chunk_steps(world, adapter, context, actions, scene, seed, sampling_as, memory)
    return run_through(run, on_step)
