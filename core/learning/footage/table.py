"""The CSV that says what is done in one's videos: file, start, end (seconds), action.

Any other columns are left alone, but for ``place``, which names the scene. An action is a control
("pan_left", said in many ways in training) or words of one's own, said as they are.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.media.errors import MediaError, cannot_read
from core.media.files import existing_file, replacing

COLUMNS = ("file", "start", "end", "action")
_LONGEST = 200  # characters of an action
_LATE = 0.3  # seconds by which a span may outlast its video: players round


class TableError(ValueError):
    """The CSV cannot be used; ``str(error)`` has a line and a reason for each fault."""


@dataclass(frozen=True)
class Span:
    """Seconds [start, end) of a file in which ``action`` is done."""

    file: str
    start: float
    end: float
    action: str
    confidence: float | None = None
    place: str = ""


def read_table(path: Path, durations: Mapping[str, float]) -> dict[str, list[Span]]:
    """Spans of each file, in order. ``durations`` are those of the videos there, in seconds.

    Raises TableError with the line and the reason of each fault, MediaError where the file
    cannot be read.
    """
    path = existing_file(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise cannot_read(path, "it is not UTF-8 text", "Save it as CSV UTF-8.") from error
    head = text.splitlines()[0] if text.strip() else ""
    rows = csv.reader(io.StringIO(text), delimiter=";" if ";" in head else ",")
    names = [n.strip().lower() for n in next(rows, [])]
    missing = [c for c in COLUMNS if c not in names]
    if missing:
        raise TableError(
            f"{path.name}, line 1: there is no column {', '.join(missing)}. "
            f"The first line has to be: {','.join(COLUMNS)}"
        )
    found: dict[str, list[Span]] = {}
    faults: list[str] = []
    lines: dict[Span, int] = {}
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        try:
            span = _span(dict(zip(names, (c.strip() for c in row))), durations)
        except ValueError as error:
            faults.append(f"{path.name}, line {rows.line_num}: {error}")
            continue
        lines[span] = rows.line_num
        found.setdefault(span.file, []).append(span)
    for spans in found.values():
        spans.sort(key=lambda s: s.start)
        for a, b in zip(spans, spans[1:]):
            if b.start < a.end - 1e-6:
                faults.append(
                    f"{path.name}, line {lines[b]}: starts at {b.start:g} s, while "
                    f"\"{a.action}\" of line {lines[a]} lasts until {a.end:g} s"
                )
    if faults:
        more = f"\n… and {len(faults) - 12} more" if len(faults) > 12 else ""
        raise TableError("\n".join(faults[:12]) + more)
    return found


def _span(row: Mapping[str, str], durations: Mapping[str, float]) -> Span:
    short = [c for c in COLUMNS if not row.get(c)]
    if short:
        raise ValueError(f"{', '.join(short)} is empty")
    file = row["file"].replace("\\", "/")
    if file not in durations:
        some = ", ".join(sorted(durations)[:5]) + (", …" if len(durations) > 5 else "")
        raise ValueError(f"there is no video {file!r}; the folder has {some}")
    times = []
    for column in ("start", "end"):
        try:
            times.append(float(row[column].replace(",", ".")))
        except ValueError:
            raise ValueError(f"{column} is {row[column]!r}, not a number of seconds") from None
    start, end = times
    if not (math.isfinite(start) and math.isfinite(end)) or start < 0:
        raise ValueError(f"start {start:g} and end {end:g} have to be 0 or more seconds")
    if end <= start:
        raise ValueError(f"end {end:g} is not after start {start:g}")
    if end > durations[file] + _LATE:
        raise ValueError(f"end {end:g} is after the video's end ({durations[file]:.2f} s)")
    if len(row["action"]) > _LONGEST:
        raise ValueError(f"the action has more than {_LONGEST} characters")
    return Span(file, start, end, row["action"], None, row.get("place", ""))


def write_table(path: Path, spans: Sequence[Span]) -> None:
    """Write ``spans`` as a CSV that ``read_table`` reads. Raises MediaError."""
    try:
        with replacing(path) as part, open(part, "w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow((*COLUMNS, "confidence"))
            for s in spans:
                sure = "" if s.confidence is None else f"{s.confidence:.2f}"
                rows.writerow((s.file, f"{s.start:.3f}", f"{s.end:.3f}", s.action, sure))
    except OSError as error:
        raise MediaError(f"{path} could not be written ({error}).") from error
