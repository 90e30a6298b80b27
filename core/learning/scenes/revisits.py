"""Where a walk comes back to what it has seen."""

import math

import numpy as np


def revisits(
    poses: np.ndarray, gap: int = 16, near: float = 0.15, turned: float = math.radians(7)
) -> np.ndarray:
    """Where a walk comes back: pairs (first index, revisit index), int [N, 2].

    A revisit shows nearly what an earlier frame showed: its place is within ``near`` (world
    units) and its heading within ``turned`` (radians) of it, at least ``gap`` frames later, and
    the walker was elsewhere (further than twice that) in between. Each revisit is paired with
    its nearest first visit. ``poses`` is [T, 3]: x, y, yaw.
    """
    poses = np.asarray(poses, np.float64)
    far = np.hypot(*(poses[:, None, :2] - poses[None, :, :2]).transpose(2, 0, 1)) / near
    around = np.abs(np.remainder(poses[:, None, 2] - poses[None, :, 2] + np.pi, 2 * np.pi) - np.pi)
    apart = np.maximum(far, around / turned)
    pairs = []
    for now in range(gap, len(poses)):
        # The last frame that looked at something else: what comes before it may be revisited.
        away = np.flatnonzero(apart[now, :now] > 2.0)
        before = min(now - gap + 1, int(away[-1]) if len(away) else 0)
        if before > 0:
            first = int(np.argmin(apart[now, :before]))
            if apart[now, first] <= 1.0:
                pairs.append((first, now))
    return np.array(pairs, np.int64).reshape(-1, 2)
