"""The five roads: light, sky, ground, houses and trees, with a mild variation by seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.learning.scenes.pictures import linear
from core.learning.scenes.styles import vary

STYLES: tuple[str, ...] = (
    "a sunny suburb",
    "a village at dusk",
    "a snowy road",
    "an autumn road",
    "a city avenue",
)


@dataclass(frozen=True)
class Look:
    """How a town is lit and built. Colours are linear light."""

    sky: np.ndarray  # the 19 numbers of scenes.sky
    fog: np.ndarray
    density: float
    ambient: np.ndarray
    sun: np.ndarray  # colour times strength
    azimuth: float
    elevation: float
    ground: np.ndarray  # [6, 3]: grass, grass too, asphalt, kerb, pavement, marking
    walls: tuple[np.ndarray, ...]
    roofs: tuple[np.ndarray, ...]
    leaves: tuple[np.ndarray, ...]
    trees: tuple[str, ...]
    lit: float  # share of windows with light in them
    lanes: int = 1  # lanes each way
    tall: bool = False  # blocks of flats in place of houses

    @property
    def sun_vector(self) -> np.ndarray:
        flat = math.cos(self.elevation)
        return np.array([flat * math.cos(self.azimuth), flat * math.sin(self.azimuth),
                         math.sin(self.elevation)])


@dataclass(frozen=True)
class _Palette:
    zenith: str
    horizon: str
    glow: tuple[float, float, float]
    hills: str
    disc: tuple[float, float, float]  # height, size, strength
    clouds: float
    fog: str
    density: float
    ambient: tuple[str, float]
    sun: tuple[str, float]
    elevation: float
    ground: tuple[str, str, str, str, str, str]
    walls: tuple[str, ...]
    roofs: tuple[str, ...]
    leaves: tuple[str, ...]
    trees: tuple[str, ...]
    lit: float = 0.0
    lanes: int = 1
    tall: bool = False


_PALETTES: dict[str, _Palette] = {
    "a sunny suburb": _Palette(
        "#4f9be0", "#cfe8f2", (0.16, 0.12, 0.04), "#7fa58a", (0.62, 0.09, 1.0), 0.45,
        "#cfe2ea", 0.0125, ("#cfe2f4", 0.62), ("#fff0cc", 1.25), 0.85,
        ("#86ad5a", "#6f9a4c", "#7b7f86", "#c9c6bd", "#c2bbae", "#f4f1e8"),
        ("#f1e3cb", "#e9c7a6", "#cfdde0", "#f0d98f", "#dfb0a0", "#f5f2ea"),
        ("#b4553f", "#8f4a3c", "#5d6470", "#a8643f"),
        ("#5f9148", "#7aa54e", "#4d8050"), ("round", "round", "poplar"),
    ),
    "a village at dusk": _Palette(
        "#3d4a8c", "#f0a884", (0.60, 0.24, 0.06), "#54466e", (0.10, 0.10, 1.0), 0.35,
        "#b08793", 0.0165, ("#a79fce", 0.50), ("#ffae6a", 1.15), 0.30,
        ("#6d7552", "#5d6a50", "#5f6070", "#9c939c", "#8f8489", "#e8dccb"),
        ("#d8bfa6", "#b98f86", "#c9b79f", "#a7a0b0"),
        ("#6e3f44", "#503f52", "#7d4a40"),
        ("#4c5f48", "#5f6b45", "#3f554c"), ("round", "fir", "poplar"), lit=0.65,
    ),
    "a snowy road": _Palette(
        "#8fb0d6", "#eef1f4", (0.10, 0.07, 0.05), "#b6c6d6", (0.42, 0.09, 0.6), 0.30,
        "#e3e9ef", 0.0190, ("#d5e0f0", 0.72), ("#ffe9cf", 0.62), 0.48,
        ("#eef2f7", "#dfe7f0", "#a3a8b0", "#d8dde4", "#e2e7ee", "#f6f6f4"),
        ("#a8483c", "#c79a5e", "#5f7486", "#d9cdb8", "#8c5a48"),
        ("#eef3f8", "#e6edf4", "#f3f6fa"),
        ("#3f6656", "#4c7360", "#5b7d6e"), ("fir", "fir", "bare"), lit=0.25,
    ),
    "an autumn road": _Palette(
        "#7fa6c8", "#f2e4c8", (0.34, 0.22, 0.08), "#a98f6c", (0.34, 0.10, 0.9), 0.30,
        "#ead9bb", 0.0180, ("#e6dcc8", 0.58), ("#ffd897", 1.05), 0.50,
        ("#a39a55", "#8f8a4a", "#77757a", "#b9ad9c", "#b3a48e", "#f2ead8"),
        ("#efe0c4", "#c98f63", "#d9c9b0", "#a66a4c"),
        ("#7a4a38", "#5c4d48", "#94583a"),
        ("#d9902f", "#c9622c", "#e0b040", "#a84c32"), ("round", "round", "poplar"),
    ),
    "a city avenue": _Palette(
        "#6b9fd0", "#dfe6e4", (0.18, 0.14, 0.06), "#98a6ac", (0.58, 0.09, 1.0), 0.30,
        "#d3dadb", 0.0135, ("#d3dce4", 0.60), ("#ffeccb", 1.15), 0.72,
        ("#8fa873", "#809a68", "#6d7076", "#b9b8b4", "#bdb8ae", "#f4f2ec"),
        ("#cfa88c", "#b7bfc4", "#d9cdb9", "#9c8478", "#c2c9bf", "#a9b6c2", "#c98f74"),
        ("#8d8f90", "#77797c", "#9b948a"),
        ("#6f9a55", "#5d8a50", "#83a75c"), ("round",), lanes=2, tall=True,
    ),
}


def look(style: str, rng: np.random.Generator) -> Look:
    """The look of a style; headings and small shifts of colour come from ``rng``."""
    if style not in _PALETTES:
        raise ValueError(f"unknown style {style!r}; use one of {STYLES}")
    p = _PALETTES[style]
    # A sun that never shines straight along the streets throws the clearest shadows.
    azimuth = math.pi / 2 * int(rng.integers(4)) + float(rng.uniform(0.45, 1.1))
    height, size, strength = p.disc
    sky = np.array([
        *linear(p.zenith), *linear(p.horizon), *p.glow, *linear(p.hills), azimuth, height, size,
        rng.uniform(0.10, 0.18), rng.uniform(0, 6.28), strength, p.clouds,
    ])

    def some(colours: tuple[str, ...], hue: float = 0.015) -> tuple[np.ndarray, ...]:
        return tuple(vary(c, rng, hue) for c in colours)

    return Look(
        sky, vary(p.fog, rng, 0.01), p.density, p.ambient[1] * vary(p.ambient[0], rng, 0.01),
        p.sun[1] * linear(p.sun[0]), azimuth, p.elevation, np.stack(some(p.ground, 0.008)),
        some(p.walls), some(p.roofs), some(p.leaves), p.trees, p.lit, p.lanes, p.tall,
    )
