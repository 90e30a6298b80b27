"""Zoomed far out: one column of pixels stands for what lies under it, by numpy."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from app.timeline.colours import TimelineColours, mix
from app.timeline.geometry import TimeScale
from app.timeline.index import STATES

LOD_WIDTH = 4.0  # mean width of a block below which blocks become columns
ROWS = 6  # rows of the picture: its patterns tell states apart without colour


def paint_columns(
    painter: QPainter,
    scale: TimeScale,
    blocks: tuple[np.ndarray, np.ndarray],
    codes: np.ndarray,
    table: np.ndarray,
    rect: QRectF,
) -> None:
    """Paint sorted ``blocks`` (starts, ends) into ``rect``: column c shows ``table[code]``.

    Codes of 2 and more are rare and are never lost between two columns; neighbours alternate
    between ``table[2 · code]`` and the next line, and the last line is where there is none.
    """
    left, width = rect.left(), int(rect.width() * scale.ratio)
    starts, ends = blocks
    if width < 1 or not len(starts):
        return
    step = scale.ppf * scale.ratio  # columns a frame
    frames = scale.frame(left) + (np.arange(width) + 0.5) / step
    index = np.minimum(np.searchsorted(ends, frames, side="right"), len(starts) - 1)
    inside = (starts[index] <= frames) & (frames < ends[index])
    code = codes[index].astype(np.intp)
    a, b = np.searchsorted(ends, frames[0]), np.searchsorted(starts, frames[-1])
    rare = a + np.flatnonzero(codes[a:b] > 1)
    if len(rare):
        columns = ((starts[rare] - frames[0]) * step).astype(np.intp)
        np.maximum.at(code, np.clip(columns, 0, width - 1), codes[rare])
    code = np.where(inside, code * 2 + (index & 1), len(table) - 1)
    pixels = np.ascontiguousarray(table[code].T)
    image = QImage(pixels.data, width, ROWS, width * 4, QImage.Format.Format_RGB32)
    painter.drawImage(QRectF(left, rect.top(), width / scale.ratio, rect.height()), image)


def clip_table(c: TimelineColours) -> np.ndarray:
    """Colours [2 · state + parity, row] of clips."""
    shades = {"stale": c.stale, "draft": c.draft, "missing": c.missing}
    table = np.zeros((len(STATES) * 2 + 1, ROWS), np.uint32)
    for i, state in enumerate(STATES):
        for parity in (0, 1):
            base = mix(shades.get(state, c.video), c.background, 0.16 * parity)
            for row in range(ROWS):
                table[i * 2 + parity, row] = _pattern(state, row, base, c).rgb()
    table[-1] = c.lane.rgb()
    return table


def _pattern(state: str, row: int, base: QColor, c: TimelineColours) -> QColor:
    bright = mix(base, c.text, 0.35)
    if state == "draft":
        return bright if row % 2 else base
    if state == "missing":
        return bright if row % 3 == 0 else base
    if state == "stale" and row in (0, ROWS - 1):
        return c.lane
    return base


def action_table(c: TimelineColours) -> np.ndarray:
    """[parity, row] of actions, twice, and nothing."""
    table = np.zeros((3, ROWS), np.uint32)
    table[0] = c.action.rgb()
    table[1] = mix(c.action, c.background, 0.22).rgb()
    table[2] = c.lane.rgb()
    return table
