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
from core.worlds.protocol import Address, Batches, LatentFrame, World
from core.worlds.ways import EXACT

_SAMPLING, _MEMORY = Sampling(), MemoryUse()


def frame_texts(actions: Sequence[ActionPart]) -> list[str]:
    """One action text a picture."""
    return [part.text for part in actions for _ in range(part.frames)]


def plan(
    world: World, last: Address, actions: Sequence[ActionPart]
) -> tuple[list[Address], list[str]]:
    """(address, text) of each latent frame that ``actions`` lead to from ``last``.

    Actions are given in pictures. Where several go into a latent frame it stands where the last of
    them does, and is asked for what most of them are (the earlier of equals). Pictures that do not
    fill a latent frame are filled up with the last action.
    """
    texts, stride = frame_texts(actions), world.geometry.t_stride
    texts += texts[-1:] * (-len(texts) % stride)
    return world.addresses(last, texts)[stride - 1 :: stride], latent_texts(texts, stride)


def latent_texts(texts: Sequence[str], stride: int) -> list[str]:
    """One text a picture → one a latent frame: most of its pictures', the earlier of equals."""
    parts = (list(texts[i : i + stride]) for i in range(0, len(texts), stride))
    return [max(part, key=part.count) for part in parts]


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
    addresses, texts = plan(world, context[-1].address, actions)
    window = Window(context, addresses, texts, scene)
    run = sampling(
        world, window, steps=sampling_as.steps, guidance=sampling_as.guidance,
        generator=torch.Generator().manual_seed(seed), way=sampling_as.way,
        within=adapter.heard_at if adapter is not None else None,
    )
    if adapter is None:
        z = yield from run
    else:
        with adapter.at(adapter_strength(memory)):
            z = yield from run
    return z.transpose(0, 1).contiguous(), addresses


def why_exact(world: World, way: str) -> str:
    """Why a chunk that is asked for in this ``way`` is sampled exactly, as the end of a sentence;
    "" where it is not, or was to be. See ``Batches.why_not``."""
    if way == EXACT:
        return ""
    return world.why_not(way) if isinstance(world, Batches) else "this world does not allow it"


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
