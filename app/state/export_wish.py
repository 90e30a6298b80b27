"""What is to be exported, as it is asked for and kept in the queue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.media.export_settings import ExportSettings


@dataclass(frozen=True)
class ExportWish:
    """Frames [start, stop) of the sequence into ``path``."""

    path: Path
    start: int
    stop: int
    width: int | None = None
    height: int | None = None
    rate: str = ""  # "" = as made; else "24" or "30000/1001"
    crf: int = 18
    preset: str = "medium"
    scaler: str = "lanczos"


def export_settings(wish: ExportWish) -> ExportSettings:
    from core.media.export_settings import ExportSettings

    return replace(
        ExportSettings(),
        width=wish.width,
        height=wish.height,
        rate=Fraction(wish.rate) if wish.rate else None,
        crf=wish.crf,
        preset=wish.preset,
        scaler=wish.scaler,
    )
