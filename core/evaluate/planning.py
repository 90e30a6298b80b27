"""The suite ``planning --task waypoint``: a plan found in the model alone leads back to a waypoint,
or not.

A walk leads away from a waypoint. To retrace it, plans (one verb a chunk) are imagined by the model
with its memory, chunk by chunk, and judged by how much their pictures look like those that were seen
on the way, the waypoint's last. The best one is walked in the true scene; what counts is how far from
the waypoint it ends. An arm that does not remember the way imagines other places there, and has
nothing to recognise the waypoint by (paper §4.4, "Planning").
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
_PLANNED = tuple(v for v in BACKWARDS if v != "hold")

Plan = tuple[str, ...]  # one verb a chunk


class Planning:
    """Beam search: every verb is imagined after each of the best beginnings so far, as many as make
    ``candidates`` plans a step. Compared with the best plan among those tried to the end, with random
    ones (the same for every arm), and with staying."""

    name, primary = "planning", "distance"
    claims, walks_on, domain = True, False, "first-person"
    columns = ("distance", "distance_cells", "distance_turn", "distance_random",
               "distance_best_tried", "distance_stay", "rank", "reached")

    def __init__(self, candidates: int = 16):
        if candidates < 4:
            raise ValueError(f"a round has at least 4 plans, got {candidates}")
        self.candidates, self.visits = candidates, ("real", "generated")

    def facts(self) -> dict[str, Any]:
        return {"candidates": self.candidates, "judged": "along the way", "task": "waypoint"}

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
        if arm.takes_over:
            them = self.trajectory(bench, walked.number + 1)
            other = them, bench.shot(them)
        first_visit(walker, walked, shot, visit == "real", other)
        rng = np.random.default_rng([84, bench.seed, walked.number])
        # As they were seen on the way: a camera's, or those that the model made.
        seen = shot.pictures if visit == "real" else np.concatenate(
            [shot.pictures[:1], decoded(bench.world, walker.frames, 1)]
        )
        way = seen[walked.half - size :: -size].copy()  # a picture a chunk, backwards
        search = Search(bench, walker, way, rng)
        best = search.best(self.candidates)
        ends = {p: _ended(here, p, home, size)["distance"] for p in search.whole}
        drawn = [_ended(here, p, home, size)["distance"] for p in search.random(self.candidates)]
        order = sorted(ends.values())
        row |= _ended(here, best, home, size) | {
            "distance_random": float(np.mean(drawn)), "distance_best_tried": order[0],
            "rank": float(np.searchsorted(order, ends[best]) / max(1, len(order) - 1)),
            "plan_undoes": float(best == undo), "score": float(search.scores[best]),
            "score_of_undoing": float(search.score(undo)), "judged_by": "what was seen",
        }
        row |= walker.account()
        return row, np.concatenate([seen, search.imagined(best)])


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
        self, bench: Bench, walker: Walker, way: np.ndarray, rng: np.random.Generator
    ):
        """``way``: what should be seen after each chunk, uint8 [chunks, H, W, 3]; the goal last."""
        self._bench, self._way, self._rng = bench, way, rng
        self._after: dict[Plan, Walker] = {(): walker}
        self.scores: dict[Plan, float] = {(): 0.0}

    @property
    def whole(self) -> list[Plan]:
        """Plans that were imagined to the end."""
        return [plan for plan in self.scores if len(plan) == len(self._way)]

    def best(self, candidates: int) -> Plan:
        """The plan that looks most like the way."""
        width, kept = max(1, candidates // len(_PLANNED)), [()]
        for _ in self._way:
            longer = [(*plan, verb) for plan in kept for verb in _PLANNED]
            kept = sorted(longer, key=self.score)[:width]
        return kept[0]

    def random(self, count: int) -> list[Plan]:
        """Plans drawn evenly."""
        drawn = self._rng.integers(len(_PLANNED), size=(count, len(self._way)))
        return [tuple(_PLANNED[int(i)] for i in plan) for plan in drawn]

    def score(self, plan: Plan) -> float:
        """How unlike the way ``plan`` is, by the model: perceptual distance and error, summed over
        the ends of its chunks."""
        if plan not in self.scores:
            frames = self._walked(plan).frames
            end = decoded(self._bench.world, frames, len(frames) - 1)[-1:]
            goal = self._way[len(plan) - 1 : len(plan)]
            unlike = float(lpips(self._bench.features, end, goal)[0])
            unlike -= 0.05 * float(psnr(end, goal)[0])
            self.scores[plan] = self.score(plan[:-1]) + unlike
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
