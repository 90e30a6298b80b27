"""What a frame may expect to see, held against what is really there."""

from __future__ import annotations

import math

import numpy as np
import torch

from core.learning.scenes.scene import Scene
from core.learning.scenes.walker import follow
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import EXPECTED_FACTS
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations, expect


def seen_from(scene: Scene, poses: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pictures [1, N, 3, 128, 128] in 0..1, nearness [1, N, 64, 64], poses [1, N, 3]."""
    pictures = torch.from_numpy(scene.render(poses)).permute(0, 3, 1, 2).float() / 255
    near = torch.from_numpy(scene.nearness(poses))
    return pictures[None], near[None], torch.from_numpy(poses).float()[None]


def test_looking_from_the_same_place_changes_nothing() -> None:
    scene = Scene(10_000_004)
    pictures, near, pose = seen_from(scene, scene.spawn(np.random.default_rng(1))[None])
    moved, known, found, _ = expect(pictures, near, pose, pose, 75.0)
    where = known[:, :, None].expand_as(moved) > 0
    assert known.mean() > 0.97
    assert (moved - pictures)[where].abs().mean() < 0.02
    torch.testing.assert_close(found.median(), near.clamp_min(0.02).median(), rtol=0.1, atol=0.0)


def test_what_is_expected_is_what_is_there() -> None:
    for verb in ("turn_left", "turn_right", "forward", "back", "strafe_left"):
        scene = Scene(10_000_004)
        poses = follow(scene.spawn(np.random.default_rng(1)), [verb] * 4)
        pictures, near, pose = seen_from(scene, poses)
        moved, known, *_ = expect(pictures[:, :1], near[:, :1], pose[:, :1], pose[:, -1:], 75.0)
        where = known[:, :, None].expand_as(moved) > 0
        wrong = (moved - pictures[:, -1:]).square()[where].mean()
        repeated = (pictures[:, :1] - pictures[:, -1:]).square()[where].mean()
        assert wrong < 0.35 * repeated, verb


def test_a_frame_that_saw_more_completes_the_other() -> None:
    scene = Scene(10_000_004)
    poses = follow(scene.spawn(np.random.default_rng(1)), ["turn_left"] * 8)
    pictures, near, pose = seen_from(scene, poses[[0, 8, 4]])
    new = pose[:, 1:2]
    one = expect(pictures[:, 2:], near[:, 2:], pose[:, 2:], new, 75.0)
    both = expect(pictures, near, pose, new, 75.0)
    assert one[1].mean() < 0.8 and both[1].mean() > 0.95
    assert (both[3] == 1).float().mean() > 0.9  # fetched from the frame that looked there


def test_what_stands_in_front_hides_what_is_behind() -> None:
    picture = torch.zeros(1, 1, 3, 64, 64)
    picture[..., 24:40] = 1
    near = torch.full((1, 1, 64, 64), 0.2)
    near[..., 24:40] = 1.0
    here, left = torch.zeros(1, 1, 3), torch.tensor([[[0.0, 0.3, 0.0]]])
    moved, known, *_ = expect(picture, near, here, left, 75.0)
    shown = moved[0, 0, 0] * known[0, 0]
    # A step of .3 to the left moves the pillar, one cell away, by 12 of 64 to the right, and
    # the wall behind it a fifth of that.
    assert shown[:, 40:48].min() > 0.9 and shown[:, :20].max() < 0.1 and shown[:, 56:].max() < 0.1


def test_who_looked_from_nearest_decides() -> None:
    wall, pillar = torch.zeros(1, 1, 3, 64, 64), torch.ones(1, 1, 3, 64, 64)
    near = torch.full((1, 2, 64, 64), 0.2)
    near[:, 1] = 1.0
    pose = torch.tensor([[[0.0, 0.0, 0.0], [0.0, 0.5, 0.0]]])
    both = torch.cat([wall, pillar], 1)
    moved, known, _, source = expect(both, near, pose, pose[:, :1], 75.0)
    assert known.all() and moved.max() < 0.1 and not source.any()
    moved, _, _, source = expect(both, near, pose, pose[:, 1:], 75.0)
    assert moved.min() > 0.9 and source.all()


def test_nothing_is_known_behind_the_back() -> None:
    here, turned = torch.zeros(1, 1, 3), torch.tensor([[[0.0, 0.0, math.pi]]])
    near = torch.full((1, 1, 64, 64), 0.5)
    _, known, *_ = expect(torch.rand(1, 1, 3, 64, 64), near, here, turned, 75.0)
    assert known.max() == 0


def test_expectations_are_latents_with_their_facts() -> None:
    torch.manual_seed(0)
    expectations = Expectations(StarterAutoencoder(12, 8).eval(), StarterDepth(12, 8).eval(), 75.0)
    sources, pose = torch.randn(2, 3, 12, 16, 16), torch.randn(2, 3, 3) * 0.2
    found = expectations(sources, pose, torch.randn(2, 5, 3) * 0.2)
    assert found.shape == (2, 12 + EXPECTED_FACTS, 5, 16, 16)
    known, of_the_present = found[:, 12], found[:, 14]
    assert 0 <= known.min() and known.max() <= 1 and of_the_present.max() <= 1
    assert not found[:, :12][(known == 0)[:, None].expand(-1, 12, -1, -1, -1)].any()


def test_from_where_nobody_knows_nothing_is_shown_and_there_nothing_is_expected() -> None:
    torch.manual_seed(0)
    nothing = torch.full((3,), math.nan)
    expectations = Expectations(StarterAutoencoder(4, 8), StarterDepth(4, 8), 75.0)
    z = torch.randn(1, 2, 4, 16, 16)
    pose, new = torch.zeros(1, 2, 3), torch.zeros(1, 3, 3)
    new[..., 2] = torch.tensor([0.1, 0.2, 0.3])
    pose[0, 0] = torch.tensor([0.0, 0.0, 0.3])
    both = expectations(z, pose, new)
    pose[0, 0] = nothing
    alone = expectations(z, pose, new)
    torch.testing.assert_close(
        alone[:, 4], expectations(z[:, 1:], pose[:, 1:], new)[:, 4], atol=0.02, rtol=0.02
    )
    assert alone[:, 4].mean() < both[:, 4].mean()  # less is known
    new[0, 1] = nothing
    found = expectations(z, pose, new)
    assert found.isfinite().all() and not found[:, :, 1].any()
    torch.testing.assert_close(found[:, :, [0, 2]], alone[:, :, [0, 2]], atol=1e-4, rtol=1e-4)


def test_what_looks_from_one_place_or_is_not_known_costs_nothing_and_changes_nothing() -> None:
    torch.manual_seed(2)
    expectations = Expectations(
        StarterAutoencoder(latent_channels=4, width=8).eval(), StarterDepth(4, 8).eval(), 75.0
    )
    z, here = torch.randn(1, 3, 4, 4, 4), torch.zeros(1, 3, 3)
    here[:, :2] = math.nan
    one = expectations(z[:, 2:], here[:, 2:], torch.zeros(1, 1, 3))
    same = expectations(z, here, torch.zeros(1, 8, 3))
    assert same.shape[2] == 8 and one.abs().sum() > 0
    torch.testing.assert_close(same, one.expand_as(same))
