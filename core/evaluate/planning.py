"""The suite ``planning --task waypoint``: a plan found in the model alone leads back to a waypoint,
or not.

A walk leads away from a waypoint, whose picture is the goal. Plans (one verb a chunk) are imagined
by the model with its memory, and judged by how much their last picture looks like the goal. The
best one is walked in the true scene; what counts is how far from the waypoint it ends. An arm that
does not remember the way has nothing to recognise the waypoint by (paper §4.4, "Planning").
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from core.evaluate.arms import Arm
from core.evaluate.bench import Bench
from core.evaluate.features import lpips
from core.evaluate.metrics import psnr
from core.evaluate.trajectories import BACKWARDS, Trajectory, assembled, scene_of, wander
from core.evaluate.walking import Walker, decoded, first_visit
from core.learning.data import HELD_OUT, VERBS
from core.learning.language import PHRASES
from core.learning.scenes.walker import follow
from core.worlds.poses import apart

_WAY = 3  # chunks from the waypoint to where planning begins, and of a plan
_ROUNDS = 2
_ELITE = 0.25
_PLANNED = tuple(v for v in BACKWARDS if v != "hold")

Plan = tuple[str, ...]  # one verb a chunk


class Planning:
    """Cross-entropy search: a round of random plans, then rounds drawn from the best ones. The
    first round is the same for every arm. Compared with the best plan among those tried, with a random
    one, and with staying."""

    name, primary = "planning", "distance"
    claims, domain = True, "first-person"
    columns = ("distance", "distance_cells", "distance_turn", "distance_random",
               "distance_best_tried", "distance_stay", "rank", "reached")

    def __init__(self, candidates: int = 16):
        if candidates < 4:
            raise ValueError(f"a round has at least 4 plans, got {candidates}")
        self.candidates, self.visits = candidates, ("real", "generated")

    def facts(self) -> dict[str, Any]:
        return {"candidates": self.candidates, "rounds": _ROUNDS, "task": "waypoint"}

    def trajectory(self, bench: Bench, number: int) -> Trajectory:
        """From the waypoint (frame 0) away, one verb a chunk, so that a plan can undo it."""
        name = HELD_OUT + 100_000 * (bench.seed + 1) + 70_000 + number
        size = bench.world.geometry.chunk_frames
        rng = np.random.default_rng([83, bench.seed, number])
        for _ in range(20):
            start, verbs = wander(scene_of(name), _WAY * size, rng, size)
            if apart(follow(start, verbs)[-1:], start[None])[0, 0] > 1.0:
                break
        return assembled(number, name, "waypoint", start, verbs, len(verbs), size, bench.window)

    def measure(
        self, bench: Bench, walked: Trajectory, arm: Arm | None, visit: str
    ) -> tuple[dict[str, Any], np.ndarray | None]:
        """(row, the imagined way back or None). None as arm is the plan that undoes the walk."""
        size, shot = bench.world.geometry.chunk_frames, bench.shot(walked)
        home, here = walked.poses[0], walked.poses[-1]
        undo = tuple(BACKWARDS[VERBS[v]] for v in walked.verbs[: 0 : -size])
        row: dict[str, Any] = {"distance_stay": distances(here, home)["distance"]}
        if arm is None:
            return row | _ended(here, undo, home, size), None
        walker = bench.walker(arm, walked)
        other = None
        if arm.whose != "own":
            them = self.trajectory(bench, walked.number + 1)
            other = them, bench.shot(them)
        first_visit(walker, walked, shot, visit == "real", other)
        rng = np.random.default_rng([84, bench.seed, walked.number])
        search = Search(bench, walker, shot.pictures[:1], rng)
        best = search.best(self.candidates)
        ends = {p: _ended(here, p, home, size)["distance"] for p in search.scores}
        first = [ends[p] for p in search.first]
        order = sorted(ends.values())
        row |= _ended(here, best, home, size) | {
            "distance_random": float(np.mean(first)), "distance_best_tried": order[0],
            "rank": float(np.searchsorted(order, ends[best]) / max(1, len(order) - 1)),
            "plan_undoes": float(best == undo), "score": float(search.scores[best]),
            "score_of_undoing": float(search.score(undo)),
        }
        if walker.gate_open is not None:
            row["gate_open"] = float(walker.gate_open)
        return row, np.concatenate([shot.pictures, search.imagined(best)])


def distances(end: np.ndarray, home: np.ndarray) -> dict[str, float]:
    """Cells, radians, and both as one number (cells and twice the sine of half the turn)."""
    turn = abs((end[2] - home[2] + math.pi) % (2 * math.pi) - math.pi)
    return {
        "distance": float(apart(end[None], home[None])[0, 0]),
        "distance_cells": float(np.hypot(*(end[:2] - home[:2]))), "distance_turn": float(turn),
    }


def _ended(here: np.ndarray, plan: Plan, home: np.ndarray, size: int) -> dict[str, float]:
    end = follow(here, [v for v in plan for _ in range(size)])[-1]
    found = distances(end, home)
    return found | {"reached": float(found["distance"] < 0.5)}


class Search:
    """Plans imagined from where ``walker`` stands; what plans share is made once."""

    def __init__(
        self, bench: Bench, walker: Walker, goal: np.ndarray, rng: np.random.Generator
    ):
        """``goal``: the picture to reach, uint8 [1, H, W, 3]."""
        self._bench, self._goal, self._rng = bench, goal, rng
        self._after: dict[Plan, Walker] = {(): walker}
        self.scores: dict[Plan, float] = {}
        self.first: list[Plan] = []

    def best(self, candidates: int) -> Plan:
        """The plan whose end looks most like the goal."""
        chance = np.full((_WAY, len(_PLANNED)), 1 / len(_PLANNED))
        for round in range(_ROUNDS):
            plans = self._drawn(chance, candidates)
            if not round:
                self.first = plans
            for plan in plans:
                self.score(plan)
            order = sorted(self.scores, key=lambda p: self.scores[p])
            elite = order[: max(2, int(candidates * _ELITE))]
            for k in range(_WAY):
                held = np.array([sum(p[k] == v for p in elite) for v in _PLANNED], float)
                chance[k] = 0.25 / len(_PLANNED) + 0.75 * held / held.sum()
        return min(self.scores, key=lambda p: self.scores[p])

    def _drawn(self, chance: np.ndarray, count: int) -> list[Plan]:
        found: dict[Plan, None] = {}
        for _ in range(40 * count):
            if len(found) >= count:
                break
            plan = tuple(_PLANNED[int(self._rng.choice(len(_PLANNED), p=c))] for c in chance)
            if plan not in self.scores:
                found[plan] = None
        return list(found)

    def score(self, plan: Plan) -> float:
        """How unlike the goal the plan ends, by the model: perceptual distance and error."""
        if plan not in self.scores:
            frames = self._walked(plan).frames
            end = decoded(self._bench.world, frames, len(frames) - 1)[-1:]
            unlike = float(lpips(self._bench.features, end, self._goal)[0])
            self.scores[plan] = unlike - 0.05 * float(psnr(end, self._goal)[0])
        return self.scores[plan]

    def imagined(self, plan: Plan) -> np.ndarray:
        """What the model shows of the plan: uint8 [F, H, W, 3]."""
        frames = self._walked(plan).frames
        new = len(plan) * self._bench.world.geometry.n_new
        return decoded(self._bench.world, frames, len(frames) - new)

    @torch.no_grad()
    def _walked(self, plan: Plan) -> Walker:
        if plan not in self._after:
            twin = self._walked(plan[:-1]).branch()
            texts = [PHRASES[plan[-1]][0]] * self._bench.world.geometry.chunk_frames
            twin.accept(twin.make(texts), texts)
            self._after[plan] = twin
        return self._after[plan]
