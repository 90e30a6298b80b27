"""The starter world's second stage."""

from __future__ import annotations

import shutil

import numpy as np
import torch

from core.project.model import ActionPart
from core.rollout.chunk import make_chunk
from core.worlds.catalogue import load_world
from core.worlds.protocol import Address, LatentFrame
from core.worlds.starter.denoiser import EXPECTED_FACTS
from core.worlds.starter.refiner import StarterRefiner
from tests.builders.tiny_world import picture


def inputs(frames: int = 8):
    g = torch.Generator().manual_seed(0)
    return (
        torch.randn(2, 12, 8, 8, generator=g), torch.randn(2, 12, frames, 8, 8, generator=g),
        torch.randn(2, 12 + EXPECTED_FACTS, frames, 8, 8, generator=g),
        torch.randn(2, 32, generator=g),
    )


def refiner(touched: bool) -> StarterRefiner:
    torch.manual_seed(4)
    net = StarterRefiner(12, width=16, depth=1, text_features=32).eval().requires_grad_(False)
    if touched:
        for parameter in net.parameters():
            if parameter.ndim > 1 and not parameter.any():
                parameter.normal_(std=0.1)
    return net


def test_untrained_it_changes_nothing():
    present, z, expected, scene = inputs()
    assert torch.equal(refiner(False)(present, z, expected, scene), z)


def test_every_input_matters_and_a_batch_is_its_rows():
    net, given = refiner(True), inputs()
    whole = net(*given)
    assert whole.shape == given[1].shape
    for i in range(4):
        changed = [x + 0.5 * (i == j) for j, x in enumerate(given)]
        assert not torch.allclose(net(*changed), whole + 0.5 * (i == 1), atol=1e-3)
    row = net(*(x[1:] for x in given))
    assert torch.allclose(row, whole[1:], atol=1e-5)


def test_a_world_with_one_uses_it_and_an_older_one_goes_without(tiny_world_dir, tmp_path):
    folder = tmp_path / "refined"
    shutil.copytree(tiny_world_dir, folder)
    refiner(True).save_pretrained(folder / "refiner")
    found = []
    for each in (tiny_world_dir, folder):
        world = load_world(each)
        z = world.encode(np.stack([picture(64, 1)]))
        context = [LatentFrame(z[0], Address(0, (0.0, 0.0, 0.0)), 0.02)]
        found.append(make_chunk(world, None, context, (ActionPart("forward", 8),), "a house", 3)[0])
    assert not torch.allclose(*found, atol=1e-3)
    assert load_world(tiny_world_dir).hash != load_world(folder).hash
