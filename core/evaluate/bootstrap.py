"""Intervals by resampling trajectories: the percentile bootstrap, seeded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

ROUNDS = 2000


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval over ``n`` trajectories; NaN where there are none."""

    mean: float
    low: float
    high: float
    n: int

    def as_json(self) -> dict[str, float | int | None]:
        return {k: (None if v != v else round(v, 5)) for k, v in asdict(self).items()}


def _mean(columns: np.ndarray) -> np.ndarray:
    return columns[0].mean(-1)


def estimate(
    *columns: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray] = _mean,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Estimate:
    """``statistic`` over trajectories, with the interval that resampling them gives.

    ``columns``: one or more [N], paired by trajectory; trajectories with a NaN are left out.
    ``statistic``: [columns, …, N] → […]; the mean of the first column unless given.
    """
    values = np.stack([np.asarray(c, np.float64) for c in columns])
    values = values[:, np.isfinite(values).all(0)]
    n = values.shape[1]
    if not n:
        return Estimate(*[float("nan")] * 3, 0)
    picks = np.random.default_rng([41, seed]).integers(0, n, (rounds, n))
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.asarray(statistic(values[:, picks]))
        value = float(np.asarray(statistic(values)))
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Estimate(value, float("nan"), float("nan"), n)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(value, float(low), float(high), n)


def ratio(columns: np.ndarray) -> np.ndarray:
    """Mean of the first over mean of the second column."""
    return columns[0].mean(-1) / columns[1].mean(-1)


def normalised(columns: np.ndarray) -> np.ndarray:
    """(value − floor) / (ceiling − floor) of the means of three columns, as for SRC."""
    value, floor, ceiling = (c.mean(-1) for c in columns)
    return (value - floor) / (ceiling - floor)
