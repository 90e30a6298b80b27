"""What a camera does between two frames, from dense optical flow.

A pan or a tilt moves everything the same way; a zoom or a walk moves everything away from the
middle (or towards it). A zoom does so evenly; in a walk what is near moves more than what is far.
A step aside looks like a pan, and is called one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.media.cv import cv2

STILL = 0.0035  # of the picture's width a frame: below it the camera holds
_AGREE = 0.55  # share of all motion that has to agree on one story
_UNEVEN = 0.20  # spread of the expansion from which it is a walk
_STEP = 4  # pixels between samples of the flow


@dataclass(frozen=True)
class Motion:
    """``action`` is a control of the footage's phrase book; ``confidence`` 0 to 1."""

    action: str
    confidence: float


class Estimator:
    """Dense flow (DIS) between small pictures, fitted robustly."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def motion(self, before: np.ndarray, after: np.ndarray) -> Motion:
        """What the camera did from one to the other: uint8 [H, W, 3] twice, of one size."""
        a, b = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (before, after))
        flow = self._flow.calc(a, b, None)
        size = a.shape[1]
        # Flow is known where there is something to see.
        blurred = cv2.GaussianBlur(a, (0, 0), 1.5)
        slope = np.hypot(cv2.Sobel(blurred, cv2.CV_32F, 1, 0), cv2.Sobel(blurred, cv2.CV_32F, 0, 1))
        weight = np.clip(cv2.blur(slope, (7, 7)) / 24.0, 0.02, 1.0)
        margin = size // 16  # where pictures end flow is a guess
        cut = (slice(margin, a.shape[0] - margin, _STEP), slice(margin, size - margin, _STEP))
        y, x = np.mgrid[0 : a.shape[0], 0 : size]
        x, y = ((v[cut] - (n - 1) / 2) / size for v, n in ((x, size), (y, a.shape[0])))
        u, v, w = flow[..., 0][cut] / size, flow[..., 1][cut] / size, weight[cut]
        seen = float(np.clip((w > 0.1).mean() / 0.15, 0.0, 1.0))
        return _story(x.ravel(), y.ravel(), u.ravel(), v.ravel(), w.ravel(), seen)


def _story(x, y, u, v, w, seen: float) -> Motion:
    w = w * _inliers(x, y, u, v, w)
    total = w.sum() + 1e-9
    long = np.hypot(u, v)
    amount = float((w * long).sum() / total)
    if amount < STILL:
        return Motion("hold_camera", seen * (1.0 - 0.5 * amount / STILL))
    moved = float((w * long).sum())
    across, down = float((w * u).sum()) / moved, float((w * v).sum()) / moved
    radius = np.hypot(x, y) + 1e-6
    outward = (u * x + v * y) / radius
    away = float((w * outward).sum()) / moved
    strength = seen * min(1.0, amount / (2.5 * STILL))
    # Beside a wall a walk moves one side of the picture alone, and all of that outward.
    if abs(away) > min(0.8, max(abs(across), abs(down))):
        # Even expansion grows with the distance from the middle; a walk's does not.
        far = radius > 0.12
        rate = outward[far] / radius[far]
        middle = _median(rate, w[far])
        spread = _median(np.abs(rate - middle), w[far]) / (abs(middle) + 1e-9)
        if spread > _UNEVEN:
            action = "camera_forward" if away > 0 else "camera_back"
        else:
            action = "zoom_in" if away > 0 else "zoom_out"
        clear = min(1.0, abs(spread - _UNEVEN) / _UNEVEN + 0.4)
        return Motion(action, strength * _share(abs(away)) * clear)
    # What is seen moves against the camera.
    if abs(across) >= abs(down):
        return Motion("pan_left" if across > 0 else "pan_right", strength * _share(abs(across)))
    return Motion("tilt_up" if down > 0 else "tilt_down", strength * _share(abs(down)))


def _inliers(x, y, u, v, w, rounds: int = 4) -> np.ndarray:
    """Weights 0..1 that leave out what moves by itself: shift, expansion and turn, reweighted."""
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([np.column_stack([ones, zeros, x, -y]),
                           np.column_stack([zeros, ones, y, x])])
    goal, keep = np.concatenate([u, v]), np.ones_like(x)
    for _ in range(rounds):
        weight = np.tile(np.sqrt(w * keep), 2)
        fit = np.linalg.lstsq(rows * weight[:, None], goal * weight, rcond=None)[0]
        off = np.hypot(*(goal - rows @ fit).reshape(2, -1))
        # Parallax is no outlier: the scale is generous.
        scale = 3.0 * _median(off, w) + 0.004
        keep = 1.0 / (1.0 + (off / scale) ** 2)
    return keep


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)]) if len(values) else 0.0


def _share(agreeing: float) -> float:
    return float(np.clip((agreeing - 0.2) / (_AGREE + 0.25 - 0.2), 0.05, 1.0))


def smooth(motions: list[Motion], shortest: int = 4) -> list[tuple[int, int, str, float]]:
    """Frames' motions → stretches (first, end, action, confidence) of at least ``shortest`` frames.

    Each frame takes part in a vote of its neighbourhood, by confidence; what is still too short
    goes to the longer neighbour.
    """
    labels = []
    for i in range(len(motions)):
        votes: dict[str, float] = {}
        for j in range(max(0, i - 2), min(len(motions), i + 3)):
            m = motions[j]
            votes[m.action] = votes.get(m.action, 0.0) + m.confidence * (1.5 if j == i else 1.0)
        labels.append(max(votes, key=votes.get))
    runs = _runs(labels)
    while len(runs) > 1 and min(b - a for a, b in runs) < shortest:
        k = min(range(len(runs)), key=lambda k: runs[k][1] - runs[k][0])
        near = [n for n in (k - 1, k + 1) if 0 <= n < len(runs)]
        winner = max(near, key=lambda n: runs[n][1] - runs[n][0])
        labels[runs[k][0] : runs[k][1]] = [labels[runs[winner][0]]] * (runs[k][1] - runs[k][0])
        runs = _runs(labels)
    return [
        (a, b, labels[a],
         float(np.mean([m.confidence * (m.action == labels[a]) for m in motions[a:b]])))
        for a, b in runs
    ]


def _runs(labels: list[str]) -> list[tuple[int, int]]:
    edges = [0, *(i for i in range(1, len(labels)) if labels[i] != labels[i - 1]), len(labels)]
    return [(a, b) for a, b in zip(edges, edges[1:]) if b > a]
