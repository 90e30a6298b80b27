"""What a chunk sees of the past: the files a task names, as latent frames with their addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from core.media.decode import read_frames
from core.media.errors import MediaError
from core.rollout.latents import load_latents
from core.rollout.request import ContextRef
from core.worlds.protocol import Address, LatentFrame, World

#: Context is shown slightly noised, and the model is told so: errors of one chunk are then not
#: taken for truth by the next, which is what keeps long roll-outs from drifting.
CONTEXT_LEVEL = 0.02

HERE = (0.0, 0.0, 0.0)  # the pose of the start: dead reckoning begins here
_PART = 4  # pictures encoded at a time


def context_steps(world: World, refs: Iterable[ContextRef]) -> Iterator[list[LatentFrame]]:
    """Frames of ``refs`` in their order, some at a time, at ``CONTEXT_LEVEL``.

    Raises TensorFileError or MediaError where a file is missing, broken or too short.
    """
    device = device_of(world)
    for ref in refs:
        if ref.holds_latents:
            found = load_latents(ref.path, ref.start, ref.stop)
            check_shape(world, found, ref)
            yield [replace(f, z=f.z.to(device), level=CONTEXT_LEVEL) for f in found]
        else:
            yield from _encoded(world, ref)


def build_context(world: World, refs: Iterable[ContextRef]) -> list[LatentFrame]:
    """``context_steps`` in one call."""
    return [frame for part in context_steps(world, refs) for frame in part]


def device_of(world: World) -> torch.device:
    return next(world.net.parameters()).device


def check_shape(world: World, frames: list[LatentFrame], ref: ContextRef) -> None:
    g = world.geometry
    want = (g.channels, g.latent_height, g.latent_width)
    if frames and tuple(frames[0].z.shape) != want:
        raise MediaError(
            f"{Path(ref.path).name} was made with another world: its frames have the shape "
            f"{tuple(frames[0].z.shape)}, this world's have {want}. Make the chunk again."
        )


def _encoded(world: World, ref: ContextRef) -> Iterator[list[LatentFrame]]:
    """The artist's own frames; they have no known motion, so all stand where the walk begins."""
    g = world.geometry
    found, pictures = 0, []
    for picture in read_frames(ref.path, start=ref.start, count=ref.stop - ref.start):
        if picture.shape != (g.height, g.width, 3):
            raise MediaError(
                f"{Path(ref.path).name} is {picture.shape[1]}×{picture.shape[0]} pixels; this "
                f"world works at {g.width}×{g.height}. Set the start again, so that it is fitted."
            )
        pictures.append(picture)
        if len(pictures) == _PART:
            yield _part(world, pictures, ref.start + found)
            found, pictures = found + len(pictures), []
    if pictures:
        yield _part(world, pictures, ref.start + found)
        found += len(pictures)
    if found < ref.stop - ref.start:
        raise MediaError(
            f"{Path(ref.path).name} has fewer frames than the project says "
            f"({ref.start + found} of {ref.stop}). Set the start again."
        )


def _part(world: World, pictures: list[np.ndarray], first: int) -> list[LatentFrame]:
    z = world.encode(np.stack(pictures))
    return [
        LatentFrame(one, Address(first + i, HERE), CONTEXT_LEVEL) for i, one in enumerate(z)
    ]
