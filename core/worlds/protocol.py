"""The seam between model families and everything else.

A *world* is a model that continues video under actions. Sampling, the training loss and fast
learning are written once, against this protocol, in ``core.diffusion``, ``core.memory`` and
``core.learning``.

Shapes: ``z`` latents [B, C, F, h, w]; ``u`` noise level per frame [B, F] in [0, 1], 0 = clean.
Frames of ``z`` are latent frames; ``Geometry.t_stride`` pictures go into one. A causal autoencoder
codes the very first picture alone, so P pictures are 1 + (P - 1) / t_stride latent frames; every
later latent frame is t_stride pictures, so a chunk is always n_new * t_stride of them.
The context is a list of latent frames, each with its own noise level and its *address* (when, and
where known the pose), so that frames remembered from long ago can join the recent ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from core.worlds.poses import Pose
from core.worlds.tiers import Tier

#: ``World.context_level`` of worlds that are trained with a slightly noised context and told so.
CONTEXT_LEVEL = 0.02


@dataclass(frozen=True)
class Geometry:
    """Sizes of one window. Frames are latent frames; ``t_stride`` pixel frames a latent frame.

    ``causal_first``: the first latent frame of a video codes one picture alone (see above), and a
    window needs such a frame in front (``core.rollout.context.shown``).
    """

    channels: int
    latent_height: int
    latent_width: int
    s_stride: int
    t_stride: int
    n_past: int  # context frames at most
    n_new: int  # frames a chunk adds
    rate: Fraction  # pixel frames per second
    causal_first: bool = False

    @property
    def width(self) -> int:
        return self.latent_width * self.s_stride

    @property
    def height(self) -> int:
        return self.latent_height * self.s_stride

    @property
    def chunk_frames(self) -> int:
        """Pixel frames that a chunk adds."""
        return self.n_new * self.t_stride


@dataclass(frozen=True)
class Address:
    """Where a latent frame lies: ``time`` in pixel frames since the start (of the last picture that
    it codes), ``pose`` where known."""

    time: int
    pose: Pose | None = None


@dataclass(frozen=True)
class LatentFrame:
    """One frame of context: ``z`` [C, h, w] on any device, the noise level it is shown at."""

    z: torch.Tensor
    address: Address
    level: float = 0.0


@runtime_checkable
class World(Protocol):
    """What a model family provides. ``condition`` returns a value only the world understands."""

    id: str
    name: str
    hash: str
    geometry: Geometry
    net: torch.nn.Module  # the denoiser, frozen and in eval mode
    #: The noise level at which a context is shown. Slightly noised, errors of one chunk are not
    #: taken for truth by the next; 0 where the model cannot be told, or was trained on clean ones.
    context_level: float
    #: Whether new frames are held to their context's spread (``core.diffusion.contrast``).
    holds_contrast: bool

    def encode(self, frames: np.ndarray) -> torch.Tensor:
        """uint8 [P, H, W, 3] → latents [F, C, h, w] float32, F = 1 + (P - 1) / t_stride. Raises
        ValueError for other shapes."""

    def decode(self, z: torch.Tensor, before: torch.Tensor | None = None) -> np.ndarray:
        """Latents [F, C, h, w] → uint8 [F * t_stride, H, W, 3]. ``before`` [L, C, h, w] are those
        right before them, so that a causal decoder goes on without a seam. Without any, z begins
        the video: with ``causal_first`` 1 + (F - 1) * t_stride pictures."""

    def addresses(self, last: Address, actions: Sequence[str]) -> list[Address]:
        """Addresses of the pictures that ``actions`` (one text a picture) lead to from ``last``."""

    def condition(
        self,
        addresses: Sequence[Address],
        present: int,
        actions: Sequence[str] | None,
        scene: str | None,
        context: Sequence[LatentFrame] | None = None,
    ) -> Any:
        """Condition for one window (batch 1): one address and one action text per frame, context
        first ("" for context frames). ``present`` is the index of the last context frame.
        ``actions`` None and ``scene`` None drop the text (fast learning, guidance). ``context``:
        the frames that are shown, for worlds that expect something of them; fast learning shows
        none, since there every frame is noised."""

    def apart(self, seen: Sequence[Address], wanted: Sequence[Address]) -> np.ndarray:
        """How little each of ``seen`` shows of what each of ``wanted`` looks at: [seen, wanted], 0
        for the same view, more than ``bank.GATE`` for nothing in common; inf without poses."""

    def forward(self, z: torch.Tensor, u: torch.Tensor, cond: Any) -> torch.Tensor:
        """The denoiser's output, same shape as ``z``. With gradients where the caller wants them."""

    def add_noise(self, z0: torch.Tensor, eps: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        """``z0`` at noise level ``u`` per frame."""

    def target(self, z0: torch.Tensor, eps: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        """What ``forward`` should return for ``add_noise(z0, eps, u)``."""

    def schedule(self, steps: int) -> list[float]:
        """Noise levels from 1 down to 0, ``steps + 1`` of them."""

    def step(
        self, z: torch.Tensor, out: torch.Tensor, u: float, u_next: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One stateless solver step: (z at ``u_next``, the clean estimate z0)."""

    def lora_targets(self) -> str:
        """Regex (full match) of the modules fast learning adapts: where frames mix in time."""


def device_of(world: World) -> torch.device:
    """Where ``world`` computes, and latents go: as it says, since its weights may lie elsewhere
    (``core.worlds.offload``); else where its weights are."""
    found = getattr(world, "device", None)
    return found if found is not None else next(world.net.parameters()).device


@runtime_checkable
class Batches(Protocol):
    """A world that can be asked for several windows at once, alike but for their text, and is told
    when a chunk is sampled, and in which way (``core.worlds.ways``)."""

    def sampled(self, way: str = "exact") -> AbstractContextManager[None]:
        """Inside the block a chunk is sampled in this way, exactly where it is not possible, and
        nothing is learned."""

    def why_not(self, way: str) -> str:
        """Why a chunk is sampled exactly instead, as the end of a sentence; "" where it is not.
        Some of it is known only after a chunk was sampled."""

    def together(self, conds: Sequence[Any]) -> Any | None:
        """One condition for a batch of ``conds``, in their order; None where that is not quicker
        than calls of their own."""


class WorldLoader(Protocol):
    """Loads one model family from a folder in the diffusers layout, where and in what precision
    ``tier`` wants its parts (``core.worlds.parts.place``)."""

    def __call__(self, folder: Path, device: torch.device, tier: Tier) -> World: ...
