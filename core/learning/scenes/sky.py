"""The sky as a panorama: gradient, glow around the sun or moon, soft clouds, distant hills."""

import numpy as np

HEADINGS, HEIGHTS = 769, 97  # the last heading repeats the first


def _smooth(a, b, x):
    t = np.clip((x - a) / (b - a), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def panorama(sky: np.ndarray) -> np.ndarray:
    """Linear light [HEADINGS, HEIGHTS, 3] over heading and rise per ground unit (0..1).

    sky: 0:3 zenith, 3:6 horizon, 6:9 glow, 9:12 hills, 12 heading of the disc, 13 its height,
    14 its size, 15 hill height, 16 hill phase, 17 disc strength, 18 cloud strength.
    """
    heading = np.linspace(0.0, 2.0 * np.pi, HEADINGS)[:, None]
    el = np.linspace(0.0, 1.0, HEIGHTS)[None]
    az = (heading - sky[12] + np.pi) % (2.0 * np.pi) - np.pi
    phase = sky[16]
    h = _smooth(0.0, 0.9, el)
    glow = np.exp(-(az * az * 0.9 + (el - 0.05) ** 2 * 7.0))
    cloud = (
        sky[18]
        * (0.5 + 0.5 * np.sin(az * 3.0 + phase + 2.0 * np.sin(el * 5.0)))
        * _smooth(0.04, 0.2, el)
    )
    cloud = (
        cloud
        * (1.0 - _smooth(0.3, 0.75, el))
        * (0.5 + 0.5 * np.sin(el * 17.0 + 1.7 * np.sin(az * 2.0 + phase)))
    )
    ridge = sky[15] * (
        0.6 + 0.28 * np.sin(az * 3.0 + phase) + 0.22 * np.sin(az * 5.0 + 2.1 * phase)
    )
    hill = (1.0 - _smooth(ridge - 0.012, ridge + 0.012, el))[..., None]
    d = np.sqrt(az * az + (el - sky[13]) ** 2)
    disc = (1.0 - _smooth(sky[14] * 0.85, sky[14] * 1.1, d)) * sky[17] + 0.35 * sky[17] * np.exp(
        -d * d / (sky[14] ** 2 * 9.0)
    )
    horizon, zenith, halo = sky[3:6], sky[0:3], sky[6:9]
    air = horizon * (1 - h)[..., None] + zenith * h[..., None] + glow[..., None] * halo
    air = (
        air
        + cloud[..., None] * (horizon * 0.5 + halo * 0.5)
        + disc[..., None] * (0.55 + 0.45 * horizon)
    )
    return (air * (1 - hill) + (sky[9:12] * 0.75 + air * 0.25) * hill).astype(np.float32)
