"""Dead reckoning: a handful of motions, and the poses that follow from them."""

import math
from dataclasses import dataclass

import numpy as np

FPS = 8
FORWARD = 0.12  # cells a frame
STRAFE = 0.08
TURN = math.radians(6)  # a frame
_CURVE = 0.7 * TURN

Pose = np.ndarray  # x, y, yaw

MOTIONS: dict[str, tuple[float, float, float]] = {
    "hold": (0.0, 0.0, 0.0),
    "forward": (FORWARD, 0.0, 0.0),
    "back": (-FORWARD, 0.0, 0.0),
    "strafe_left": (0.0, STRAFE, 0.0),
    "strafe_right": (0.0, -STRAFE, 0.0),
    "turn_left": (0.0, 0.0, TURN),
    "turn_right": (0.0, 0.0, -TURN),
    "forward_left": (FORWARD, 0.0, _CURVE),
    "forward_right": (FORWARD, 0.0, -_CURVE),
}

#: What undoes a motion. Curves have no reverse of their own.
BACKWARDS = {
    "hold": "hold",
    "forward": "back",
    "back": "forward",
    "strafe_left": "strafe_right",
    "strafe_right": "strafe_left",
    "turn_left": "turn_right",
    "turn_right": "turn_left",
}
# The same path walked the other way after turning round.
TURNED = {
    "hold": "hold",
    "forward": "forward",
    "back": "back",
    "strafe_left": "strafe_left",
    "strafe_right": "strafe_right",
    "turn_left": "turn_right",
    "turn_right": "turn_left",
    "forward_left": "forward_right",
    "forward_right": "forward_left",
}


@dataclass(frozen=True)
class Walk:
    poses: np.ndarray  # [frames + 1, 3]
    verbs: list[str]  # verbs[i] led from frame i to i + 1


def step(pose: Pose, motion: tuple[float, float, float]) -> Pose:
    """Turn by half, move, turn by the other half: the reversed motion inverts it exactly."""
    forward, left, turn = motion
    yaw = pose[2] + 0.5 * turn
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array(
        [pose[0] + forward * c - left * s, pose[1] + forward * s + left * c, yaw + 0.5 * turn]
    )


def follow(pose: Pose, verbs: list[str]) -> np.ndarray:
    """All poses of a list of verbs, the first included."""
    poses = [np.asarray(pose, np.float64)]
    for verb in verbs:
        poses.append(step(poses[-1], MOTIONS[verb]))
    return np.stack(poses)
