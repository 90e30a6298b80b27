"""A robot arm that moves coloured blocks on a table, seen from a fixed camera."""

from __future__ import annotations

import numpy as np

from core.learning.robot.simulator import Simulator, mujoco_here
from core.learning.robot.skills import Arm, choose
from core.learning.sources.source import HELD_OUT, Recording


class Robot:
    """One table a recording; skills follow one another until its frames are filled."""

    name = "robot"

    def __init__(self) -> None:
        mujoco_here()

    def count(self, frames: int, held_out: bool = False) -> None:
        return None

    def record(
        self, number: int, frames: int, held_out: bool = False, size: int = 128
    ) -> Recording:
        seed = number + HELD_OUT * held_out
        rng = np.random.default_rng([13, seed])
        with Simulator(seed, size) as simulator:
            arm = Arm(simulator)
            pictures, actions = [simulator.picture()], ["rest"]
            while len(pictures) < frames:
                name, steps = choose(arm, rng, actions[-1])
                for step in steps:
                    if len(pictures) == frames:
                        break
                    pictures.append(simulator.frame(*step))
                    actions.append(name)
            table = simulator.layout.table
        return Recording(
            np.stack(pictures), None, tuple(actions), table, f"seed {seed}", "skills"
        )
