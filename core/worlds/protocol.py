"""The seam between model families and everything else.

A *world* is a model that continues video under actions. Sampling, the training loss and fast
learning are written once, against this protocol, in ``core.diffusion``, ``core.memory`` and
``core.learning``.

Shapes: ``z`` latents [B, C, F, h, w]; ``u`` noise level per frame [B, F] in [0, 1], 0 = clean.
The context is a list of latent frames, each with its own noise level and its *address* (when, and
where known the pose), so that frames remembered from long ago can join the recent ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from core.worlds.poses import Pose


@dataclass(frozen=True)
class Geometry:
    """Sizes of one window. Frames are latent frames; ``t_stride`` pixel frames a latent frame."""

    channels: int
    latent_height: int
    latent_width: int
    s_stride: int
    t_stride: int
    n_past: int  # context frames at most
    n_new: int  # frames a chunk adds
    rate: Fraction  # pixel frames per second

    @property
    def width(self) -> int:
        return self.latent_width * self.s_stride

    @property
    def height(self) -> int:
        return self.latent_height * self.s_stride


@dataclass(frozen=True)
class Address:
    """Where a latent frame lies: ``time`` in frames since the start, ``pose`` where known."""

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

    def encode(self, frames: np.ndarray) -> torch.Tensor:
        """uint8 [F, H, W, 3] → latents [F, C, h, w] float32."""

    def decode(self, z: torch.Tensor) -> np.ndarray:
        """Latents [F, C, h, w] → uint8 [F, H, W, 3]."""

    def addresses(self, last: Address, actions: Sequence[str]) -> list[Address]:
        """Addresses of the frames that ``actions`` (one text a frame) lead to from ``last``."""

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


class WorldLoader(Protocol):
    """Loads one model family from a folder in the diffusers layout."""

    def __call__(self, folder: Path, device: torch.device) -> World: ...
