"""Small encoded pictures for lists, timelines and saved files."""

from __future__ import annotations

import numpy as np

from core.media.cv import cv2


def thumbnail_jpeg(rgb: np.ndarray, max_side: int = 160, quality: int = 85) -> bytes:
    """``rgb`` (``[h, w, 3]`` uint8) as JPEG bytes, at most ``max_side`` pixels a side."""
    return _encode(".jpg", rgb, max_side, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])


def thumbnail_png(rgb: np.ndarray, max_side: int = 160) -> bytes:
    """``rgb`` (``[h, w, 3]`` uint8) as PNG bytes, at most ``max_side`` pixels a side."""
    return _encode(".png", rgb, max_side, [cv2.IMWRITE_PNG_COMPRESSION, 3])


def _encode(suffix: str, rgb: np.ndarray, max_side: int, options: list[int]) -> bytes:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise ValueError(f"expected [h, w, 3] uint8, got {rgb.shape} {rgb.dtype}")
    height, width = rgb.shape[:2]
    scale = max_side / max(width, height)
    if scale < 1:  # small frames stay as they are: enlarging is the painter's work
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        rgb = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise ValueError(f"OpenCV could not encode a {suffix} of {rgb.shape}")
    return data.tobytes()
