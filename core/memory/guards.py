"""When a chunk must not be learned: it has collapsed, or it has numbers that are none.

Measured on latents against the opening (the very first context): a memory that learns a washed-out
or noisy chunk makes every later one worse. The bounds are wide: walking from a dark hall into a
garden is no collapse.
"""

from __future__ import annotations

import numpy as np

FLAT, HARSH = 0.3, 3.0  # times the opening's contrast
BLURRED, NOISY = 0.25, 4.0  # times the opening's sharpness
COLOUR = 3.0  # mean shift of a channel, in units of spread


def qualities(z: np.ndarray) -> np.ndarray:
    """Contrast, sharpness, then the mean of each channel, over latents [F, C, h, w]."""
    z = z.astype(np.float64)
    contrast = z.std(axis=(2, 3)).mean()
    sharpness = np.abs(np.diff(z, axis=2)).mean() + np.abs(np.diff(z, axis=3)).mean()
    return np.array([contrast, sharpness, *z.mean(axis=(0, 2, 3))])


def chunk_problem(z: np.ndarray, opening: np.ndarray) -> str | None:
    """Why the latents ``z`` [F, C, h, w] of a chunk should not be learned, as a sentence."""
    if not np.isfinite(z).all():
        return "Not learned: the chunk has values that are not numbers. Redo it with another seed."
    now = qualities(z)
    if opening.shape != now.shape:
        return None  # nothing to compare with
    # A start that faces a bare wall has next to no contrast; it says little about what may come.
    contrast, sharpness = max(opening[0], 0.2), max(opening[1], 0.1)
    if now[0] < FLAT * contrast:
        return "Not learned: the chunk has lost nearly all contrast. Redo it with another seed."
    if now[0] > HARSH * max(contrast, 1.0):
        return "Not learned: the chunk's contrast has run away. Redo it with another seed."
    if now[1] < BLURRED * sharpness:
        return "Not learned: the chunk is far blurrier than the start. Redo it with another seed."
    if now[1] > NOISY * max(sharpness, 1.0):
        return "Not learned: the chunk is mostly noise. Redo it with another seed."
    if np.abs(now[2:] - opening[2:]).max() > COLOUR * max(contrast, 1.0):
        return "Not learned: the chunk's colours have drifted away. Redo it with another seed."
    return None
