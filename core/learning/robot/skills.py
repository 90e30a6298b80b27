"""What the arm can do, as a plan of hand places a frame: pick, push, carry, put back, swap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.learning.phrases.robot import control
from core.learning.robot.simulator import CLOSED, OPEN, REST, Simulator
from core.learning.robot.table import SIZE, SPOT_X, SPOT_Y

_STRIDE = 0.055  # metres a frame through the air
_SLOW = 0.028  # and near blocks
_ABOVE = 0.15
_GRIP = SIZE * 0.55  # height of the finger tips around a block that stands
PUSH = 0.10  # metres

Step = tuple[np.ndarray, float, float]  # finger tips, opening, heading


@dataclass
class Arm:
    """A simulator and what its arm has in mind: where blocks belong."""

    simulator: Simulator

    def __post_init__(self) -> None:
        self.homes = {c: np.array(at[:2]) for c, at in self.simulator.layout.blocks.items()}

    # Every skill yields the frames it takes; effects on what is held happen in between.

    def rest(self, frames: int) -> Iterator[Step]:
        yield from self._to(REST, OPEN, 0.0)
        for _ in range(frames):
            yield self._now()

    def pick(self, colour: str) -> Iterator[Step]:
        """Take a block off the table and hold it up."""
        at, yaw = self.simulator.at(colour), self.simulator.heading(colour)
        yield from self._to([at[0], at[1], _ABOVE], OPEN, yaw)
        yield from self._to([at[0], at[1], _GRIP], OPEN, yaw, _SLOW)
        yield (self.simulator.tip, CLOSED, yaw)
        self.simulator.grasp(colour)
        yield from self._to([at[0], at[1], _ABOVE + 0.04], CLOSED, yaw, _SLOW)

    def place(self, at: np.ndarray) -> Iterator[Step]:
        """Set down what is held."""
        yield from self._to([at[0], at[1], _ABOVE], CLOSED, 0.0)
        yield from self._to([at[0], at[1], _GRIP + 0.002], CLOSED, 0.0, _SLOW)
        self.simulator.release()
        yield (self.simulator.tip, OPEN, 0.0)
        yield from self._to([at[0], at[1], _ABOVE], OPEN, 0.0)

    def put_back(self, colour: str) -> Iterator[Step]:
        """Return a block to where it was at first; it is picked up where it stands if need be."""
        if self.simulator.held != colour:
            yield from self.pick(colour)
        yield from self.place(self.homes[colour])

    def carry(self, colour: str, place: np.ndarray) -> Iterator[Step]:
        """Set a block down elsewhere. Where it belongs stays the same."""
        if self.simulator.held != colour:
            yield from self.pick(colour)
        yield from self.place(place)

    def push(self, colour: str, side: int) -> Iterator[Step]:
        """Shove a block ``side`` (−1 left, 1 right) with closed fingers across its way."""
        at = self.simulator.at(colour)
        begin = at[0] - side * (SIZE + CLOSED + 0.035)
        end = at[0] + side * PUSH - side * (SIZE + CLOSED + 0.006)
        yield from self._to([begin, at[1], _ABOVE], CLOSED, 0.0)
        yield from self._to([begin, at[1], _GRIP], CLOSED, 0.0, _SLOW)
        yield from self._to([end, at[1], _GRIP], CLOSED, 0.0, 0.018)
        yield from self._to([end - side * 0.02, at[1], _ABOVE], CLOSED, 0.0)

    def swap(self, a: str, b: str, free: np.ndarray) -> Iterator[Step]:
        """Exchange two blocks by way of a free place. Each then belongs where it stands."""
        place_a, place_b = self.simulator.at(a)[:2], self.simulator.at(b)[:2]
        for colour, place in ((a, free), (b, place_a), (a, place_b)):
            yield from self.pick(colour)
            yield from self.place(place)
        self.homes[a], self.homes[b] = place_b, place_a

    def free_place(self, rng: np.random.Generator) -> np.ndarray | None:
        """A place with room for the gripper beside every block, and where none belongs; None when
        none was found."""
        taken = [self.simulator.at(c)[:2] for c in self.homes] + list(self.homes.values())
        for _ in range(200):
            place = np.array([rng.uniform(*SPOT_X), rng.uniform(*SPOT_Y)])
            if all(abs(place - b)[0] > 0.095 or abs(place - b)[1] > 0.085 for b in taken):
                return place
        return None

    def is_clear(self, colour: str) -> bool:
        """Whether no other block stands where this one belongs."""
        others = (self.simulator.at(c)[:2] for c in self.homes if c != colour)
        return all(max(abs(p - self.homes[colour])) > 0.075 for p in others)

    def can_push(self, colour: str, side: int) -> bool:
        """Whether there is table, and no other block, where it would go and where fingers come."""
        x, y = self.simulator.at(colour)[:2]
        if not SPOT_X[0] - 0.07 <= x + side * PUSH <= SPOT_X[1] + 0.07:
            return False
        low, high = sorted((x - side * 0.125, x + side * (PUSH + 0.055)))
        others = [self.simulator.at(c) for c in self.homes if c != colour]
        return all(abs(p[1] - y) > 0.085 or not low < p[0] < high for p in others)

    def _now(self) -> Step:
        return (self.simulator.tip, self.simulator.fingers, self.simulator.yaw)

    def _to(self, place, fingers: float, yaw: float, stride: float = _STRIDE) -> Iterator[Step]:
        """Straight there, starting and stopping gently; up first where it leads across blocks."""
        place = np.asarray(place, float)
        begin, opened, turned = self._now()
        flat = np.linalg.norm((place - begin)[:2])
        if flat > 0.05 and begin[2] < _ABOVE - 0.03 and stride == _STRIDE:
            yield from self._to([begin[0], begin[1], _ABOVE], opened, turned)
            begin = self.simulator.tip
        count = max(1, int(np.ceil(np.linalg.norm(place - begin) / stride)))
        for k in range(1, count + 1):
            share = k / count
            share = 0.5 * share + 0.5 * share * share * (3 - 2 * share)
            yield (begin + (place - begin) * share, opened + (fingers - opened) * share,
                   turned + (yaw - turned) * share)


def choose(arm: Arm, rng: np.random.Generator, last: str) -> tuple[str, Iterator[Step]]:
    """What to do next that can be done: the control's name and its frames."""
    held = arm.simulator.held
    if held is not None:
        free = arm.free_place(rng) if rng.random() < 0.4 else None
        if free is not None:
            return control("carry", held), arm.carry(held, free)
        return control("put_back", held), arm.put_back(held)
    colours = sorted(arm.homes)
    # Only what can be put back afterwards is taken away.
    colours = [c for c in colours if arm.is_clear(c)] or colours
    moved = [c for c in colours if np.linalg.norm(arm.simulator.at(c)[:2] - arm.homes[c]) > 0.03]
    for _ in range(20):
        what = rng.random()
        colour = colours[int(rng.integers(len(colours)))]
        if what < 0.07 and last != "rest":
            return "rest", arm.rest(int(rng.integers(3, 7)))
        if what < 0.38:
            if moved:
                colour = moved[int(rng.integers(len(moved)))]
                return control("put_back", colour), arm.put_back(colour)
        elif what < 0.48:
            return control("pick", colour), arm.pick(colour)
        elif what < 0.72:
            free = arm.free_place(rng)
            if free is not None:
                return control("carry", colour), arm.carry(colour, free)
        elif what < 0.96:
            side = -1 if rng.random() < 0.5 else 1
            if arm.can_push(colour, side):
                name = "push_left" if side < 0 else "push_right"
                return control(name, colour), arm.push(colour, side)
        elif len(colours) > 1:
            a, b = (colours[i] for i in rng.permutation(len(colours))[:2])
            free = arm.free_place(rng)
            if free is not None:
                return control("swap", a, b), arm.swap(a, b, free)
    return "rest", arm.rest(4)
