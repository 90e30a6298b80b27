"""Small textures for wall faces: colour-field paintings, windows, doors and signs, with mipmaps."""

import numpy as np

SIZE = 32
LEVELS = 4
_Y, _X = (np.mgrid[0 : SIZE * 2, 0 : SIZE * 2] + 0.5) / (SIZE * 2)


def linear(colour: str) -> np.ndarray:
    """'#rrggbb' to linear light."""
    return np.array([int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]) ** 2.2


def _solid(colour) -> np.ndarray:
    return np.concatenate(
        [np.broadcast_to(colour, _X.shape + (3,)), np.ones(_X.shape + (1,))], -1
    ).copy()


def _fill(image, mask, colour) -> None:
    image[mask, :3] = colour


def painting(rng: np.random.Generator, colours: list, frame) -> np.ndarray:
    """A framed abstract of three large colour fields; the kind and the colours come from rng."""
    a, b, c = (colours[i] for i in rng.permutation(len(colours))[:3])
    image = _solid(a)
    kind = int(rng.integers(7))
    h = rng.uniform(0.42, 0.62)
    if kind == 0:  # two soft bands
        _fill(image, (_Y > h) & (_Y < 0.88) & (abs(_X - 0.5) < 0.36), b)
        _fill(image, (_Y < h - 0.08) & (_Y > 0.14) & (abs(_X - 0.5) < 0.36), c)
    elif kind == 1:  # sun over a hill
        _fill(image, (_X - 0.3 - 0.4 * h) ** 2 + (_Y - 0.36) ** 2 < 0.033, c)
        _fill(image, _Y > h + 0.12 * np.sin(_X * 5 + 9 * h), b)
    elif kind == 2:  # diagonal
        _fill(image, _X + _Y * 0.8 > 0.75 + 0.4 * (h - 0.5), b)
        _fill(image, _X + _Y * 0.8 > 1.30, c)
    elif kind == 3:  # big disc
        _fill(image, (_X - 0.5) ** 2 + (_Y - 0.5) ** 2 < 0.115, b)
        _fill(image, ((_X - 0.5) ** 2 + (_Y - 0.5) ** 2 < 0.115) & (_Y > 0.5), c)
    elif kind == 4:  # uprights
        _fill(image, _X > 0.40, b)
        _fill(image, _X > 0.70, c)
    elif kind == 5:  # arches
        r = np.hypot(_X - 0.5, np.minimum(_Y - 0.55, 0.0))
        _fill(image, r < 0.34, b)
        _fill(image, r < 0.18, c)
    else:  # quarters
        _fill(image, (_X > 0.5) & (_Y < h), b)
        _fill(image, (_X < 0.5) & (_Y > h), c)
    _fill(image, np.maximum(abs(_X - 0.5), abs(_Y - 0.5)) > 0.435, frame)
    return image


def window(light, frame, bars: bool = True) -> np.ndarray:
    """A window pane: brighter at the bottom, a broad frame, one cross bar."""
    image = _solid(light)
    image[..., :3] *= (0.75 + 0.5 * _Y)[..., None]
    _fill(image, np.maximum(abs(_X - 0.5), abs(_Y - 0.5)) > 0.41, frame)
    if bars:
        _fill(image, (abs(_X - 0.5) < 0.045) | (abs(_Y - 0.42) < 0.045), frame)
    return image


def window_pair(light, frame) -> np.ndarray:
    """Two panes with bare wall between them."""
    image = window(light, frame, False)
    x = abs(_X - 0.5)
    image[x > 0.36, :3] = image[x < 0.12, :3] = frame
    image[..., 3] = (x > 0.08) & (x < 0.42)
    image[image[..., 3] == 0, :3] = frame
    return image


def door(colour, frame, knob) -> np.ndarray:
    """A panelled door."""
    image = _solid(colour)
    panel = (abs(abs(_X - 0.5) - 0.18) < 0.12) & (abs(abs(_Y - 0.5) - 0.2) < 0.14)
    _fill(image, panel, np.asarray(colour) * 0.72)
    _fill(image, (_X - 0.78) ** 2 + (_Y - 0.54) ** 2 < 0.004, knob)
    _fill(image, (abs(_X - 0.5) > 0.42) | (_Y < 0.07), frame)
    return image


def sign(rng: np.random.Generator, ink, ground) -> np.ndarray:
    """A bold pictogram on a coloured board."""
    image = _solid(ground)
    kind = int(rng.integers(6))
    x, y = _X - 0.5, _Y - 0.5
    mask = (
        (abs(x) + abs(y) < 0.33),
        (np.hypot(x, y) < 0.33) & (np.hypot(x, y) > 0.17),
        (abs(x) < 0.1) & (abs(y) < 0.34) | (abs(y) < 0.1) & (abs(x) < 0.34),
        (y > -0.3) & (y < 0.28) & (abs(x) < (y + 0.32) * 0.55),
        (abs(abs(x) - 0.2) < 0.09) & (abs(y) < 0.33),
        (abs(x - abs(y) * -0.9 - 0.12) < 0.13) & (abs(y) < 0.33),
    )[kind]
    _fill(image, mask, ink)
    return image


def shelf(rng: np.random.Generator, wood, colours: list) -> np.ndarray:
    """A bookcase: two boards, broad blocks of colour between them."""
    image = _solid(np.asarray(wood) * 0.45)
    for high in (0.46, 0.94):
        x = 0.08
        while x < 0.86:
            wide = rng.uniform(0.12, 0.22)
            tall = rng.uniform(0.24, 0.36)
            colour = colours[int(rng.integers(len(colours)))]
            _fill(
                image,
                (_X > x) & (_X < min(0.92, x + wide)) & (_Y < high) & (_Y > high - tall),
                colour,
            )
            x += wide
    _fill(image, (abs(_X - 0.5) > 0.44) | (abs(_Y - 0.5) > 0.45) | (abs(_Y - 0.5) < 0.04), wood)
    return image


def atlas(images: list[np.ndarray]) -> np.ndarray:
    """Stack pictures to [n, LEVELS, 32, 32, 4]; level l lives in its top left 32 >> l square."""
    out = np.zeros((max(1, len(images)), LEVELS, SIZE, SIZE, 4), np.float32)
    for i, image in enumerate(images):
        for level in range(LEVELS):
            n = SIZE >> level
            k = image.shape[0] // n
            out[i, level, :n, :n] = image.reshape(n, k, n, k, 4).mean((1, 3))
    return out
