"""Held-out tables on which a robot's arm moves a thing: filmed once, and lived on in the simulator.

Deterministic in the seed, so that what a plan leads to is found by living the first visit again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.learning.phrases.robot import PHRASES, control
from core.learning.robot.simulator import Simulator
from core.learning.robot.skills import Arm, Step
from core.learning.robot.table import SIZE, layout

CONTROLS = tuple(PHRASES)
_WAIT = 4  # frames the arm rests at least before planning begins, and at the end of a plan
_FAR = 0.1  # metres a thing is moved at least


@dataclass(frozen=True)
class Ended:
    """Where the blocks are at last (colour → x, y, z in metres), and the pictures of the way
    there, uint8 [T, H, W, 3], where they were asked for."""

    places: dict[str, np.ndarray]
    pictures: np.ndarray | None = None


@dataclass(frozen=True)
class Table:
    """One table and what happens on it first: ``colour`` is carried elsewhere, ``other`` is lifted
    and set down again, the arm rests. Frame 0 is before all that."""

    seed: int
    colour: str
    other: str
    home: np.ndarray  # where the block stood at first
    away: np.ndarray  # and where it stands then
    actions: tuple[str, ...]  # [N], the control that led to each frame, 8 a second
    every: int  # of the frames, so many apart, pictures are kept
    pictures: np.ndarray = field(repr=False)  # uint8 [T, H, W, 3]
    _ends: dict = field(default_factory=dict, repr=False, compare=False)

    @property
    def undoing(self) -> str:
        """The control that returns the block."""
        return control("put_back", self.colour)

    def commands(self) -> list[str]:
        """What can be asked for here: leave all as it is, and four skills on each of the two
        blocks that were handled. Lifting alone ends with a block in the air, and a swap takes
        three times as long: they are left out."""
        skills = ("put_back", "carry", "push_left", "push_right")
        return ["rest", *(control(s, c) for c in sorted((self.colour, self.other)) for s in skills)]

    def after(self, plan: Sequence[str], size: int | None = None) -> Ended:
        """Live the first visit again, then do what ``plan`` says and rest; with pictures of the
        plan where a ``size`` is given. What was lived is kept: it is the same each time."""
        key = (tuple(plan), size)
        if key not in self._ends:
            self._ends[key] = self._live(plan, size)
        return self._ends[key]

    def _live(self, plan: Sequence[str], size: int | None) -> Ended:
        with Simulator(self.seed, size or 8, draw=size is not None) as simulator:
            arm, rng = Arm(simulator), _luck(self.seed)
            for _, step in _lived(arm, rng, self.colour, self.other, len(self.actions)):
                simulator.frame(*step, seen=False)
            steps = (step for name in [*plan, "rest"] for step in _done(arm, name, rng))
            shown = [
                simulator.frame(*step, seen=size is not None and k % self.every == 0)
                for k, step in enumerate(steps, start=1)
            ]
            if size is not None:
                shown = [p for p in shown if p is not None] + [simulator.picture()]
            places = {c: simulator.at(c) for c in arm.homes}
        return Ended(places, np.stack(shown) if size is not None else None)

    def distances(self, ended: Ended) -> dict[str, float]:
        """In cm: of the block from where it was at first, and of all others from where they were,
        added up. ``reached``: it stands on the table, within half a block."""
        at = ended.places[self.colour]
        gap = float(np.linalg.norm(at - self.home))
        homes = layout(self.seed).blocks
        others = [
            float(np.linalg.norm(p[:2] - homes[c][:2]))
            for c, p in ended.places.items() if c != self.colour
        ]
        stands = abs(at[2] - SIZE) < SIZE / 2
        return {
            "distance": 100 * gap, "distance_blocks": gap / (2 * SIZE),
            "reached": float(gap < SIZE and stands), "disturbed": 100 * sum(others),
        }


def table_of(seed: int, chunk: int, size: int, every: int = 1) -> Table | None:
    """The table of ``seed``, its first visit filmed in whole chunks of ``chunk`` pictures, one of
    ``every`` so many frames; None where its blocks leave no room to carry one elsewhere. Raises
    SourceUnavailable."""
    colour, other = _chosen(seed)
    with Simulator(seed, size) as simulator:
        arm = Arm(simulator)
        home = simulator.at(colour)
        pictures, actions = [simulator.picture()], ["rest"]
        for name, step in _lived(arm, _luck(seed), colour, other, chunk=chunk * every):
            seen = len(actions) % every == 0
            picture = simulator.frame(*step, seen=seen)
            actions.append(name)
            if seen:
                pictures.append(picture)
        away = simulator.at(colour)
    if np.linalg.norm((away - home)[:2]) < _FAR or abs(away[2] - SIZE) > SIZE / 2:
        return None
    return Table(seed, colour, other, home, away, tuple(actions), every, np.stack(pictures))


def _luck(seed: int) -> np.random.Generator:
    return np.random.default_rng([85, seed])


def _chosen(seed: int) -> tuple[str, str]:
    """The block that is moved, and the other one that is handled."""
    colours = sorted(layout(seed).blocks)
    one, two = np.random.default_rng([86, seed]).permutation(len(colours))[:2]
    return colours[one], colours[two]


def _lived(
    arm: Arm, rng: np.random.Generator, colour: str, other: str, frames: int | None = None,
    chunk: int = 1,
) -> Iterator[tuple[str, Step]]:
    """The first visit, frame by frame: ``frames`` − 1 of them, or as many as fill whole chunks."""
    count = 0
    for name in (control("carry", colour), control("pick", other), control("put_back", other),
                 "rest"):
        for step in _done(arm, name, rng):
            count += 1
            yield name, step
    left = -count % chunk if frames is None else frames - 1 - count
    if left > 0:
        yield from (("rest", step) for step in arm.rest(left - 1))


def _done(arm: Arm, name: str, rng: np.random.Generator) -> Iterator[Step]:
    """The frames of a control, wherever it leads: nobody asks whether it can be done."""
    skill, _, colour = name.rpartition("_")
    if name == "rest":
        return arm.rest(_WAIT)
    if skill == "carry":
        free = arm.free_place(rng)
        return iter(()) if free is None else arm.carry(colour, free)
    if skill == "pick":
        return arm.pick(colour)
    if skill == "put_back":
        return arm.put_back(colour)
    return arm.push(colour, -1 if skill == "push_left" else 1)
