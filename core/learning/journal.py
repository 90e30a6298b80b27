"""What a training run writes about itself: log.jsonl, curve.png, and the same for TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.learning.curve import draw_curve, read_log
from core.media.cv import cv2


class Journal:
    """The journal of a run that goes on from ``step``, in its folder ``out``. Only the main process
    of a run writes: the others' journals (``on`` False) do nothing."""

    def __init__(self, out: Path, step: int, on: bool = True, say: Callable[[str], None] = print):
        self._out, self._on, self._say = out, on, say
        if on:
            self._log = (out / "log.jsonl").open("a", encoding="utf-8")
            self._board = _board(out / "tensorboard", step, say)

    def row(self, values: dict[str, Any]) -> None:
        """One line of the log; its numbers as scalars under their names, at ``values["step"]``."""
        if not self._on:
            return
        self._say(json.dumps(values))
        self._log.write(json.dumps(values) + "\n")
        self._log.flush()
        if self._board is not None:
            for name, value in values.items():
                if name != "step" and type(value) in (int, float):
                    self._board.add_scalar(name, value, values["step"])

    def looked(self, step: int) -> None:
        """After a look at held-out scenes: ``curve.png`` anew, and the sheet for TensorBoard."""
        if not self._on:
            return
        draw_curve(read_log(self._out / "log.jsonl"), self._out / "curve.png")
        if self._board is not None:
            path = self._out / "sheet.png"
            if path.exists():
                sheet = cv2.imread(str(path))[..., ::-1]
                self._board.add_image("sheet", sheet.copy(), step, dataformats="HWC")
            self._board.flush()

    def close(self) -> None:
        if self._on:
            self._log.close()
            if self._board is not None:
                self._board.close()


def _board(folder: Path, step: int, say: Callable[[str], None]) -> Any:
    """TensorBoard's writer; None, and said so, where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        say(
            "TensorBoard is not installed, so nothing is written for it; log.jsonl and curve.png "
            "are. To have it: pip install tensorboard"
        )
        return None
    # What was written after the state that a run goes on from did not happen.
    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)
