"""A contact sheet: a few recordings as rows of pictures with what is done in each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.learning.sources.source import Recording, Source
from core.media.cv import cv2
from core.media.files import replacing

_PAPER, _INK, _FAINT = (24, 24, 27), (236, 236, 238), (150, 150, 158)
_GAP, _LINE = 4, 18
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def caption(width: int, text: str, second: str = "") -> np.ndarray:
    """A strip [2 lines, width, 3] with at most two lines of text, cut where there is no room."""
    strip = np.full((_LINE * (2 if second else 1), width, 3), _PAPER, np.uint8)
    for row, (line, ink) in enumerate(((text, _INK), (second, _FAINT))):
        # OpenCV's letters are plain Latin ones.
        line = line.encode("ascii", "replace").decode()
        while line and cv2.getTextSize(line, _FONT, 0.36, 1)[0][0] > width - 4:
            line = line[:-1]
        cv2.putText(strip, line, (2, row * _LINE + 13), _FONT, 0.36, ink, 1, cv2.LINE_AA)
    return strip


def grid(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Cells of one size, in rows that may be of different lengths → one picture."""
    height, width = rows[0][0].shape[:2]
    columns = max(len(r) for r in rows)
    sheet = np.full((_GAP + len(rows) * (height + _GAP), _GAP + columns * (width + _GAP), 3),
                    _PAPER, np.uint8)
    for j, row in enumerate(rows):
        for i, cell in enumerate(row):
            y, x = _GAP + j * (height + _GAP), _GAP + i * (width + _GAP)
            sheet[y : y + height, x : x + width] = cell
    return sheet


def row_of(recording: Recording, columns: int) -> list[np.ndarray]:
    """Pictures of ``recording``, evenly spread, with their actions beneath."""
    chosen = np.linspace(0, len(recording.pictures) - 1, columns).round().astype(int)
    cells = []
    for n, i in enumerate(chosen):
        picture = recording.pictures[i]
        second = recording.place if n == 0 else recording.kind if n == 1 else ""
        strip = caption(picture.shape[1], f"{i} {recording.actions[i]}", second or " ")
        cells.append(np.concatenate([picture, strip]))
    return cells


def save_png(path: Path, picture: np.ndarray) -> None:
    """Write RGB uint8 [H, W, 3]. Raises MediaError."""
    done, data = cv2.imencode(".png", picture[..., ::-1])
    with replacing(path) as part:
        part.write_bytes(data.tobytes())


def write_sheet(
    path: Path, sources: Sequence[Source], walks: int, frames: int, columns: int = 10,
    held_out: bool = False,
) -> None:
    """Draw ``walks`` recordings of each source into a PNG. Raises MediaError."""
    rows = []
    for source in sources:
        there = source.count(frames, held_out)
        for number in range(walks if there is None else min(walks, there)):
            rows.append(row_of(source.record(number, frames, held_out), columns))
    if not rows:
        raise ValueError("There is nothing to draw: this source has no such recordings.")
    save_png(path, grid(rows))
