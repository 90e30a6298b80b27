"""What two pictures, or one video, are worth: closed-form measures, no networks.

Pictures are uint8 [F, H, W, 3] RGB. Measures that need features of a network (LPIPS, SRC, FVD)
take them from ``core.evaluate.features``.
"""

from __future__ import annotations

import numpy as np

from core.media.cv import cv2

#: PySceneDetect's AdaptiveDetector, as documented: its threshold, its least content change, and
#: how many frames on each side a frame is compared with.
CUT_RATIO, CUT_CONTENT, CUT_SIDE = 3.0, 15.0, 2
#: Its least length of a scene. That hides cuts at the seams of short chunks, so 1 is measured too.
CUT_LENGTH = 15


def psnr(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Per frame, dB: uint8 [F, H, W, 3] twice → [F].

    An error below one grey level counts as one level (48.1 dB): where the walker holds still,
    repeating the last frame is exact, and infinities have no mean.
    """
    error = ((a.astype(np.float32) - b) ** 2).mean((1, 2, 3))
    return 10 * np.log10(255**2 / np.maximum(error, 1.0))


def ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity of the luma (Wang et al. 2004: 11×11 Gaussian, σ 1.5) → [F]."""
    return np.array([_ssim(x, y) for x, y in zip(greys(a), greys(b))])


def _ssim(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def blur(x: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(x, (11, 11), 1.5)

    ma, mb = blur(a), blur(b)
    va, vb, ab = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    found = (2 * ma * mb + c1) * (2 * ab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    return float(found.mean())


def spread(frames: np.ndarray) -> float:
    """Standard deviation over the pixels of a frame, grey levels, mean over channels and frames."""
    return float(frames.astype(np.float32).std((1, 2)).mean())


def sharpness(frames: np.ndarray) -> float:
    """Variance of the Laplacian of the luma, mean over frames."""
    return float(np.mean([cv2.Laplacian(g, cv2.CV_32F).var() for g in greys(frames)]))


def greys(frames: np.ndarray) -> list[np.ndarray]:
    """The luma of each frame: uint8 [H, W]."""
    return [cv2.cvtColor(np.ascontiguousarray(f), cv2.COLOR_RGB2GRAY) for f in frames]


def flows(frames: np.ndarray) -> np.ndarray:
    """Optical flow from each frame to the next (DIS), pixels: [F − 1, H, W, 2]."""
    if len(frames) < 2:
        return np.zeros((0, *frames.shape[1:3], 2), np.float32)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    luma = greys(frames)
    return np.stack([dis.calc(a, b, None) for a, b in zip(luma, luma[1:])])


def magnitude(flow: np.ndarray) -> float:
    """Mean length of flow vectors [F, H, W, 2], pixels a frame; 0 for a video that stands still."""
    return float(np.linalg.norm(flow, axis=-1).mean()) if len(flow) else 0.0


def content_change(frames: np.ndarray) -> np.ndarray:
    """PySceneDetect's content value of each frame [F]: mean absolute change of hue, saturation and
    value (OpenCV's 8-bit HSV) since the frame before; 0 for the first."""
    hsv = [
        cv2.cvtColor(np.ascontiguousarray(f), cv2.COLOR_RGB2HSV).astype(np.int32) for f in frames
    ]
    change = [np.abs(b - a).mean((0, 1)).mean() for a, b in zip(hsv, hsv[1:])]
    return np.array([0.0, *change])


def scene_cuts(frames: np.ndarray, least_length: int = CUT_LENGTH) -> list[int]:
    """Frames at which a new scene begins, by the rule of PySceneDetect's AdaptiveDetector.

    The rule is implemented here from its documentation: a frame is a cut where its content value
    is at least ``CUT_CONTENT`` and at least ``CUT_RATIO`` times the mean of the ``CUT_SIDE``
    frames on each side (255 times where these stand still), and ``least_length`` frames have
    passed since the last cut, or since the beginning.
    """
    value, cuts, last = content_change(frames), [], 0
    for i in range(CUT_SIDE, len(value) - CUT_SIDE):
        around = np.r_[value[i - CUT_SIDE : i], value[i + 1 : i + 1 + CUT_SIDE]].mean()
        if around < 1e-5:
            ratio = 255.0 if value[i] >= CUT_CONTENT else 0.0
        else:
            ratio = min(value[i] / around, 255.0)
        if ratio >= CUT_RATIO and value[i] >= CUT_CONTENT and i - last >= least_length:
            cuts.append(i)
            last = i
    return cuts


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance of two sets of features [N, D], each as one Gaussian (the F of FVD)."""
    if len(a) < 2 or len(b) < 2:
        return float("nan")
    ca, cb = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    values, vectors = np.linalg.eigh(ca)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    both = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cb @ root), 0)).sum()
    away = ((a.mean(0) - b.mean(0)) ** 2).sum()
    return float(max(0.0, away + np.trace(ca) + np.trace(cb) - 2 * both))
