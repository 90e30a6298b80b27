"""What a chunk sees of the past: the files a task names, as latent frames with their addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from core.media.decode import read_frames
from core.media.errors import MediaError
from core.rollout.latents import load_latents
from core.rollout.request import LEAD, ContextRef
from core.worlds.protocol import CONTEXT_LEVEL as CONTEXT_LEVEL
from core.worlds.protocol import Address, Geometry, LatentFrame, World, device_of

HERE = (0.0, 0.0, 0.0)  # the pose of the start: dead reckoning begins here
_PART = 4  # pictures encoded at a time


class Encoded:
    """What pictures were encoded to, for one world: a start is in front of every chunk of a walk,
    and an autoencoder takes long over it. A file that has changed is another one."""

    def __init__(self, most: int = 8):
        self._most = most
        self._held: dict[tuple[object, ...], list[LatentFrame]] = {}

    def get(self, ref: ContextRef) -> list[LatentFrame] | None:
        return self._held.get(self._key(ref))

    def put(self, ref: ContextRef, frames: list[LatentFrame]) -> None:
        while len(self._held) >= self._most:
            del self._held[next(iter(self._held))]
        self._held[self._key(ref)] = frames

    @staticmethod
    def _key(ref: ContextRef) -> tuple[object, ...]:
        try:
            facts = Path(ref.path).stat()
        except OSError:  # reading it says what is wrong
            return (ref,)
        return (ref, facts.st_size, facts.st_mtime_ns)


def context_steps(
    world: World, refs: Iterable[ContextRef], encoded: Encoded | None = None
) -> Iterator[list[LatentFrame]]:
    """Frames of ``refs`` in their order, some at a time, at the world's level of a context.

    Pictures that ``encoded`` knows are not encoded again. Raises TensorFileError or MediaError
    where a file is missing, broken or too short.
    """
    device = device_of(world)
    for ref in refs:
        if ref.holds_latents:
            found = load_latents(ref.path, ref.start, ref.stop)
            check_shape(world, found, ref)
            yield [replace(f, z=f.z.to(device), level=world.context_level) for f in found]
        elif encoded is None:
            yield from _encoded(world, ref)
        elif (known := encoded.get(ref)) is not None:
            yield known
        else:
            frames: list[LatentFrame] = []
            for part in _encoded(world, ref):
                frames += part
                yield part
            encoded.put(ref, frames)


def build_context(world: World, refs: Iterable[ContextRef]) -> list[LatentFrame]:
    """``context_steps`` in one call."""
    return [frame for part in context_steps(world, refs) for frame in part]


def shown(past: Sequence[LatentFrame], geometry: Geometry) -> list[LatentFrame]:
    """The part of ``past`` (oldest first) that a window shows: its last ``n_past`` frames.

    Behind a causal autoencoder the first frame of all stays in front of them and counts among
    them. It is the only one that codes a single picture; the models were never trained on a window
    without such a frame in front, and those that slide on without it begin to flicker (Self
    Forcing, arXiv 2506.08009; a kept "frame sink": LongLive, arXiv 2509.22622).
    """
    n = geometry.n_past
    if not geometry.causal_first or n >= len(past) or n < 2:
        return list(past[-n:])
    return [past[0], *past[len(past) - n + 1 :]]


def lead_of(past: Sequence[LatentFrame], geometry: Geometry) -> torch.Tensor | None:
    """The last frames of ``past`` that follow each other, at most ``LEAD`` [L, C, h, w]: what a
    causal decoder needs of what was before; None where decoding looks at each frame alone."""
    if not geometry.causal_first:
        return None
    first = len(past) - 1
    while first > 0 and len(past) - first < LEAD:
        if past[first].address.time - past[first - 1].address.time != geometry.t_stride:
            break
        first -= 1
    return torch.stack([f.z for f in past[first:]])


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
    # A causal autoencoder codes a picture after those before it: all of them together.
    part = _PART if g.t_stride == 1 else ref.stop - ref.start
    found, pictures = 0, []
    for picture in read_frames(ref.path, start=ref.start, count=ref.stop - ref.start):
        if picture.shape != (g.height, g.width, 3):
            raise MediaError(
                f"{Path(ref.path).name} is {picture.shape[1]}×{picture.shape[0]} pixels; this "
                f"world works at {g.width}×{g.height}. Set the start again, so that it is fitted."
            )
        pictures.append(picture)
        if len(pictures) == part:
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
    z, stride = world.encode(np.stack(pictures)), world.geometry.t_stride
    return [
        LatentFrame(one, Address(first + i * stride, HERE), world.context_level)
        for i, one in enumerate(z)
    ]
