"""The curve of a training run, drawn from its log."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_LINES = (("psnr", "model"), ("repeat", "repeat last frame"), ("wrong", "other actions"))


def read_log(path: Path) -> list[dict[str, Any]]:
    """The rows of a ``log.jsonl``; where a run went on from before its end, the later count."""
    rows: dict[tuple[int, bool], dict[str, Any]] = {}
    for line in path.read_text("utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # cut short by a kill
        rows[row["step"], "final" in row] = row
    return sorted(rows.values(), key=lambda row: (row["step"], "final" in row))


def draw_curve(rows: Iterable[dict[str, Any]], out: Path) -> bool:
    """Loss and critic, and held-out PSNR beside its two references, over the minutes, as a PNG.
    False, and nothing written, without matplotlib or with nothing to draw."""
    try:
        import matplotlib
    except ImportError:
        return False
    timed = [r for r in rows if "minutes" in r]
    learned, looked = [r for r in timed if "loss" in r], [r for r in timed if "psnr" in r]
    if not learned:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    left.plot([r["minutes"] for r in learned], [r["loss"] for r in learned], lw=1, label="loss")
    left.set(xlabel="minutes", ylabel="masked loss", yscale="log", title="Training loss")
    judged = [r for r in learned if "critic" in r]
    if judged:
        line = [r["critic"] for r in judged]
        left.plot([r["minutes"] for r in judged], line, lw=1, label="critic")
        left.legend()
    for key, label in _LINES:
        found = [r for r in looked if key in r]
        right.plot([r["minutes"] for r in found], [r[key] for r in found], marker=".", label=label)
    right.set(xlabel="minutes", ylabel="PSNR, dB", title="Next chunk, held-out scenes")
    right.legend()
    figure.savefig(out, dpi=90)
    plt.close(figure)
    return True
