"""The table, the arm and the blocks as a MuJoCo model of our own, deterministic in its seed.

Lengths are metres. The arm's links and the gripper are moved by script (mocap bodies): they push
what they touch, nothing pushes them. The blocks are free bodies with weight and friction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.learning.phrases.robot import COLOURS

TABLES: tuple[str, ...] = ("a wooden table", "a white laboratory bench", "a dark workbench")
SIZE = 0.029  # half the edge of a block
SHOULDER = np.array([0.0, 0.30, 0.20])  # where the upper arm begins; the table's top is z = 0
UPPER, FORE = 0.36, 0.36  # lengths of the arm's links
WRIST = 0.13  # from the wrist down to the finger tips
SPOT_X, SPOT_Y = (-0.20, 0.20), (-0.17, 0.04)  # where blocks are put
_SALT = 0x20B07

_RGB = {
    "red": (0.83, 0.19, 0.16), "blue": (0.16, 0.40, 0.80), "green": (0.20, 0.62, 0.30),
    "yellow": (0.95, 0.76, 0.16), "purple": (0.55, 0.28, 0.70),
}
# Table top and its second colour, wall, floor, arm, joints.
_LOOKS = {
    TABLES[0]: ("0.76 0.56 0.37", "0.70 0.50 0.32", "0.87 0.83 0.76", "0.60 0.53 0.46",
                "0.93 0.92 0.90", "0.89 0.45 0.17"),
    TABLES[1]: ("0.80 0.81 0.82", "0.74 0.77 0.79", "0.74 0.82 0.86", "0.63 0.68 0.72",
                "0.30 0.34 0.40", "0.16 0.62 0.66"),
    TABLES[2]: ("0.27 0.29 0.33", "0.23 0.25 0.29", "0.46 0.50 0.56", "0.30 0.32 0.36",
                "0.90 0.68 0.20", "0.22 0.23 0.26"),
}


@dataclass(frozen=True)
class Layout:
    """What stands where at first."""

    table: str
    blocks: dict[str, tuple[float, float, float]]  # colour → x, y, yaw


def layout(seed: int) -> Layout:
    """Three to five blocks, far enough apart that the gripper fits between."""
    rng = np.random.default_rng([_SALT, int(seed)])
    table = TABLES[int(rng.integers(len(TABLES)))]
    count = int(rng.integers(3, 6))
    colours = [COLOURS[i] for i in rng.permutation(len(COLOURS))[:count]]
    places: list[tuple[float, float]] = []
    while len(places) < count:
        x, y = float(rng.uniform(*SPOT_X)), float(rng.uniform(*SPOT_Y))
        # Blocks are pushed sideways: they need room there above all.
        if all(abs(x - a) > 0.095 or abs(y - b) > 0.11 for a, b in places):
            places.append((x, y))
        elif rng.random() < 0.02:
            places.clear()
    yaws = rng.uniform(-0.35, 0.35, count)
    return Layout(table, {c: (*p, float(w)) for c, p, w in zip(colours, places, yaws)})


def model_xml(at: Layout, seed: int) -> str:
    """The scene as MJCF."""
    rng = np.random.default_rng([_SALT, int(seed), 2])
    top, second, wall, floor, arm, joint = _LOOKS[at.table]
    sun_x, sun_y = float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.9, -0.3))
    blocks = "".join(
        f'<body name="{c}" pos="{x} {y} {SIZE}" euler="0 0 {w}"><freejoint/>'
        f'<geom type="box" size="{SIZE} {SIZE} {SIZE}" rgba="{" ".join(map(str, _RGB[c]))} 1" '
        f'mass="0.06" friction="0.7 0.02 0.002" material="satin"/></body>'
        for c, (x, y, w) in at.blocks.items()
    )
    welds = "".join(
        f'<weld name="hold_{c}" body1="gripper" body2="{c}" active="false" '
        'solref="0.004 1" solimp="0.95 0.99 0.001"/>'
        for c in at.blocks
    )
    seen = 'contype="0" conaffinity="0"'
    return f"""<mujoco>
  <compiler angle="radian"/>
  <option timestep="0.004" integrator="implicitfast" cone="elliptic"/>
  <visual>
    <headlight ambient="0.38 0.38 0.39" diffuse="0.22 0.22 0.22" specular="0 0 0"/>
    <quality shadowsize="1024" offsamples="0"/>
    <global fovy="42"/><map znear="0.02" shadowclip="0.9"/>
  </visual>
  <asset>
    <texture name="grain" type="2d" builtin="checker" width="256" height="256" rgb1="{top}"
      rgb2="{second}"/>
    <material name="top" texture="grain" texrepeat="5 1" specular="0.1" shininess="0.2"/>
    <material name="satin" specular="0.25" shininess="0.4"/>
    <texture name="air" type="skybox" builtin="gradient" width="64" height="64" rgb1="{wall}"
      rgb2="{wall}"/>
  </asset>
  <worldbody>
    <light pos="{sun_x} {sun_y} 1.5" dir="{-sun_x} {-sun_y * 0.8} -1.5" diffuse="0.62 0.60 0.56"
      specular="0.2 0.2 0.2" castshadow="true" cutoff="80" exponent="0.3"/>
    <geom type="plane" size="4 4 0.1" pos="0 0 -0.5" rgba="{floor} 1" {seen}/>
    <geom type="box" size="3 0.02 2" pos="0 1.1 0.8" rgba="{wall} 1" {seen}/>
    <geom type="box" size="0.52 0.42 0.02" pos="0 0.08 -0.02" material="top"
      friction="0.7 0.02 0.002"/>
    <geom type="box" size="0.5 0.40 0.05" pos="0 0.08 -0.09" rgba="{second} 1" {seen}/>
    <camera name="fixed" pos="0 -0.68 0.50" xyaxes="1 0 0 0 0.53 0.848"/>
    <geom type="cylinder" size="0.075 0.02" pos="0 {SHOULDER[1]} 0.02" rgba="{joint} 1" {seen}/>
    <geom type="cylinder" size="0.052 0.09" pos="0 {SHOULDER[1]} 0.1" rgba="{arm} 1" {seen}/>
    <geom type="sphere" size="0.056" pos="0 {SHOULDER[1]} {SHOULDER[2]}" rgba="{joint} 1" {seen}/>
    <body name="upper" mocap="true"><geom type="capsule" fromto="0 0 0 0 0 {UPPER}" size="0.034"
      rgba="{arm} 1" {seen}/></body>
    <body name="fore" mocap="true">
      <geom type="sphere" size="0.044" rgba="{joint} 1" {seen}/>
      <geom type="capsule" fromto="0 0 0 0 0 {FORE}" size="0.028" rgba="{arm} 1" {seen}/></body>
    <body name="gripper" mocap="true">
      <geom type="sphere" size="0.034" pos="0 0 {WRIST}" rgba="{joint} 1" {seen}/>
      <geom type="cylinder" fromto="0 0 {WRIST} 0 0 0.07" size="0.024" rgba="{arm} 1" {seen}/>
      <geom type="box" size="0.052 0.018 0.012" pos="0 0 0.066" rgba="{joint} 1" {seen}/></body>
    <body name="left_finger" mocap="true"><geom type="box" size="0.006 0.013 0.034"
      pos="0 0 0.030" rgba="{arm} 1" friction="0.5 0.01 0.001"/></body>
    <body name="right_finger" mocap="true"><geom type="box" size="0.006 0.013 0.034"
      pos="0 0 0.030" rgba="{arm} 1" friction="0.5 0.01 0.001"/></body>
    {blocks}
  </worldbody>
  <equality>{welds}</equality>
