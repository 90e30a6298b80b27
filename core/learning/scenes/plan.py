"""A scene on the drawing board: grids, materials, pictures, round things and lamps."""

import numpy as np

from . import pictures
from .shading import CELL, SKY
from .styles import Mood

WEST, EAST, SOUTH, NORTH = 0, 1, 2, 3  # the face of a solid cell that looks that way
SLOTS = 3  # pictures a wall face can hold, one above or beside the other
PATTERNS = {
    "plain": 0,
    "tiles": 1,
    "planks": 2,
    "wainscot": 3,
    "blotch": 4,
    "panels": 5,
    "rug": 6,
    "band": 7,
    "courses": 8,
}


class Plan:
    """What a layout may draw. Areas are grid cells; heights and items are world units."""

    def __init__(self, cols: int, rows: int, mood: Mood, rng: np.random.Generator):
        self.cols, self.rows, self.mood, self.rng = cols, rows, mood, rng
        self.floor_h = np.full((rows, cols), SKY, np.float32)
        self.ceil_h = np.full((rows, cols), SKY, np.float32)
        self.floor_m = np.zeros((rows, cols), np.int16)
        self.ceil_m = np.zeros((rows, cols), np.int16)
        self.wall_m = np.zeros((rows, cols), np.int16)
        self.faces = np.zeros((rows, cols, 4 * SLOTS), np.int16)
        self.glass = np.zeros((rows, cols), np.bool_)  # ceilings that let the sun through
        self.mats: list[list[float]] = []
        self.decals: list[list[float]] = [[0.0] * 6]
        self.images: list[np.ndarray] = []
        self.items: list[list[float]] = []
        self.lamps: list[list[float]] = []

    def material(self, colour, second=None, pattern="plain", params=(0.0,), emit=0.0) -> int:
        a = self._colour(colour)
        b = self._colour(colour if second is None else second)
        p = (list(params) + [0.0] * 4)[:4]
        self.mats.append([float(PATTERNS[pattern]), *a, *b, *p, emit])
        return len(self.mats) - 1

    @staticmethod
    def _colour(colour):
        return pictures.linear(colour) if isinstance(colour, str) else np.asarray(colour, float)

    def room(self, x0, y0, x1, y1, floor, ceiling, height) -> None:
        """Open the cells [x0, x1) x [y0, y1)."""
        area = (slice(y0, y1), slice(x0, x1))
        self.floor_h[area] = 0.0
        self.ceil_h[area] = height
        self.floor_m[area] = floor
        self.ceil_m[area] = ceiling

    def block(self, x0, y0, x1, y1, height, wall, top=None) -> None:
        """Raise the floor: furniture, hedges, houses."""
        area = (slice(y0, y1), slice(x0, x1))
        self.floor_h[area] = height
        self.wall_m[area] = wall
        self.floor_m[area] = wall if top is None else top

    def image(self, picture: np.ndarray) -> int:
        self.images.append(picture)
        return len(self.images) - 1

    def hang(
        self,
        image: int,
        face: int,
        line: int,
        centre: float,
        width: float,
        z0: float,
        z1: float,
        glow=0.0,
        slot=0,
    ) -> None:
        """Put a picture on a wall: `line` is the wall's column (west, east) or row."""
        a0, a1 = centre - width / 2, centre + width / 2
        self.decals.append([float(image), a0, a1, z0, z1, glow])
        for k in range(int(np.floor(a0 / CELL)), int(np.ceil(a1 / CELL - 1e-6))):
            if face < 2:
                self.faces[k, line, face + 4 * slot] = len(self.decals) - 1
            else:
                self.faces[line, k, face + 4 * slot] = len(self.decals) - 1

    def ball(self, x, y, z, r, rz, colour, emit=0.0) -> None:
        self.items.append([0.0, x, y, z, r, rz, *self._colour(colour), emit])

    def post(self, x, y, r, z0, z1, colour, emit=0.0) -> None:
        """An upright cylinder."""
        self.items.append([1.0, x, y, (z0 + z1) / 2, r, (z1 - z0) / 2, *self._colour(colour), emit])

    def lamp(self, x, y, z, colour, reach, power=1.0, halo=0.0, halo_power=0.0) -> None:
        self.lamps.append(
            [x, y, z, *(self._colour(colour) * power), reach, halo, halo_power / max(power, 1e-6)]
        )

    def is_open(self, x: int, y: int) -> bool:
        return 0 <= x < self.cols and 0 <= y < self.rows and self.floor_h[y, x] == 0.0
