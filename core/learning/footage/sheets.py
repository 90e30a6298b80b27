"""Estimated actions of a folder of videos: a CSV to correct, and a picture of each video."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from core.learning.contact_sheet import caption, grid, save_png
from core.learning.footage.shots import Scan, Stretch, fitted, scan, videos
from core.learning.footage.table import Span, write_table
from core.learning.sources.source import FPS
from core.media.errors import MediaError

_COLUMNS, _CELLS = 8, 96  # of one picture


def span_of(file: str, stretch: Stretch) -> Span:
    """A stretch of frames in seconds: action i leads from frame i − 1 to i."""
    start, end = (max(0, n - 1) / FPS for n in (stretch.first, stretch.end))
    return Span(file, start, end, stretch.action, stretch.confidence)


def write_estimates(folder: Path, out: Path, sheets: Path | None = None) -> None:
    """Write ``out`` and a picture of each video into ``sheets``; says what it left out.

    Raises ValueError for a folder without videos, MediaError where nothing can be written.
    """
    out = Path(out)
    sheets = out.with_name(f"{out.stem}-sheets") if sheets is None else sheets
    sheets.mkdir(parents=True, exist_ok=True)
    spans: list[Span] = []
    for path in videos(folder):
        name = path.relative_to(folder).as_posix()
        try:
            found = scan(path)
            _draw(path, name, found, sheets)
        except MediaError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        spans += [s for s in (span_of(name, t) for t in found.stretches) if s.end > s.start]
        print(f"{name}: {found.frames / FPS:.1f} s, {len(found.shots)} shots, "
              f"{len(found.stretches)} actions", flush=True)
    write_table(out, spans)
    print(f"{out} has {len(spans)} actions; {sheets} shows them. Correct the CSV, then: "
          f"python -m core.learning.data build --source footage --footage {folder} "
          f"--actions {out}")


def _draw(path: Path, name: str, found: Scan, sheets: Path) -> None:
    """The middle frame of every stretch with its times, its action and how sure that is."""
    wanted = {(s.first + s.end) // 2: s for s in found.stretches}
    cells: list[np.ndarray] = []
    for i, frame in enumerate(fitted(path, 128)):
        if i in wanted:
            span = span_of(name, wanted[i])
            when = f"{span.start:.1f}-{span.end:.1f} s, {span.confidence:.0%} sure"
            cells.append(np.concatenate([frame, caption(128, span.action, when)]))
    flat = name.replace("/", "_")
    for page in range(0, max(1, len(cells)), _CELLS):
        part = cells[page : page + _CELLS]
        if part:
            rows = [part[i : i + _COLUMNS] for i in range(0, len(part), _COLUMNS)]
            number = f"-{page // _CELLS + 1}" if len(cells) > _CELLS else ""
            save_png(sheets / f"{flat}{number}.png", grid(rows))
