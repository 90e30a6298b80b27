"""What every suite works with: a world, its adapter, feature networks, footage rendered once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from core.evaluate import features as nets
from core.evaluate import metrics
from core.evaluate.adherence import VerbReader, adherence
from core.evaluate.arms import Arm
from core.evaluate.trajectories import Footage, Trajectory, footage
from core.evaluate.walking import Adapters, Walker, real_frames
from core.project.model import Sampling
from core.worlds.protocol import World


@dataclass
class Bench:
    """One loaded world to measure, and what measures it."""

    world: World
    features: nets.Features
    verbs: VerbReader | None  # read by suites that walk
    sampling: Sampling  # of every chunk that is made
    seed: int = 0

    def __post_init__(self) -> None:
        self.adapters = Adapters(self.world)
        self._shot: OrderedDict[int, Footage] = OrderedDict()

    @property
    def window(self) -> int:
        """Pictures in one window."""
        g = self.world.geometry
        return (g.n_past + g.n_new) * g.t_stride

    def shot(self, walked: Trajectory) -> Footage:
        """Footage along ``walked``; the last three are kept."""
        if walked.scene not in self._shot:
            self._shot[walked.scene] = footage(self.world, walked)
            while len(self._shot) > 3:
                self._shot.popitem(last=False)
        self._shot.move_to_end(walked.scene)
        return self._shot[walked.scene]

    def walker(self, arm: Arm, walked: Trajectory) -> Walker:
        start = real_frames(walked, self.shot(walked), 0, 1)[0]
        return Walker(
            self.world, arm, self.adapters, start, walked.style,
            7919 * self.seed + walked.number + 1, self.sampling,
        )


def at_pairs(
    net: nets.Features, shown: np.ndarray, first: np.ndarray, pairs: np.ndarray
) -> dict[str, float]:
    """Frames ``shown`` at a revisit against those of the ``first`` visit they should look like, and
    the same against the wrong ones. ``pairs`` [P, 3] (first, revisit, wrong) index both; NaN where
    there are none."""
    names = ("psnr", "ssim", "lpips", "src")
    if not len(pairs):
        return {f"{n}{w}": float("nan") for n in names for w in ("", "_wrong")}
    found = {}
    now = shown[pairs[:, 1]]
    for column, which in ((0, ""), (2, "_wrong")):
        then = first[pairs[:, column]]
        values = (metrics.psnr(now, then), metrics.ssim(now, then),
                  nets.lpips(net, now, then), nets.cosine(net, now, then))
        found |= {f"{n}{which}": float(np.mean(v)) for n, v in zip(names, values)}
    return found


def returning(net: nets.Features, truth: np.ndarray, pairs: np.ndarray) -> dict[str, float]:
    """Floor (different places) and ceiling (the same place) of SRC, on the true video."""
    if not len(pairs):
        return {"src_floor": float("nan"), "src_ceiling": float("nan")}
    now = truth[pairs[:, 1]]
    return {
        "src_floor": float(nets.cosine(net, now, truth[pairs[:, 2]]).mean()),
        "src_ceiling": float(nets.cosine(net, now, truth[pairs[:, 0]]).mean()),
    }


def liveliness(bench: Bench, made: np.ndarray, verbs: np.ndarray) -> dict[str, float]:
    """Contrast, motion and obedience of ``made`` [F]; ``verbs`` [F] led to its frames."""
    flow = metrics.flows(made)
    return {
        "spread": metrics.spread(made), "sharpness": metrics.sharpness(made),
        "flow": metrics.magnitude(flow), "adherence": adherence(bench.verbs, flow, verbs[1:]),
    }


def cuts(video: np.ndarray) -> dict[str, float]:
    """SCuts of a whole video, and its cuts per 100 frames with the least scene length of 1."""
    return {
        "scuts": float(len(metrics.scene_cuts(video))),
        "cuts_per_100": 100 * len(metrics.scene_cuts(video, 1)) / len(video),
    }
