"""The suite ``planning --task put-back``: a thing was moved; does a plan found in the model alone
put it back?

Real footage shows a table, a block that is carried elsewhere, and another that is lifted and set
down again; the arm rests. The goal is the first picture. For every command the model imagines, with
its memory, what will be seen when it is done; the one whose last picture looks most like the goal
is carried out in the simulator. What counts is how far the block is then from where it stood.

To the simulator "put the red block back" is an order like any other; the model has to imagine
where that is. Without a memory of the opening it can't be told from "put the red block somewhere
else", which is among the commands: where that leads nobody knows, and the simulator draws a place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from core.evaluate.arms import Arm
from core.evaluate.bench import Bench
from core.evaluate.metrics import psnr
from core.evaluate.tables import CONTROLS, Ended, Table, table_of
from core.evaluate.trajectories import Trajectory
from core.evaluate.walking import Walker, decoded, first_visit
from core.learning.data import HELD_OUT
from core.learning.language import BOOKS
from core.learning.robot.table import layout
from core.learning.sources.source import FPS
from core.media.cv import cv2
from core.worlds.protocol import LatentFrame

#: Frames that a skill takes, about, in the recordings at 8 a second; then the arm rests until a
#: chunk is full.
_FRAMES = {"rest": 0, "put_back": 30, "carry": 30, "push_left": 21, "push_right": 21}
_REST = 6  # frames the arm rests at least at the end of what is imagined
_EVERYWHERE = 0.2  # weight of what need not change, beside what must

Plan = tuple[str, ...]  # controls, one after the other


class PutBack:
    """Every command is imagined; then, for a ``longest`` plan of more than one, the best plan so
    far is followed by every command, and so on. ``candidates``: most plans of one round."""

    name, primary = "planning", "distance"
    claims, walks_on, domain = True, False, "robot"
    columns = ("distance", "distance_random", "distance_best_tried", "distance_stay", "rank",
               "reached", "undoes", "disturbed", "psnr_undone")

    def __init__(self, candidates: int = 16, longest: int = 1):
        if candidates < 2 or longest < 1:
            raise ValueError(
                f"a round has at least 2 plans of 1 command, got {candidates} of {longest}"
            )
        self.candidates, self.longest, self.visits = candidates, longest, ("real",)
        self._tables: dict[tuple[int, int, int], Table] = {}

    def facts(self) -> dict[str, Any]:
        return {"candidates": self.candidates, "longest": self.longest, "task": "put-back"}

    def trajectory(self, bench: Bench, number: int) -> Trajectory:
        """What the camera saw: one table, its first visit in whole chunks."""
        table = self.table(bench, number)
        frames = len(table.pictures)
        verbs = np.array([CONTROLS.index(a) for a in table.actions[:: table.every]], np.uint8)
        return Trajectory(
            number, table.seed, layout(table.seed).table, "put_back", verbs, np.zeros((frames, 3)),
            frames - 1, np.zeros((0, 3), int), CONTROLS, self.domain, table.pictures,
        )

    def table(self, bench: Bench, number: int) -> Table:
        """Table ``number`` of the run; the last two are kept. Raises SourceUnavailable."""
        g = bench.world.geometry
        key = (bench.seed, number, g.width)
        if key not in self._tables:
            first = HELD_OUT + 100_000 * (bench.seed + 1) + 80_000 + number
            every = max(1, round(FPS / g.rate))
            tried = (table_of(first + 1000 * k, g.chunk_frames, g.width, every) for k in range(10))
            found = next((t for t in tried if t is not None), None)
            if found is None:
                raise ValueError(f"no table of number {number} has room to carry a block")
            while len(self._tables) > 1:
                del self._tables[next(iter(self._tables))]
            self._tables[key] = found
        return self._tables[key]

    def measure(
        self, bench: Bench, walked: Trajectory, arm: Arm | None, visit: str
    ) -> tuple[dict[str, Any], np.ndarray]:
        """(row, the first visit and what is imagined of the best plan). None as arm carries out
        the command that undoes the carrying."""
        table, shot = self.table(bench, walked.number), bench.shot(walked)
        stay = table.distances(table.after(()))["distance"]
        row: dict[str, Any] = {"distance_stay": stay}
        truth = table.after((table.undoing,), bench.world.geometry.width)
        if arm is None:
            return row | table.distances(truth), np.concatenate([table.pictures, truth.pictures])
        walker, other = bench.walker(arm, walked), None
        if arm.takes_over:
            them = self.trajectory(bench, walked.number + 1)
            other = them, bench.shot(them)
        first_visit(walker, walked, shot, True, other)
        rng = np.random.default_rng([87, bench.seed, walked.number])
        search = Search(bench, walker, table, rng)
        best = search.best(self.candidates, self.longest)
        ends = {p: table.distances(table.after(p)) for p in search.scores}
        order = sorted(e["distance"] for e in ends.values())
        row |= ends[best] | {
            "distance_random": float(np.mean([ends[p]["distance"] for p in search.first])),
            "distance_best_tried": order[0],
            "rank": float(np.searchsorted(order, ends[best]["distance"]) / (len(order) - 1)),
            "undoes": float(best == (table.undoing,)), "plan": " ".join(best),
            "colour": table.colour, "plans": float(len(search.scores)),
            "score": search.scores[best], "score_of_undoing": search.score((table.undoing,)),
            "psnr_undone": search.likeness((table.undoing,), truth),
        }
        row |= walker.account()
        return row, np.concatenate([shot.pictures, search.imagined(best)])


def texts(plan: Plan, chunk: int, every: int = 1) -> list[str]:
    """One text a picture, one of ``every`` so many frames, in whole chunks: each command as long as
    its skill takes, then rest."""
    phrases, found = BOOKS["robot"].phrases, []
    for name in plan:
        skill = name if name in _FRAMES else name.rpartition("_")[0]
        found += [phrases[name][0]] * -(-_FRAMES[skill] // every)
    least = -(-_REST // every)
    rest = least + -(len(found) + least) % chunk
    return found + [phrases["rest"][0]] * rest


def weights(goal: np.ndarray, now: np.ndarray) -> np.ndarray:
    """[H, W], mean 1: how much each pixel counts on the way from ``now`` to ``goal``, two pictures
    [H, W, 3]. A block is one part in a hundred of a picture, the arm much more: what must change
    counts most."""
    differs = np.abs(goal.astype(np.float32) - now).mean(-1)
    differs = cv2.GaussianBlur(differs, (0, 0), len(goal) / 64)
    mean = float(differs.mean())
    if mean < 1e-3:
        return np.ones_like(differs)
    return _EVERYWHERE + (1 - _EVERYWHERE) * differs / mean


def unlike(end: np.ndarray, goal: np.ndarray, weight: np.ndarray) -> float:
    """Weighted error between two pictures [H, W, 3], grey levels."""
    error = ((end.astype(np.float32) - goal) ** 2).mean(-1)
    return float(np.sqrt((weight * error).mean()))


class Search:
    """Plans imagined from where ``walker`` stands, judged by their last picture."""

    def __init__(self, bench: Bench, walker: Walker, table: Table, rng: np.random.Generator):
        self._world, self._walker, self._table, self._rng = bench.world, walker, table, rng
        self._goal, self._now = table.pictures[0], table.pictures[-1]
        self._weight = weights(self._goal, self._now)
        self._made: dict[Plan, list[LatentFrame]] = {}
        self.scores: dict[Plan, float] = {}
        self.first: list[Plan] = []

    def best(self, candidates: int, longest: int) -> Plan:
        """The plan whose end looks most like the goal."""
        commands, best = self._table.commands(), ()
        for length in range(1, longest + 1):
            if len(best) < length - 1 or best == ("rest",):
                break  # nothing that was longer was better, or the best is to do nothing
            more = commands if length == 1 else [c for c in commands if c != "rest"]
            if len(more) > candidates:
                more = [more[i] for i in sorted(self._rng.permutation(len(more))[:candidates])]
            plans = [(*best, c) for c in more]
            self.first = self.first or plans
            for plan in plans:
                self.scores[plan] = self.score(plan)
            best = min(self.scores, key=lambda p: self.scores[p])
        return best

    def score(self, plan: Plan) -> float:
        """How unlike the goal the plan ends, by the model."""
        return unlike(self._end(plan), self._goal, self._weight)

    def likeness(self, plan: Plan, truth: Ended) -> float:
        """PSNR of how the plan ends, imagined against filmed, where it must change the picture."""
        there = self._weight > 1
        end, true = self._end(plan)[there], truth.pictures[-1][there]
        return float(psnr(end[None, None], true[None, None])[0])

    def imagined(self, plan: Plan) -> np.ndarray:
        """What the model shows of the plan: uint8 [F, H, W, 3]."""
        return decoded(self._world, self._frames(plan), len(self._walker.frames))

    def _end(self, plan: Plan) -> np.ndarray:
        frames = self._frames(plan)
        return decoded(self._world, frames, len(frames) - 1)[-1]

    @torch.no_grad()
    def _frames(self, plan: Plan) -> list[LatentFrame]:
        """All frames up to the end of the plan."""
        if plan not in self._made:
            twin, size = self._walker.branch(), self._world.geometry.chunk_frames
            said = texts(plan, size, self._table.every)
            for start in range(0, len(said), size):
                part = said[start : start + size]
                twin.accept(twin.make(part), part)
            self._made[plan] = twin.frames
        return self._made[plan]
