"""Action adherence: is the action that was asked for the one that is read back from the video?

The reader is a linear discriminant over optical flow on a coarse grid, fitted on rendered footage
of scenes that are neither trained on nor measured. How often it is right on true footage is
reported beside every result, as the ceiling.
"""

from __future__ import annotations

import numpy as np

from core.evaluate.metrics import flows
from core.evaluate.trajectories import scene_of
from core.learning.data import HELD_OUT, VERBS
from core.learning.scenes.walker import follow

_GRID = 3
_SCENES, _FRAMES = 8, 5
_FIRST = HELD_OUT + 90_000_000


def flow_features(flow: np.ndarray) -> np.ndarray:
    """Flow [F, H, W, 2] in pixels → [F, D], in shares of the width: mean on a grid, and length."""
    f, h, w = flow.shape[:3]
    g = _GRID
    cut = flow[:, : h // g * g, : w // g * g].reshape(f, g, h // g, g, w // g, 2).mean((2, 4))
    length = np.log(np.linalg.norm(flow, axis=-1).mean((1, 2)) / w + 1e-3)
    return np.concatenate([cut.reshape(f, -1) * (100 / w), length[:, None]], 1)


class VerbReader:
    """Reads the verb (an index into VERBS) from the flow between two frames."""

    def __init__(self, features: np.ndarray, verbs: np.ndarray):
        """``features`` [N, D] with their ``verbs`` [N]; every verb must be there."""
        self.means = np.stack([features[verbs == v].mean(0) for v in range(len(VERBS))])
        within = features - self.means[verbs]
        cov = within.T @ within / len(within)
        cov += 0.05 * np.trace(cov) / len(cov) * np.eye(len(cov))
        self._inverse = np.linalg.inv(cov)

    def read(self, flow: np.ndarray) -> np.ndarray:
        """Flow [F, H, W, 2] → verbs [F]."""
        away = flow_features(flow)[:, None] - self.means[None]
        return np.einsum("fvd,de,fve->fv", away, self._inverse, away).argmin(1)


def reader(size: int, scenes: int = _SCENES) -> VerbReader:
    """Fitted on every verb in ``scenes`` scenes, rendered at ``size`` pixels."""
    features, verbs = [], []
    for k in range(scenes):
        scene = scene_of(_FIRST + k)
        start = scene.spawn(np.random.default_rng([80, k]))
        for v, verb in enumerate(VERBS):
            pictures = scene.render(follow(start, [verb] * _FRAMES), size)
            features.append(flow_features(flows(pictures)))
            verbs += [v] * _FRAMES
    return VerbReader(np.concatenate(features), np.array(verbs))


def adherence(verb_reader: VerbReader, flow: np.ndarray, verbs: np.ndarray) -> float:
    """Share of frames whose flow [F, H, W, 2] reads as the verb [F] asked for."""
    return float((verb_reader.read(flow) == verbs).mean()) if len(flow) else float("nan")
