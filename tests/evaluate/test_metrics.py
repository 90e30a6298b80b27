"""Measures on made-up cases whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluate import metrics
from core.evaluate.bootstrap import estimate, normalised, ratio
from core.evaluate.features import StandIn, clips, cosine, lpips
from tests.builders.tiny_world import picture


def _shifted(frames: int = 12, by: int = 2) -> np.ndarray:
    wide = np.concatenate([picture(64, 3), picture(64, 3)], 1)
    return np.stack([wide[:, i * by : i * by + 64] for i in range(frames)])


def test_a_picture_is_like_itself_and_less_like_another() -> None:
    a, b = picture(64, 1)[None], picture(64, 2)[None]
    near = np.clip(a.astype(int) + 12, 0, 255).astype(np.uint8)
    net = StandIn()
    assert metrics.ssim(a, a)[0] == pytest.approx(1)
    assert metrics.ssim(a, near)[0] > metrics.ssim(a, b)[0]
    assert lpips(net, a, a)[0] == 0 and lpips(net, a, near)[0] < lpips(net, a, b)[0]
    assert cosine(net, a, a)[0] == pytest.approx(100, abs=1e-3)
    assert cosine(net, a, near)[0] > cosine(net, a, b)[0]


def test_flow_is_what_was_moved_and_nothing_where_nothing_moves() -> None:
    moved = metrics.flows(_shifted(by=2))
    assert metrics.magnitude(moved) == pytest.approx(2, abs=0.6)
    assert np.median(moved[..., 0]) == pytest.approx(-2, abs=0.3)
    still = np.repeat(picture(64, 1)[None], 4, 0)
    assert metrics.magnitude(metrics.flows(still)) < 0.05


def test_spread_and_sharpness_fall_with_what_they_measure() -> None:
    a = picture(64, 1)[None]
    flat = (a // 2 + 64).astype(np.uint8)
    assert metrics.spread(flat) == pytest.approx(metrics.spread(a) / 2, rel=0.02)
    blurred = metrics.cv2.GaussianBlur(a[0], (9, 9), 2)[None]
    assert metrics.sharpness(blurred) < 0.3 * metrics.sharpness(a)


def test_a_cut_is_found_and_a_scene_shorter_than_asked_for_is_none() -> None:
    one, other = picture(64, 1), picture(64, 5)
    video = np.stack([one] * 20 + [other] * 20)
    assert metrics.scene_cuts(video) == [20] and metrics.scene_cuts(_shifted(), 1) == []
    early = np.stack([one] * 8 + [other] * 20)
    assert metrics.scene_cuts(early) == [] and metrics.scene_cuts(early, 1) == [8]


def test_frechet_distance_of_gaussians() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (20_000, 3)), rng.normal(2, 3, (20_000, 3))
    # Of each axis: (2 − 0)² + (3 − 1)².
    assert metrics.frechet(a, b) == pytest.approx(3 * (4 + 4), rel=0.03)
    assert metrics.frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_clips_of_one_kind_lie_nearer_than_those_of_another() -> None:
    net = StandIn()
    made = [np.array(clips(net, np.stack([picture(64, s + i) for i in range(32)]), 8))
            for s in (0, 100)]
    dark = np.array(clips(net, np.stack([picture(64, 200 + i) // 3 for i in range(32)]), 8))
    assert made[0].shape[0] == 4
    assert metrics.frechet(*made) < metrics.frechet(made[0], dark)


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = [
        e.low <= 1.0 <= e.high
        for k in range(200) if (e := estimate(rng.normal(1.0, 2.0, 40), rounds=400, seed=k))
    ]
    assert 0.88 <= np.mean(held) <= 0.99


def test_estimates_of_ratios_and_of_nothing() -> None:
    a, b, c = np.array([2.0, 4, np.nan]), np.array([1.0, 2, 3]), np.array([3.0, 6, 9])
    assert estimate(a, b, statistic=ratio).mean == 2 and estimate(a, b, statistic=ratio).n == 2
    assert estimate(a, b, c, statistic=normalised).mean == pytest.approx(0.5)
    empty = estimate(np.array([np.nan]))
    assert empty.n == 0 and empty.as_json()["mean"] is None
