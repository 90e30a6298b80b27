"""The five styles: their prompt, light, fog, sky and palette, with a mild variation by seed."""

import colorsys
import math
from dataclasses import dataclass

import numpy as np

from .pictures import linear

STYLES: tuple[str, ...] = (
    "a quiet gallery",
    "a concrete corridor",
    "a garden maze at dusk",
    "a night street",
    "a sunlit house",
)


@dataclass(frozen=True)
class Mood:
    """Light and air of a scene. Colours are linear light."""

    fog: np.ndarray
    density: float
    indoor: np.ndarray
    outdoor: np.ndarray
    sun: np.ndarray  # colour times strength
    azimuth: float
    elevation: float
    sky: np.ndarray  # the 19 numbers of the sky (see shading)

    @property
    def sun_vector(self) -> np.ndarray:
        ce = math.cos(self.elevation)
        return np.array(
            [ce * math.cos(self.azimuth), ce * math.sin(self.azimuth), math.sin(self.elevation)]
        )


def vary(
    colour: str, rng: np.random.Generator, hue: float = 0.02, value: float = 0.04
) -> np.ndarray:
    """A neighbour of a palette colour, as linear light."""
    rgb = [int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    h, s, v = colorsys.rgb_to_hsv(*rgb)
    h = (h + rng.uniform(-hue, hue)) % 1.0
    s = min(1.0, s * rng.uniform(0.92, 1.08))
    v = min(1.0, max(0.0, v + rng.uniform(-value, value)))
    return np.array(colorsys.hsv_to_rgb(h, s, v)) ** 2.2


def _sky(zenith, horizon, glow, hills, azimuth, disc, rng, clouds) -> np.ndarray:
    height, size, strength = disc
    return np.array(
        [
            *linear(zenith),
            *linear(horizon),
            *glow,
            *linear(hills),
            azimuth,
            height,
            size,
            rng.uniform(0.10, 0.16),
            rng.uniform(0, 6.28),
            strength,
            clouds,
        ]
    )


def mood(style: str, rng: np.random.Generator) -> Mood:
    """The light of a style; the heading of the sun and small shifts of colour come from rng."""
    around = float(rng.uniform(0, 2 * math.pi))
    # A low sun that never shines straight along the grid throws the clearest shadows.
    slanted = math.pi / 2 * int(rng.integers(4)) + float(rng.uniform(0.45, 1.1))
    if style == "a quiet gallery":
        return Mood(
            vary("#d6d8da", rng, 0.01),
            0.045,
            0.70 * vary("#f3f3f4", rng, 0.01),
            np.zeros(3),
            np.zeros(3),
            0.0,
            1.0,
            _sky("#d9d2c6", "#d9d2c6", (0, 0, 0), "#d9d2c6", 0.0, (1, 0.1, 0), rng, 0.0),
        )
    if style == "a concrete corridor":
        return Mood(
            vary("#6d808a", rng),
            0.060,
            0.32 * vary("#cfe0ea", rng),
            np.zeros(3),
            np.zeros(3),
            0.0,
            1.0,
            _sky("#50606a", "#50606a", (0, 0, 0), "#50606a", 0.0, (1, 0.1, 0), rng, 0.0),
        )
    if style == "a garden maze at dusk":
        return Mood(
            vary("#b98a8e", rng, 0.03),
            0.052,
            np.zeros(3),
            0.95 * vary("#b3a6d4", rng, 0.03),
            2.0 * linear("#ffb870"),
            slanted,
            0.50,
            _sky(
                "#4c5796",
                "#eda98a",
                (0.55, 0.22, 0.06),
                "#5b4a70",
                slanted,
                (0.20, 0.11, 1.0),
                rng,
                0.25,
            ),
        )
    if style == "a night street":
        return Mood(
            vary("#232c52", rng, 0.03),
            0.055,
            np.zeros(3),
            0.26 * vary("#8ea4ff", rng),
            0.14 * linear("#b4c6ff"),
            around,
            0.8,
            _sky(
                "#0d1536",
                "#35406f",
                (0.02, 0.02, 0.06),
                "#141b3a",
                around,
                (0.52, 0.10, 0.8),
                rng,
                0.12,
            ),
        )
    if style == "a sunlit house":
        return Mood(
            vary("#f2dfc4", rng),
            0.030,
            0.54 * vary("#fff0dc", rng),
            0.9 * linear("#cfe4ff"),
            2.2 * linear("#ffd890"),
            slanted,
            0.72,
            _sky(
                "#6fb0e8",
                "#dcecf2",
                (0.20, 0.14, 0.04),
                "#8fae82",
                slanted,
                (0.5, 0.1, 1.0),
                rng,
                0.35,
            ),
        )
    raise ValueError(f"unknown style {style!r}; use one of {STYLES}")
