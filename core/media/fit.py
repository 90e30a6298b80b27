"""Fitting a picture into a world's frame with a crop that the artist sees."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.media.cv import cv2


@dataclass(frozen=True)
class Crop:
    """What is kept of a source: left, top, width, height as fractions (0 to 1) of it.

    The source is taken upright, after EXIF or video rotation.
    """

    x: float
    y: float
    w: float
    h: float

    def __post_init__(self) -> None:
        slack = 1e-6  # sliders and JSON round
        values = (self.x, self.y, self.w, self.h)
        inside = (
            all(math.isfinite(v) for v in values)
            and self.x >= -slack
            and self.y >= -slack
            and self.w > 0
            and self.h > 0
            and self.x + self.w <= 1 + slack
            and self.y + self.h <= 1 + slack
        )
        if not inside:
            raise ValueError(f"a crop lies inside the picture (fractions 0 to 1), got {self}")


def default_crop(width: int, height: int, target_w: int, target_h: int) -> Crop:
    """The largest centred crop of a ``width`` x ``height`` source with the target's shape."""
    _check_sizes(width=width, height=height, target_w=target_w, target_h=target_h)
    # Compared as whole numbers so that equal shapes give exactly the whole picture.
    if width * target_h > target_w * height:
        w = (target_w * height) / (target_h * width)
        return Crop((1 - w) / 2, 0.0, w, 1.0)
    h = (target_h * width) / (target_w * height)
    return Crop(0.0, (1 - h) / 2, 1.0, h)


def fit_frame(rgb: np.ndarray, crop: Crop, target_w: int, target_h: int) -> np.ndarray:
    """The cropped part of ``rgb`` (``[h, w, 3]`` uint8) at ``[target_h, target_w, 3]`` uint8.

    Averages areas when it becomes smaller, Lanczos when it becomes larger. The crop is kept
    to a fraction of a pixel, so that a slow drag of the crop moves the picture smoothly.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ValueError(f"expected [h, w, 3] uint8, got {rgb.shape} {rgb.dtype}")
    _check_sizes(target_w=target_w, target_h=target_h)
    height, width = rgb.shape[:2]
    left, top = crop.x * width, crop.y * height
    w, h = crop.w * width, crop.h * height
    x0, y0 = _floor(left, width), _floor(top, height)
    x1 = min(width, max(x0 + 1, math.ceil(left + w - 1e-6)))
    y1 = min(height, max(y0 + 1, math.ceil(top + h - 1e-6)))
    part = np.ascontiguousarray(rgb[y0:y1, x0:x1])
    whole = max(abs(left - x0), abs(top - y0), abs(x1 - left - w), abs(y1 - top - h)) < 1e-3
    if not whole:
        part = _exact_part(part, (left - x0, top - y0, w, h), target_w, target_h)
    return _resize(part, target_w, target_h)


def _exact_part(part: np.ndarray, box: tuple, target_w: int, target_h: int) -> np.ndarray:
    """``part`` resampled so that the fractional ``box`` fills it, at no less than the target."""
    left, top, w, h = box
    out_w, out_h = max(target_w, math.ceil(w)), max(target_h, math.ceil(h))
    sx, sy = w / out_w, h / out_h
    # Pixel centres: output u maps to left + (u + 0.5) * sx - 0.5 in the source.
    matrix = np.array([[sx, 0, left + sx / 2 - 0.5], [0, sy, top + sy / 2 - 0.5]])
    flags = cv2.INTER_LANCZOS4 if min(part.shape[:2]) >= 8 else cv2.INTER_LINEAR
    return cv2.warpAffine(
        part,
        matrix,
        (out_w, out_h),
        flags=flags | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _resize(part: np.ndarray, target_w: int, target_h: int) -> np.ndarray:
    height, width = part.shape[:2]
    if (width, height) == (target_w, target_h):
        return part
    # Each direction with the filter it needs: a tall strip may shrink one way and grow the other.
    if width >= target_w and height >= target_h:
        return cv2.resize(part, (target_w, target_h), interpolation=cv2.INTER_AREA)
    if width > target_w:
        part = cv2.resize(part, (target_w, height), interpolation=cv2.INTER_AREA)
    elif height > target_h:
        part = cv2.resize(part, (width, target_h), interpolation=cv2.INTER_AREA)
    return cv2.resize(part, (target_w, target_h), interpolation=cv2.INTER_LANCZOS4)


def _floor(value: float, size: int) -> int:
    return min(size - 1, max(0, math.floor(value + 1e-6)))


def _check_sizes(**sizes: int) -> None:
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name} is at least 1 pixel, got {value}")
