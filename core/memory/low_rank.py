"""The sum of low-rank updates as one of the rank that an adapter has."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def summed(
    parts: Sequence[tuple[np.ndarray, np.ndarray]], rank: int
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """A [rank, in] and B [out, rank] closest to the sum of B·A over ``parts``; the square of the
    norm of that sum, and of what they hold of it."""
    # Side by side they are the sum exactly, at the sum of their ranks. Factors of orthonormal
    # columns leave a small square to decompose, whatever the size of the layer.
    a = np.concatenate([a for a, _ in parts]).astype(np.float64)
    b = np.concatenate([b for _, b in parts], 1).astype(np.float64)
    qa, ra = np.linalg.qr(a.T)
    qb, rb = np.linalg.qr(b)
    u, sizes, v = np.linalg.svd(rb @ ra.T, full_matrices=False)
    u, v = (qb @ u)[:, :rank], (qa @ v.T)[:, :rank]
    # A singular pair may change its sign; the largest number of each is to be positive.
    signs = np.sign(v[np.abs(v).argmax(0), np.arange(v.shape[1])])
    signs[signs == 0] = 1
    # A keeps the size that it had, B has the rest: so learning goes on at the pace that it had.
    size = math.sqrt((a**2).sum(1).mean()) or 1.0
    kept = np.where(sizes[:rank] > 1e-9 * sizes[0], sizes[:rank], 0.0)
    down, up = size * (v * signs).T, u * signs * kept / size
    # Directions that nothing was learned in stay open: A as it was, B nothing.
    lacking = rank - len(down)
    down = np.concatenate([down, a[:lacking]]) if lacking else down
    up = np.concatenate([up, np.zeros((len(up), lacking))], 1) if lacking else up
    return down, up, float((sizes**2).sum()), float((kept**2).sum())