</mujoco>"""


def links(tip: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Where the arm's two links are when the finger tips are at ``tip``, the hand upright.

    Each link as (place [3], quaternion [4]) of its lower end, its z axis along it; the elbow is
    always up. A tip out of reach is reached for.
    """
    wrist = np.asarray(tip, float) + [0, 0, WRIST]
    way = wrist - SHOULDER
    flat = math.hypot(way[0], way[1])
    heading = math.atan2(way[1], way[0])
    reach = min(math.hypot(flat, way[2]), 0.999 * (UPPER + FORE))
    lift = math.atan2(way[2], flat)
    inner = math.acos((UPPER**2 + reach**2 - FORE**2) / (2 * UPPER * reach))
    rise = lift + inner
    elbow = SHOULDER + UPPER * np.array([math.cos(rise) * math.cos(heading),
                                         math.cos(rise) * math.sin(heading), math.sin(rise)])
    return (SHOULDER, _along(elbow - SHOULDER)), (elbow, _along(wrist - elbow))


def _along(way: np.ndarray) -> np.ndarray:
    """The quaternion that turns the z axis into ``way``."""
    x, y, z = way / np.linalg.norm(way)
    quaternion = np.array([1.0 + z, -y, x, 0.0])
    return quaternion / np.linalg.norm(quaternion) if z > -0.9999 else np.array([0.0, 1, 0, 0])
