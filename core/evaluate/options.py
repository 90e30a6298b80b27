"""What a run is asked for: a suite, worlds, arms, how many trajectories, and where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.evaluate.actions import Actions
from core.evaluate.arms import Arm
from core.evaluate.bench import Bench
from core.evaluate.long import Long
from core.evaluate.planning import Planning
from core.evaluate.put_back import PutBack
from core.evaluate.revisit import PATTERNS, Revisit
from core.evaluate.trajectories import Trajectory

SUITES = ("revisit", "long", "actions", "planning")
TASKS = ("waypoint", "put-back")  # of planning


class Suite(Protocol):
    """What a suite measures. ``primary`` is what a memory claims to better."""

    name: str
    visits: Sequence[str]
    primary: str
    domain: str  # whose words it speaks: a key of ``core.learning.language.BOOKS``
    claims: bool  # whether a memory claims to better it: then the controls are run and judged
    walks_on: bool  # whether what is walked after the first visit is remembered
    columns: Sequence[str]  # shown in tables and plots

    def facts(self) -> dict[str, Any]:
        """What else must be the same for a run to go on."""

    def trajectory(self, bench: Bench, number: int) -> Trajectory:
        """Number ``number`` of this run."""

    def measure(
        self, bench: Bench, walked: Trajectory, arm: Arm | None, visit: str
    ) -> tuple[dict[str, Any], np.ndarray | None]:
        """(row, video to show or None) of one arm; None measures the true video."""


@dataclass(frozen=True)
class Options:
    """``worlds``: label → folder. Labels stand in the rows under "loop"."""

    suite: Suite
    worlds: dict[str, Path]
    arms: Sequence[str]
    trajectories: int
    seed: int
    out: Path
    features: str = "stand-in"
    controls: bool = True
    videos: int = 3
    device: str = "cpu"
    plots: bool = True
    reader_scenes: int = 8
    slow_adapter: Path | None = None  # merged into the weights of the worlds
    workers: int = 1  # processes that measure at once


def suite_of(
    name: str, *, patterns: str = "", chunks: int = 40, candidates: int = 16, visits: str = "",
    task: str = "waypoint", longest: int = 1,
) -> Suite:
    """The suite called ``name``; raises ValueError."""
    if name == "revisit":
        chosen = tuple(p for p in patterns.split(",") if p) or PATTERNS
        if unknown := {*chosen} - {*PATTERNS}:
            raise ValueError(f"unknown pattern {', '.join(unknown)}; use {', '.join(PATTERNS)}")
        suite: Suite = Revisit(chosen)
    elif name == "long":
        suite = Long(chunks)
    elif name == "actions":
        suite = Actions()
    elif name == "planning":
        if task not in TASKS:
            raise ValueError(f"unknown task {task!r}; use {', '.join(TASKS)}")
        suite = Planning(candidates) if task == "waypoint" else PutBack(
            candidates, longest
        )
    else:
        raise ValueError(f"unknown suite {name!r}; use {', '.join(SUITES)}")
    if visits:
        asked = tuple(v for v in visits.split(",") if v)
        if unknown := {*asked} - {*suite.visits}:
            raise ValueError(f"{name} has no first visit {', '.join(unknown)}; it has "
                             f"{', '.join(suite.visits)}")
        suite.visits = asked
    return suite
