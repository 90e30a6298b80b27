"""The suites walk worlds of several pictures a latent frame too (here: Wan, tiny and square)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from core.evaluate.adherence import reader
from core.evaluate.arms import arm_of
from core.evaluate.bench import Bench
from core.evaluate.features import network
from core.evaluate.options import suite_of
from core.project.model import Sampling
from core.worlds.catalogue import load_world
from tests.worlds import tiny


@pytest.fixture(scope="module")
def wan(tmp_path_factory) -> Path:
    with torch.random.fork_rng(devices=[]):
        folder = tiny.build_wan(tmp_path_factory.mktemp("worlds") / "wan")
    facts = json.loads((folder / "world.json").read_text())
    return tiny.describe(folder, **{**facts, "width": 64, "height": 64})


@pytest.fixture(scope="module")
def bench(wan) -> Bench:
    return Bench(load_world(wan), network("stand-in"), reader(64, 1), Sampling(1))


@pytest.mark.parametrize("visit", ["real", "generated"])
def test_a_revisit_has_a_picture_for_every_step(bench, visit):
    suite = suite_of("revisit", patterns="turn_around")
    walked = suite.trajectory(bench, 0)
    assert walked.half % 8 == 0 and (len(walked.poses) - 1) % 8 == 0
    row, video = suite.measure(bench, walked, arm_of("paper"), visit)
    truth = bench.shot(walked).pictures
    assert video.shape == truth.shape and np.isfinite(row["psnr_truth"])
    seen = walked.half + 1 if visit == "real" else 1
    assert (video[:seen] == truth[:seen]).all() and (video[seen:] != truth[seen:]).any()
    assert row["learned"] + row["refused"] == len(walked.poses) // 8


def test_plans_and_actions_are_pictured(bench):
    suite = suite_of("planning", candidates=4)
    walked = suite.trajectory(bench, 0)
    _, video = suite.measure(bench, walked, arm_of("none"), "real")
    assert len(video) == len(walked.poses) + len(walked.poses) - 1
    suite = suite_of("actions")
    row, _ = suite.measure(bench, suite.trajectory(bench, 0), arm_of("none"), "real")
    assert 0 <= row["obeyed"] <= 1 and row["heard"] == 0


def test_a_world_that_is_not_square_is_refused_in_words(wan, tmp_path):
    facts = json.loads((wan / "world.json").read_text())
    wide = tiny.describe(shutil.copytree(wan, tmp_path / "wide"), **{**facts, "width": 96})
    bench = Bench(load_world(wide), network("stand-in"), reader(64, 1), Sampling(1))
    with pytest.raises(ValueError, match="drawn square, and Tiny Wan works at 96×64"):
        bench.shot(suite_of("revisit", patterns="turn_around").trajectory(bench, 0))
