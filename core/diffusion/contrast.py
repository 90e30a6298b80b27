"""Keeping contrast over a long roll-out.

A denoiser that is unsure answers with an average, and averages are flat; fed back as context, each
chunk comes out flatter than the one before. So the new frames' spread is held to their context's.
"""

from __future__ import annotations

from torch import Tensor

#: A chunk may lose this much of its context's spread, since places do differ.
KEPT = 0.985
#: And is never stretched by more than this: noise must not be blown up into a picture.
MOST = 2.0


def keep_contrast(new: Tensor, past: Tensor) -> Tensor:
    """``new`` [C, F, h, w] with each frame's spread per channel at least ``KEPT`` times the mean
    spread of ``past`` [C, P, h, w]. Means stay; frames with enough spread stay as they are."""
    wanted = past.std((2, 3)).mean(1, keepdim=True) * KEPT  # c 1
    own = new.std((2, 3))  # c f
    scale = (wanted / own.clamp_min(1e-6)).clamp(1.0, MOST)[..., None, None]
    mean = new.mean((2, 3), keepdim=True)
    return mean + (new - mean) * scale
