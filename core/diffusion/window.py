"""One window of frames: the context (each with its level and address), then what is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.worlds.protocol import Address, LatentFrame, World


@dataclass(frozen=True)
class Window:
    """``context`` oldest first (remembered frames before the recent ones; the last is the present);
    ``addresses`` and ``actions`` one per new frame."""

    context: Sequence[LatentFrame]
    addresses: Sequence[Address]
    actions: Sequence[str]
    scene: str

    def __post_init__(self) -> None:
        if not self.context:
            raise ValueError("A window needs at least one context frame to continue from.")
        if len(self.addresses) != len(self.actions):
            raise ValueError(
                f"{len(self.addresses)} addresses for {len(self.actions)} actions; "
                "one of each per new frame is needed"
            )

    @property
    def new_frames(self) -> int:
        return len(self.actions)

    def stacked_context(self) -> Tensor:
        """[1, C, P, h, w]."""
        return torch.stack([f.z for f in self.context], 1)[None]

    def context_levels(self, device: torch.device) -> Tensor:
        """[1, P]."""
        return torch.tensor([[f.level for f in self.context]], device=device)

    def condition(self, world: World, text: bool = True) -> Any:
        """The world's condition for the whole window; without ``text`` only the addresses."""
        addresses = [f.address for f in self.context] + list(self.addresses)
        present = len(self.context) - 1
        if not text:
            return world.condition(addresses, present, None, None, self.context)
        actions = [""] * len(self.context) + list(self.actions)
        return world.condition(addresses, present, actions, self.scene, self.context)
