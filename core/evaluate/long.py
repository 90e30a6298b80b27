"""The suite ``long``: forty chunks from one picture, home and out again; does it last?"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.evaluate import metrics
from core.evaluate.adherence import adherence
from core.evaluate.arms import Arm
from core.evaluate.bench import Bench, at_pairs, cuts, liveliness, returning
from core.evaluate.features import clips
from core.evaluate.trajectories import Trajectory, long_walk
from core.evaluate.walking import decoded, first_visit, revisit


class Long:
    """Everything is generated. The second half of the walk goes where the first went, half the
    roll-out later, so each of its frames is a revisit; drift is measured chunk by chunk."""

    name, primary = "long", "psnr"
    claims, walks_on, domain = True, True, "first-person"
    columns = ("psnr", "lpips", "src", "fvd", "scuts", "spread_kept", "sharpness_kept", "flow",
               "adherence")

    def __init__(self, chunks: int = 40):
        if chunks < 4 or chunks % 2:
            raise ValueError(f"long walks have an even number of chunks, at least 4; got {chunks}")
        self.chunks, self.visits = chunks, ("generated",)

    def facts(self) -> dict[str, Any]:
        return {"chunks": self.chunks}

    def trajectory(self, bench: Bench, number: int) -> Trajectory:
        size = bench.world.geometry.chunk_frames
        return long_walk(number, bench.seed, self.chunks, size, bench.window)

    def measure(
        self, bench: Bench, walked: Trajectory, arm: Arm | None, visit: str
    ) -> tuple[dict[str, Any], np.ndarray]:
        """(row, video) of one arm; None: the true video. ``…_kept``: last chunk over first."""
        shot, size = bench.shot(walked), bench.world.geometry.chunk_frames
        truth, video, row = shot.pictures, shot.pictures, {}
        if arm is not None:
            walker = bench.walker(arm, walked)
            other = None
            if arm.takes_over:
                them = self.trajectory(bench, walked.number + 1)
                other = them, bench.shot(them)
            first_visit(walker, walked, shot, False, other)
            revisit(walker, walked, shot)
            video = np.concatenate([truth[:1], decoded(bench.world, walker.frames, 1)])
            row |= walker.account()
        row |= at_pairs(bench.features, video, video, walked.pairs)
        row |= returning(bench.features, truth, walked.pairs)
        row |= liveliness(bench, video, walked.verbs)
        row |= cuts(video)
        curves = by_chunk(bench, video, truth, walked.verbs, size)
        for name in ("spread", "sharpness"):
            row[f"{name}_kept"] = curves[name][-1] / max(curves[name][0], 1e-6)
        row["clips"] = clips(bench.features, video[1:])
        row["psnr_truth"] = float(np.mean(curves["psnr_truth"]))
        row["curves"] = curves
        return row, video


def by_chunk(
    bench: Bench, video: np.ndarray, truth: np.ndarray, verbs: np.ndarray, size: int
) -> dict[str, list[float]]:
    """Measures of each chunk, in order."""
    found: dict[str, list[float]] = {
        n: [] for n in ("spread", "sharpness", "flow", "adherence", "psnr_truth")
    }
    for start in range(1, len(video), size):
        part = slice(start, start + size)
        flow = metrics.flows(video[start - 1 : start + size])
        found["spread"].append(metrics.spread(video[part]))
        found["sharpness"].append(metrics.sharpness(video[part]))
        found["flow"].append(metrics.magnitude(flow))
        found["adherence"].append(adherence(bench.verbs, flow, verbs[part]))
        found["psnr_truth"].append(float(metrics.psnr(video[part], truth[part]).mean()))
    return found
