"""How a film is written: size, rate, quality, and the presets that name good choices."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

X264_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip


@dataclass(frozen=True)
class ExportSettings:
    """How a film is written. Width and height in pixels, None for the sequence's own (with
    one of them given the other follows from the shape); rate in frames a second, None for the
    sequence's own; crf from 0 (lossless, huge) to 51."""

    width: int | None = None
    height: int | None = None
    rate: Fraction | None = None
    crf: int = 18
    preset: str = "medium"
    scaler: Literal["lanczos", "nearest"] = "lanczos"

    def __post_init__(self) -> None:
        for name, side in (("width", self.width), ("height", self.height)):
            if side is not None and not 2 <= side <= 16384:
                raise ValueError(f"{name} is 2 to 16384 pixels, got {side}")
        if self.rate is not None and not 0 < self.rate <= 1000:
            raise ValueError(f"rate is above 0 and at most 1000 frames a second, got {self.rate}")
        if not 0 <= self.crf <= 51:
            raise ValueError(f"crf is 0 (best) to 51 (smallest), got {self.crf}")
        if self.preset not in X264_PRESETS:
            raise ValueError(f"preset is one of {', '.join(X264_PRESETS)}, got {self.preset!r}")
        if self.scaler not in ("lanczos", "nearest"):
            raise ValueError(f"scaler is lanczos or nearest, got {self.scaler!r}")


EXPORT_PRESETS: dict[str, ExportSettings] = {
    "Draft": ExportSettings(crf=27, preset="veryfast"),
    "Standard": ExportSettings(),
    "High": ExportSettings(crf=12, preset="slow"),
    "Share 1080p": ExportSettings(width=1920, height=1080, rate=Fraction(24)),
    "Share 1080p square": ExportSettings(width=1080, height=1080, rate=Fraction(24)),
    "Share 1080p portrait": ExportSettings(width=1080, height=1920, rate=Fraction(24)),
    "Crisp pixels 1080p": ExportSettings(height=1080, rate=Fraction(24), scaler="nearest"),
}


def output_size(size: tuple[int, int], settings: ExportSettings) -> tuple[int, int]:
    """Width and height of the film for frames of ``size`` (width, height); always even.

    H.264 with shared colour samples has even sides: an odd sequence grows by a pixel.
    """
    width, height = size
    if settings.width and settings.height:
        width, height = settings.width, settings.height
    elif settings.width:
        width, height = settings.width, max(1, round(settings.width * height / width))
    elif settings.height:
        width, height = max(1, round(settings.height * width / height)), settings.height
    return width + width % 2, height + height % 2


def output_frames(total: int, rate: Fraction, settings: ExportSettings) -> int:
    """Frames of the film for ``total`` frames at ``rate``."""
    target = Fraction(settings.rate or rate)
    return max(1, round(total * target / Fraction(rate)))
