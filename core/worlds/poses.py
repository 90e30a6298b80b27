"""How little one place to look from shows of another. Without torch: files are judged by it too."""

from __future__ import annotations

import numpy as np


def apart(seen: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Poses [N, 3] and [F, 3] → [N, F]: cells between them, and twice the sine of half the turn."""
    away = np.linalg.norm(seen[:, None, :2] - wanted[None, :, :2], axis=-1)
    turned = np.abs(np.sin((seen[:, None, 2] - wanted[None, :, 2]) / 2))
    return away + 2 * turned


def seen_from(poses: np.ndarray, home: np.ndarray) -> np.ndarray:
    """Poses [N, 3] (x, y, yaw) in the axes of the pose ``home`` [3]."""
    x, y = poses[:, 0] - home[0], poses[:, 1] - home[1]
    cos, sin = np.cos(home[2]), np.sin(home[2])
    return np.stack([x * cos + y * sin, y * cos - x * sin, poses[:, 2] - home[2]], 1)
