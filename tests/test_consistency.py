"""Drift, cuts and returns of made-up walks whose answers are known."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core import consistency
from core.consistency import Drift, Return, Verdict, judge, looks_of, merit, ranked
from core.media.encode import write_take
from tests.builders.tiny_world import picture

N = 8


def pan(seed: int, start: int, frames: int, step: int = 3) -> list[np.ndarray]:
    """A camera that moves sideways over a wide picture."""
    wide = np.concatenate([picture(128, seed + k) for k in range(4)], 1)
    wide = np.concatenate([wide] * 2, 1)
    return [np.ascontiguousarray(wide[:, x : x + 128]) for x in
            range(start, start + frames * step, step)]  # fmt: skip


def poses(yaws) -> np.ndarray:
    return np.array([(0.0, 0.0, y) for y in yaws])


def test_a_steady_walk_has_no_cut_and_no_drift():
    frames = pan(0, 0, 24)
    whole = looks_of(frames)
    said = judge(whole[:8], whole[8:16], whole[16:], whole[:8])
    assert said.cuts == () and said.returns == () and said.kept is None
    assert said.drift.amount < 0.5


@pytest.mark.parametrize("at", [0, 3, 7])
def test_a_cut_is_found_where_it_is_also_at_the_seam(at: int):
    steady, other = pan(0, 0, 24), pan(40, 60, 24)
    frames = steady[: 8 + at] + other[8 + at :]
    whole = looks_of(frames)
    assert judge(whole[:8], whole[8:16], whole[16:], whole[:8]).cuts == (at,)
    assert judge(whole[:8], whole[8:16], None, whole[:8]).cuts == (at,)


def test_turning_faster_is_no_cut():
    frames = pan(0, 0, 10, 1) + pan(0, 10, 14, 9)
    whole = looks_of(frames)
    assert judge(whole[:8], whole[8:16], whole[16:], whole[:8]).cuts == ()


def test_drift_says_what_went_away():
    frames = [picture(128, 3)] * N
    opening = looks_of(frames)
    faded = looks_of([((f.astype(float) - 128) * 0.5 + 128).astype(np.uint8) for f in frames])
    found = consistency.drift(faded, opening)
    assert found.contrast == pytest.approx(0.5, abs=0.05) and found.colour < 30
    from core.media.cv import cv2

    soft = looks_of([cv2.GaussianBlur(f, (0, 0), 2) for f in frames])
    found = consistency.drift(soft, opening)
    assert found.sharpness < 0.3 and found.contrast > 0.85 and found.amount > 0.5
    red = looks_of([np.clip(f.astype(int) + (50, 0, 0), 0, 255).astype(np.uint8) for f in frames])
    assert 30 < consistency.drift(red, opening).colour < 55
    assert consistency.drift(opening, opening).amount == 0


def test_coming_back_is_compared_with_what_was_seen_first():
    out = [0.2 * i for i in range(10)]
    yaws = out + out[::-1]
    there = pan(0, 0, 10, 9)
    honest = looks_of(there + there[::-1], poses(yaws))
    said = judge(honest[:12], honest[12:], None, honest[:8])
    # Frame 19 looks where frame 0 looked: the end of the stretch that comes back is the closest.
    assert len(said.returns) == 1
    back = said.returns[0]
    assert yaws[12 + back.frame] == yaws[back.to] and back.same > 0.99
    forgotten = looks_of(there[:10] + pan(50, 30, 10, 9), poses(yaws))
    assert judge(forgotten[:12], forgotten[12:], None, forgotten[:8]).kept < 0.5


def test_standing_still_comes_back_to_nothing():
    still = looks_of([picture(64)] * 40, poses([0.0] * 40))
    assert judge(still[:20], still[20:], None, still[:8]).returns == ()
    lost = looks_of([picture(64)] * 40)
    assert judge(lost[:20], lost[20:], None, lost[:8]).returns == ()


def test_a_video_is_measured_as_its_frames_are(tmp_path: Path):
    frames = pan(0, 0, N)
    write_take(tmp_path / "take.mp4", frames, Fraction(8))
    one, two = consistency.look(tmp_path / "take.mp4"), looks_of(frames)
    assert len(one) == N and np.isnan(one.pose[:-1]).all() and not one.pose[-1].any()
    assert np.abs(one.small.astype(int) - two.small).mean() < 6
    assert one.contrast == pytest.approx(two.contrast, rel=0.1)


def test_the_best_of_several():
    calm, soft = Drift(1.0, 1.0, 2.0), Drift(0.9, 0.4, 20.0)
    takes = [
        Verdict(calm, (0,), (Return(3, 1, 0.92),)),
        Verdict(calm, (), (Return(3, 1, 0.55),)),
        Verdict(soft, (), (Return(3, 1, 0.91),)),
        Verdict(calm, (), (Return(3, 1, 0.90),)),
        Verdict(calm, (), (Return(3, 1, 0.91),)),  # as good as the one before: that one is older
    ]
    assert ranked(takes) == [3, 4, 2, 0, 1]
    scores = [merit(v) for v in takes]
    assert scores[3] >= scores[2] >= scores[0] > scores[1]
    assert 0 <= min(scores) and max(scores) <= 100
    assert merit(Verdict(calm)) > merit(Verdict(soft)) > merit(Verdict(calm, (2,)))
