"""The refiner's training on a small world's own roll-outs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.learning.adversary import StyleCritic
from core.learning.clips import Clips
from core.learning.data import build
from core.learning.rollouts import Rollouts, sampled
from core.learning.train_refiner import RefinerTrainer
from core.learning.train_text import train as train_text
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    folder = tmp_path_factory.mktemp("refiner")
    torch.manual_seed(0)
    autoencoder = StarterAutoencoder(latent_channels=4, width=8).eval().requires_grad_(False)
    build(autoencoder, folder / "data", range(1), walks=3, frames=44)
    clips = Clips(folder / "data", train_text(folder / "text", steps=20).eval(), seed=1)
    clips.autoencoder = autoencoder
    return clips


@pytest.fixture
def trainer(clips: Clips) -> RefinerTrainer:
    clips.seed(3)
    torch.manual_seed(1)
    net = StarterDenoiser(latent_channels=4, dim=64, layers=1, heads=2).eval().requires_grad_(False)
    depth = StarterDepth(4, 8).eval().requires_grad_(False)
    return RefinerTrainer(net, Expectations(clips.autoencoder, depth, 75.0), clips, 2, 1e-3)


def test_a_roll_out_goes_on_from_its_own_frames(clips: Clips, trainer: RefinerTrainer) -> None:
    rollouts = Rollouts(clips, 2)
    first = rollouts.batch()
    past = first.condition.present + 1
    made = torch.arange(2 * 4 * 8 * 256).reshape(2, 4, 8, 16, 16).float()
    before = list(rollouts._walks)
    rollouts.take(made)
    again = rollouts.batch()
    for row, (one, now) in enumerate(zip(before, rollouts._walks)):
        if one is now:  # not begun anew
            context = again.z0[row, :, : again.condition.present + 1]
            assert torch.equal(context[:, -4:], made[row, :, -4:])
    assert past in (4, 8)
    z = sampled(trainer.net, first.z0, first.condition, torch.Generator().manual_seed(0))
    assert z.shape == made.shape and torch.isfinite(z).all()


def test_it_learns_from_real_chunks_and_from_its_own(trainer: RefinerTrainer) -> None:
    generator = torch.Generator().manual_seed(0)
    for real in (True, False, True):
        trainer.make(real, generator)
    assert [m.truth is None for m in trainer.made] == [False, True, False]
    before = [p.detach().clone() for p in trainer.refiner.parameters()]
    told = [trainer.learn(generator) for _ in range(30)]
    assert all(np.isfinite(t).all() for t in told)
    assert any(not torch.equal(a, b) for a, b in zip(before, trainer.refiner.parameters()))
    real = next(m for m in trainer.made if m.truth is not None)
    known = real.expected[:, 4:5]
    off = ((trainer.refined(trainer.average, real) - real.truth).abs() * known).mean()
    assert off < ((real.z - real.truth).abs() * known).mean()


def test_it_goes_on_from_its_state(trainer: RefinerTrainer, clips: Clips, tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    trainer.make(True, generator)
    trainer.learn(generator)
    torch.save(trainer.state(), tmp_path / "s.pt")
    other = RefinerTrainer(trainer.net, trainer.expectations, clips, 2, 1e-3)
    other.restore(torch.load(tmp_path / "s.pt", weights_only=True))
    other.made, other.reals = trainer.made, trainer.reals
    for each in (trainer, other):
        each.learn(torch.Generator().manual_seed(5))
    for a, b in zip(trainer.refiner.parameters(), other.refiner.parameters()):
        assert torch.equal(a, b)
    assert other.step == trainer.step == 2


def test_the_style_critic_hears_the_style() -> None:
    torch.manual_seed(0)
    critic = StyleCritic(4, 5)
    pairs = torch.randn(3, 8, 16, 16)
    a, b = (critic(pairs, torch.full((3,), style)) for style in (0, 3))
    assert a.shape == b.shape and not torch.allclose(a, b)
