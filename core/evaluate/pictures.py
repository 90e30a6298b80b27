"""What a run looks like: bars and curves (matplotlib), and videos of the arms side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from core.evaluate.arms import TRUTH
from core.media.cv import cv2
from core.media.decode import read_frames
from core.media.encode import write_take

_LABEL = 16  # pixels above each picture
_SCALE = 2


def keep_video(folder: Path, trajectory: str, visit: str, arm: str, video: np.ndarray) -> None:
    """One arm's video uint8 [T, H, W, 3], until all arms are there."""
    path = folder / "takes" / f"{trajectory}-{visit}" / f"{arm.replace(':', '+')}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_take(path, list(video), Fraction(8))


def side_by_side(folder: Path, order: Sequence[str], rate: Fraction) -> list[Path]:
    """``DIR/TRAJECTORY-VISIT.mp4``: the truth, then the arms in their order, each with its name."""
    made = []
    for takes in sorted((folder / "takes").glob("*")):
        names = [n for n in order if (takes / f"{n.replace(':', '+')}.mp4").exists()]
        films = [list(read_frames(takes / f"{n.replace(':', '+')}.mp4")) for n in names]
        if not films:
            continue
        frames = [
            np.concatenate([_labelled(film[i], n) for n, film in zip(names, films)], 1)
            for i in range(min(map(len, films)))
        ]
        path = folder / f"{takes.name}.mp4"
        write_take(path, frames, rate)
        made.append(path)
    return made


def _labelled(picture: np.ndarray, name: str) -> np.ndarray:
    h, w = picture.shape[:2]
    big = cv2.resize(picture, (w * _SCALE, h * _SCALE), interpolation=cv2.INTER_CUBIC)
    strip = np.full((_LABEL, w * _SCALE, 3), 24, np.uint8)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(strip, name, (4, 12), font, 0.4, (235, 235, 235), 1, cv2.LINE_AA)
    return np.concatenate([strip, big])


def plots(folder: Path, result: Mapping[str, Any], columns: Sequence[str]) -> list[Path]:
    """Bars with intervals per arm, the controls beside the gain, and curves over chunks. An empty
    list where matplotlib is not installed."""
    try:
        import matplotlib
    except ImportError:
        return []
    matplotlib.use("Agg")
    made = []
    for visit in result["visits"]:
        rows = [r for r in result["arms"] if visit in r["visits"]]
        if not rows:
            continue
        shown = [c for c in columns if any(_mean(r, visit, c) is not None for r in rows)]
        made += [
            _bars(folder / f"{visit}-measures.png", rows, visit, shown, result),
            _controls(folder / f"{visit}-controls.png", rows, visit, result),
            _curves(folder / f"{visit}-curves.png", rows, visit),
        ]
    return [p for p in made if p is not None]


def _name(row: Mapping[str, Any]) -> str:
    return row["arm"] if row["loop"] == "as given" else f"{row['arm']}\n{row['loop']}"


def _mean(row: Mapping[str, Any], visit: str, column: str) -> float | None:
    return (row["visits"][visit]["metrics"].get(column) or {}).get("mean")


def _bars(path, rows, visit, columns, result):
    from matplotlib.figure import Figure

    figure = Figure((3.4 * len(columns), 3.6), layout="constrained")
    for axes, column in zip(np.atleast_1d(figure.subplots(1, len(columns))), columns):
        have = [r for r in rows if _mean(r, visit, column) is not None and r["arm"] != TRUTH]
        values = [r["visits"][visit]["metrics"][column] for r in have]
        middle = np.array([v["mean"] for v in values])
        ends = np.array([[v["low"] or v["mean"], v["high"] or v["mean"]] for v in values]).T
        colours = ["#9aa3ad" if ":" in r["arm"] else "#3d7ea6" for r in have]
        axes.bar(range(len(have)), middle, color=colours,
                 yerr=np.abs(ends - middle), capsize=3)
        names = [_name(r) for r in have]
        axes.set_xticks(range(len(have)), names, rotation=60, ha="right", fontsize=7)
        of_features = column.split("_")[0] in ("lpips", "src", "fvd")
        stand_in = of_features and "stand-in" in result["features"]
        axes.set_title(column + (" (stand-in features)" if stand_in else ""), fontsize=9)
    title = f"{result['suite']}, first visit {visit}, n = {result['trajectories']}"
    figure.suptitle(title, fontsize=9)
    figure.savefig(path, dpi=110)
    return path


def _controls(path, rows, visit, result):
    rows = [r for r in rows if "controls" in r["visits"][visit]]
    if not rows:
        return None
    from matplotlib.figure import Figure

    figure = Figure((2 + 1.8 * len(rows), 3.6), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        held = row["visits"][visit]["controls"]
        bars = [("gain", held["gain"], "#3d7ea6")]
        if "wrong_pose" in held:
            bars.append(("wrong pose", held["wrong_pose"]["gain"], "#c9a227"))
        for name, other in held["another_episode"].items():
            forced = "forced" in name
            bars.append(("another episode" + ", forced" * forced, other["gain"],
                         "#b0563f" if forced else "#9aa3ad"))
        for k, (name, value, colour) in enumerate(bars):
            if value["mean"] is None:
                continue
            ends = np.array([[value["low"]], [value["high"]]])
            axes.bar(place + 0.2 * (k - 1), value["mean"], 0.18, color=colour,
                     yerr=np.abs(ends - value["mean"]), capsize=2,
                     label=None if place else name)
    axes.axhline(0, color="black", lw=0.6)
    axes.set_xticks(range(len(rows)), [_name(r) for r in rows], fontsize=8)
    axes.set_title(f"{result['primary']}: gain, first visit {visit}\n"
                   "over no memory; another episode's over what was walked since alone", fontsize=9)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7)
    figure.savefig(path, dpi=110)
    return path


def _curves(path, rows, visit):
    rows = [r for r in rows if "curves" in r["visits"][visit]]
    if not rows:
        return None
    from matplotlib.figure import Figure

    names = list(rows[0]["visits"][visit]["curves"])
    figure = Figure((3.6 * len(names), 3.2), layout="constrained")
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names):
        for row in rows:
            axes.plot(row["visits"][visit]["curves"][name], label=_name(row).replace("\n", " "))
        axes.set_title(f"{name} by chunk", fontsize=9)
    axes.legend(fontsize=7)
    figure.savefig(path, dpi=110)
    return path
