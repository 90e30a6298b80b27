"""How little one place to look from shows of another. Without torch: files are judged by it too."""

from __future__ import annotations

import numpy as np


def apart(seen: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Poses [N, 3] and [F, 3] → [N, F]: cells between them, and twice the sine of half the turn."""
    away = np.linalg.norm(seen[:, None, :2] - wanted[None, :, :2], axis=-1)
    turned = np.abs(np.sin((seen[:, None, 2] - wanted[None, :, 2]) / 2))
    return away + 2 * turned
