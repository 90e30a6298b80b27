"""Pictures of a chunk while it is drawn, at a small share of its time."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from core.rollout.events import Preview

if TYPE_CHECKING:
    from torch import Tensor

    from core.worlds.protocol import World

SIDE = 512  # pixels
GAP = 0.1  # seconds
SHARE = 0.05  # of the time at most: a large autoencoder takes long over one picture


class Previews:
    """Those of one chunk of ``world``; none where they are not ``wanted``."""

    def __init__(self, world: World, wanted: bool):
        self._world, self._due = world, 0.0 if wanted else math.inf

    @property
    def due(self) -> bool:
        return time.monotonic() >= self._due

    def of(self, clean: Tensor, step: int, steps: int) -> Preview:
        """The middle one of ``clean`` [C, F, h, w] as a JPEG; when the next is due follows from what
        this one took."""
        from core.media.thumbs import thumbnail_jpeg

        if clean.is_cuda:  # the step is only queued: it is not what a preview costs
            import torch

            torch.cuda.synchronize(clean.device)
        began = time.monotonic()
        middle = clean[:, clean.shape[1] // 2][None]
        picture = thumbnail_jpeg(self._world.decode(middle)[0], SIDE, quality=80)
        now = time.monotonic()
        self._due = now + max(GAP, (now - began) / SHARE)
        return Preview(picture, step, steps)
