"""The suite ``revisit``: walk, come back, and compare what is there with what was there."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.evaluate import metrics
from core.evaluate.arms import Arm
from core.evaluate.bench import Bench, at_pairs, cuts, liveliness, returning
from core.evaluate.features import clips, lpips
from core.evaluate.trajectories import PATTERNS, Trajectory, trajectory
from core.evaluate.walking import decoded, first_visit, revisit

VISITS = ("real", "generated")
PRIMARY = "psnr"


class Revisit:
    """First visits are a camera's ("real": revisit frames are compared with the truth) or the
    model's own ("generated": with what it showed there itself); reported apart."""

    name, primary = "revisit", PRIMARY
    claims, walks_on, domain = True, True, "first-person"
    columns = ("psnr", "ssim", "lpips", "src", "fvd", "scuts", "spread", "flow", "adherence")

    def __init__(self, patterns: tuple[str, ...] = PATTERNS):
        self.patterns, self.visits = patterns, VISITS

    def facts(self) -> dict[str, Any]:
        return {"patterns": list(self.patterns)}

    def trajectory(self, bench: Bench, number: int) -> Trajectory:
        size = bench.world.geometry.chunk_frames
        return trajectory(number, bench.seed, size, bench.window, self.patterns)

    def measure(
        self, bench: Bench, walked: Trajectory, arm: Arm | None, visit: str
    ) -> tuple[dict[str, Any], np.ndarray]:
        """(row, video uint8 [T, H, W, 3]) of one arm; None measures the true video."""
        shot = bench.shot(walked)
        truth, half = shot.pictures, walked.half
        row: dict[str, Any] = {}
        if arm is None:
            video = truth
        else:
            walker = bench.walker(arm, walked)
            other = None
            if arm.takes_over:
                them = self.trajectory(bench, walked.number + len(self.patterns))
                other = them, bench.shot(them)
            first_visit(walker, walked, shot, visit == "real", other)
            revisit(walker, walked, shot)
            since = half // shot.stride + 1 if visit == "real" else 1
            made = decoded(bench.world, walker.frames, since)
            video = np.concatenate([truth[: len(truth) - len(made)], made])
            row |= walker.account()
        after = slice(half + 1, None)
        if visit == "real" or arm is None:
            row |= at_pairs(bench.features, video, truth, walked.pairs)
        else:
            row |= at_pairs(bench.features, video, video, walked.pairs)
        row |= returning(bench.features, truth, walked.pairs)
        row |= liveliness(bench, video[half:], walked.verbs[half:])
        row |= cuts(video)
        row |= {
            "psnr_truth": float(metrics.psnr(video[after], truth[after]).mean()),
            "ssim_truth": float(metrics.ssim(video[after], truth[after]).mean()),
            "lpips_truth": float(lpips(bench.features, video[after], truth[after]).mean()),
            "clips": clips(bench.features, video[after]),
            "pairs": float(len(walked.pairs)),
        }
        return row, video


