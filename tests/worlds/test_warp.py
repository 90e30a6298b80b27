"""What a frame may expect to see, held against what is really there."""

from __future__ import annotations

import math

import numpy as np
import torch

from core.learning.scenes.scene import Scene
from core.learning.scenes.walker import follow
from core.worlds.starter.denoiser import ROUGH, Condition, StarterDenoiser, affine
from core.worlds.starter.warp import warp


def as_pictures(frames: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255


def test_looking_from_the_same_place_changes_nothing() -> None:
    picture = torch.rand(1, 3, 32, 32)
    pose = torch.tensor([[1.0, 2.0, 0.7]])
    moved, known = warp(picture, pose, pose[:, None], 4.0, 75.0)
    torch.testing.assert_close(moved[:, :, 0], picture, atol=2e-5, rtol=0)
    assert known.min() == 1


def test_what_is_expected_is_nearer_to_the_truth_than_what_was_seen() -> None:
    for verb in ("turn_left", "turn_right", "forward", "back"):
        scene = Scene(10_000_004)
        start = scene.spawn(np.random.default_rng(1))
        poses = follow(start, [verb] * 3)
        seen, *_, truth = as_pictures(scene.render(poses))
        moved, known = warp(
            seen[None], torch.tensor(poses[:1]), torch.tensor(poses[-1:])[None], 4.0, 75.0
        )
        where = known[0, 0, 0] > 0
        expected = (moved[0, :, 0] - truth).square()[:, where].mean()
        repeated = (seen - truth).square()[:, where].mean()
        assert expected < 0.8 * repeated, verb


def test_nothing_is_known_behind_the_back() -> None:
    picture = torch.rand(1, 3, 16, 16)
    here, turned = torch.zeros(1, 3), torch.tensor([[[0.0, 0.0, math.pi]]])
    _, known = warp(picture, here, turned, 4.0, 75.0)
    assert known.max() == 0


def test_rough_pictures_come_back_as_the_latents_they_were() -> None:
    torch.manual_seed(0)
    net = StarterDenoiser(latent_channels=4, dim=64, layers=1, heads=1)
    mix = torch.randn(4, 3 * ROUGH * ROUGH)
    z = torch.randn(12, 4, 16, 16)
    small = torch.nn.functional.fold(
        (z.flatten(2).transpose(1, 2) @ mix).transpose(1, 2), 16 * ROUGH, ROUGH, stride=ROUGH
    )
    net.fit_rough_pictures(z, torch.nn.functional.interpolate(small, scale_factor=2))
    tokens = z.flatten(2).transpose(1, 2)
    back = affine(affine(tokens, net.rough_out), net.rough_in)
    torch.testing.assert_close(back, tokens, atol=0.02, rtol=0)

    still = torch.zeros(1, 3, 3)
    condition = Condition(torch.zeros(1, 3, 128), torch.zeros(1, 128), still,
                          torch.arange(3.0)[None], 1, (0, 1))
    window = torch.stack([z[0], z[1], z[2]], 1)[None]
    expected, known = net.expectations(window, condition)
    assert all(e[:, :, :2].abs().max() == 0 for e in expected)  # nothing is expected of the past
    torch.testing.assert_close(expected[0][:, :, 2], z[1][None], atol=0.03, rtol=0)
    torch.testing.assert_close(expected[2][:, :, 2], z[0][None], atol=0.03, rtol=0)
    assert all(k[:, :, 2].min() == 1 for k in known)


