"""Dead reckoning, and how little one place to look from shows of another. Without torch: files are
judged by it too."""

from __future__ import annotations

import math

import numpy as np

Pose = tuple[float, float, float]  # x, y in world units; yaw in radians, counter-clockwise


def stepped(pose: Pose, motion: tuple[float, float, float]) -> Pose:
    """``pose`` after going forward, left and turning: turned by half, moved, turned by the other
    half, as the training walks do; the reversed motion inverts it."""
    (x, y, yaw), (forward, left, turn) = pose, motion
    way = yaw + turn / 2
    x += forward * math.cos(way) - left * math.sin(way)
    y += forward * math.sin(way) + left * math.cos(way)
    return x, y, yaw + turn


def apart(seen: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Poses [N, 3] and [F, 3] → [N, F]: cells between them, and twice the sine of half the turn;
    infinite where a pose is not a number, since it is not known."""
    away = np.linalg.norm(seen[:, None, :2] - wanted[None, :, :2], axis=-1)
    turned = np.abs(np.sin((seen[:, None, 2] - wanted[None, :, 2]) / 2))
    return np.nan_to_num(away + 2 * turned, nan=np.inf, posinf=np.inf)


def from_home(poses: np.ndarray, home: np.ndarray) -> np.ndarray:
    """Poses [N, 3] (x, y, yaw) in the axes of the pose ``home`` [3]."""
    x, y = poses[:, 0] - home[0], poses[:, 1] - home[1]
    cos, sin = np.cos(home[2]), np.sin(home[2])
    return np.stack([x * cos + y * sin, y * cos - x * sin, poses[:, 2] - home[2]], 1)
