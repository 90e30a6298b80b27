"""Masked sampling and the masked loss, on the tiny world."""

from __future__ import annotations

import pytest
import torch

from core.diffusion.loss import flow_noise, masked_loss, same_level
from core.diffusion.sampler import SamplingStopped, sample, sampling
from core.diffusion.window import Window
from core.worlds.protocol import Address, LatentFrame


def window(past: int = 3, new: int = 4, level: float = 0.02) -> Window:
    generator = torch.Generator().manual_seed(1)
    context = [
        LatentFrame(torch.randn(12, 8, 8, generator=generator), Address(i, (0.0, 0.0, 0.0)), level)
        for i in range(past)
    ]
    addresses = [Address(past + i, (0.1 * i, 0.0, 0.0)) for i in range(new)]
    return Window(context, addresses, ["forward"] * new, "a house")


def draw(world, w: Window, seed: int = 2, **options) -> torch.Tensor:
    options = {"steps": 3, "guidance": 1.0, **options}
    return sample(world, w, generator=torch.Generator().manual_seed(seed), **options)


def test_the_same_seed_the_same_bits(tiny_world):
    assert torch.equal(draw(tiny_world, window()), draw(tiny_world, window()))
    assert not torch.equal(draw(tiny_world, window()), draw(tiny_world, window(), seed=3))


def test_sampling_step_by_step_is_the_same(tiny_world):
    run = sampling(
        tiny_world, window(), steps=3, guidance=1.0, generator=torch.Generator().manual_seed(2)
    )
    seen = []
    while True:
        try:
            seen.append(next(run))
        except StopIteration as end:
            z = end.value
            break
        assert torch.is_grad_enabled()  # between steps the caller's own mode holds
    assert [s[:2] for s in seen] == [(1, 3), (2, 3), (3, 3)]
    assert torch.equal(z, draw(tiny_world, window())) and torch.allclose(seen[-1][2], z, atol=1e-6)


def test_it_can_be_stopped(tiny_world):
    with pytest.raises(SamplingStopped):
        draw(tiny_world, window(), on_step=lambda step, steps, clean: step < 2)


def test_the_level_of_the_context_is_told_and_shown(tiny_world):
    assert not torch.equal(draw(tiny_world, window(level=0.0)), draw(tiny_world, window(level=0.1)))


def test_a_window_needs_a_past_and_matching_lengths():
    with pytest.raises(ValueError, match="at least one context frame"):
        Window([], [], [], "")
    with pytest.raises(ValueError, match="1 addresses for 2 actions"):
        Window(window().context, [Address(1)], ["a", "b"], "")


def test_only_noised_frames_are_scored(tiny_world):
    generator = torch.Generator().manual_seed(4)
    z0, eps = (torch.randn(1, 12, 5, 8, 8, generator=generator) for _ in range(2))
    cond = tiny_world.condition([Address(i) for i in range(5)], 1, None, None)
    u = torch.tensor([[0.0, 0.0, 0.5, 0.5, 0.5]])
    mask = (u > 0).float()
    with torch.no_grad():
        loss = masked_loss(tiny_world, z0, u, mask, cond, eps)
        out = tiny_world.forward(flow_noise(z0, eps, u), u, cond)
        expected = (out - (eps - z0))[:, :, 2:].square().mean()
        assert float(loss) == pytest.approx(float(expected), rel=1e-5)
        other = eps.clone()
        other[:, :, :2] = 7.0  # noise of frames at level 0 does not reach the network
        assert torch.equal(loss, masked_loss(tiny_world, z0, u, mask, cond, other))
    with pytest.raises(ValueError, match="scores no frame"):
        masked_loss(tiny_world, z0, u, torch.zeros_like(u), cond, eps)


def test_one_level_for_all_frames():
    level = same_level(2, 3, torch.tensor([0.25, 0.75]))
    assert level.tolist() == [[0.25] * 3, [0.75] * 3] and level.dtype == torch.float32
