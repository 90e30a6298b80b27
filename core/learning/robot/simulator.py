"""One table that lives: the hand is led from place to place, the blocks obey physics."""

from __future__ import annotations

import math
import os
import sys

import numpy as np

from core.learning.robot.table import layout, links, model_xml
from core.learning.sources.source import SourceUnavailable

SUBSTEPS = 31  # physics steps a frame: 31 × 4 ms is an eighth of a second
OPEN, CLOSED = 0.050, 0.035  # fingers from the middle of the hand
REST = np.array([0.0, 0.05, 0.26])


def mujoco_here():
    """The mujoco module, told to draw without a display. Raises SourceUnavailable."""
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        # Both draw without a display; of the two OSMesa needs no graphics driver.
        os.environ.setdefault("MUJOCO_GL", "osmesa")
    try:
        import mujoco
    except ImportError as error:
        raise SourceUnavailable(
            f"The robot source needs MuJoCo ({error}). Install it with: pip install -e .[sources]"
        ) from error
    except Exception as error:  # its OpenGL part raises what it likes
        raise SourceUnavailable(_no_drawing(error)) from error
    return mujoco


def _no_drawing(error: Exception) -> str:
    return (
        f"MuJoCo is there and cannot draw ({error}). On Debian: apt install libosmesa6, then set "
        "MUJOCO_GL=osmesa; with a graphics driver, MUJOCO_GL=egl does as well."
    )


class Simulator:
    """A table of ``seed``. ``frame()`` advances an eighth of a second and takes the picture.

    Deterministic: the same seed and the same leading give the same pictures. Close it when done.
    """

    def __init__(self, seed: int, size: int = 128, draw: bool = True):
        mujoco = mujoco_here()
        self.seed, self.layout = int(seed), layout(seed)
        self._mujoco = mujoco
        self.model = mujoco.MjModel.from_xml_string(model_xml(self.layout, seed))
        self.data = mujoco.MjData(self.model)
        self._size, self._renderer = size, None
        self.tip, self.fingers, self.yaw = REST.copy(), OPEN, 0.0
        self.held: str | None = None
        self._mocap = {
            name: self.model.body_mocapid[self.model.body(name).id]
            for name in ("upper", "fore", "gripper", "left_finger", "right_finger")
        }
        self._place_arm()
        for _ in range(50):  # blocks settle
            mujoco.mj_step(self.model, self.data)
        if draw:
            self._open()

    def _open(self) -> None:
        try:
            # Drawn twice as large and averaged: soft edges without the driver's help.
            self._renderer = self._mujoco.Renderer(self.model, 2 * self._size, 2 * self._size)
        except Exception as error:  # depends on the GL library, none of it documented
            raise SourceUnavailable(_no_drawing(error)) from error

    def close(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def at(self, colour: str) -> np.ndarray:
        """Where a block's middle is: [x, y, z] in metres."""
        return self.data.body(colour).xpos.copy()

    def heading(self, colour: str) -> float:
        """How a block is turned, to the nearest quarter: −45 to 45 degrees, in radians."""
        matrix = self.data.body(colour).xmat.reshape(3, 3)
        return math.remainder(math.atan2(matrix[1, 0], matrix[0, 0]), math.pi / 2)

    def grasp(self, colour: str) -> None:
        """Hold the block as it is between the fingers."""
        hand, block = self.data.body("gripper"), self.data.body(colour)
        weld = self.model.equality(f"hold_{colour}").id
        turned = hand.xmat.reshape(3, 3)
        relative = np.zeros(11)
        relative[3:6] = turned.T @ (block.xpos - hand.xpos)
        back, both = np.zeros(4), np.zeros(4)
        self._mujoco.mju_negQuat(back, hand.xquat)
        self._mujoco.mju_mulQuat(both, back, block.xquat)
        relative[6:10], relative[10] = both, 1.0
        self.model.eq_data[weld] = relative
        self.data.eq_active[weld] = 1
        self.held = colour

    def release(self) -> None:
        if self.held is not None:
            self.data.eq_active[self.model.equality(f"hold_{self.held}").id] = 0
            self.held = None

    def frame(
        self, tip: np.ndarray, fingers: float, yaw: float, seen: bool = True
    ) -> np.ndarray | None:
        """Lead the hand there within a frame; the picture [size, size, 3] uint8 at its end, where
        it is to be ``seen``."""
        tip = np.asarray(tip, float)
        from_tip, from_fingers, from_yaw = self.tip, self.fingers, self.yaw
        for k in range(1, SUBSTEPS + 1):
            share = k / SUBSTEPS
            self.tip = from_tip + (tip - from_tip) * share
            self.fingers = from_fingers + (fingers - from_fingers) * share
            self.yaw = from_yaw + (yaw - from_yaw) * share
            self._place_arm()
            self._mujoco.mj_step(self.model, self.data)
        return self.picture() if seen and self._renderer is not None else None

    def picture(self) -> np.ndarray:
        self._renderer.update_scene(self.data, camera="fixed")
        large = self._renderer.render().astype(np.uint16)
        n = self._size
        return ((large.reshape(n, 2, n, 2, 3).sum((1, 3)) + 2) // 4).astype(np.uint8)

    def _place_arm(self) -> None:
        (shoulder, upper), (elbow, fore) = links(self.tip)
        hand = np.array([math.cos(self.yaw / 2), 0, 0, math.sin(self.yaw / 2)])
        way = np.array([math.cos(self.yaw), math.sin(self.yaw), 0.0])
        for name, place, turned in (
            ("upper", shoulder, upper), ("fore", elbow, fore), ("gripper", self.tip, hand),
            ("left_finger", self.tip - way * self.fingers, hand),
            ("right_finger", self.tip + way * self.fingers, hand),
        ):
            self.data.mocap_pos[self._mocap[name]] = place
            self.data.mocap_quat[self._mocap[name]] = turned
