"""The model's own roll-outs in its training, on a small net and drawn walks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.learning.clips import Clips
from core.learning.rollouts import BEFORE, RECENT, Rollouts, held
from core.learning.scenes.motion import MOTIONS
from core.learning.shards import VERBS
from core.learning.trainer import Trainer, averaged
from core.worlds.poses import stepped
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import EXPECTED_FACTS, StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations
from core.worlds.starter.text import StarterTextEncoder
from tests.builders.recordings import encoder, write


class Watched(Clips):
    """Real clips, whose batches are kept to be looked at."""

    def compose(self, *arguments, **options):
        self.last = super().compose(*arguments, **options)
        return self.last

    def clip_at(self, *arguments, **options):
        clip = super().clip_at(*arguments, **options)
        self.indices.append(clip.index)
        return clip


@pytest.fixture(scope="module")
def autoencoder() -> StarterAutoencoder:
    torch.manual_seed(0)
    return StarterAutoencoder(latent_channels=4, width=8).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def text() -> StarterTextEncoder:
    return encoder()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, autoencoder: StarterAutoencoder) -> Path:
    folder = tmp_path_factory.mktemp("walks")
    write(folder, autoencoder, "first-person", 2, frames=30)
    write(folder, autoencoder, "robot", 2, frames=30)
    return folder


@pytest.fixture
def clips(data: Path, text, monkeypatch) -> Watched:
    monkeypatch.setattr("core.learning.rollouts.NEW_START", 0.0)
    found = Watched(data, text, seed=3)
    found.indices = []
    return found


@pytest.fixture
def trainer(autoencoder: StarterAutoencoder) -> Trainer:
    torch.manual_seed(1)
    net = StarterDenoiser(latent_channels=4, dim=64, layers=1, heads=2, text_features=32)
    with torch.no_grad():  # an untrained net's gates are shut
        for parameter in net.parameters():
            if parameter.ndim > 1 and not parameter.any():
                parameter.normal_(std=0.05)
    made = Trainer(net, Expectations(autoencoder, StarterDepth(4, 8), 75.0), 1e-3, 1e-3)
    made.pull = 1.0  # as after a step of training
    return made


def real(clips: Clips):
    batch = clips.batch(2)
    while batch.fast:
        batch = clips.batch(2)
    return batch


def test_a_roll_out_goes_on_from_its_own_frames_beyond_the_recording(clips, trainer) -> None:
    rollouts = Rollouts(clips, 2)
    generator = torch.Generator().manual_seed(0)
    walk = rollouts._walks[0]
    start, before = walk.start, walk.data.latents.clone()
    assert start >= BEFORE + RECENT and walk.data.latents.shape[0] == 60
    rollouts.learn(trainer, real(clips), generator)
    assert rollouts._walks[0] is walk and walk.now == start + 8
    after = walk.data.latents
    assert torch.equal(after[: start + 1], before[: start + 1])  # the recording is the past
    assert torch.equal(after[start + 9 :], before[start + 9 :])
    made = after[start + 1 : start + 9].clone()
    assert made.isfinite().all() and (made - before[start + 1 : start + 9]).abs().mean() > 0.05

    clips.indices.clear()
    rollouts.learn(trainer, real(clips), generator)
    index = next(i for i in clips.indices if i[-9] == start + 8)  # the present of the first walk
    assert index[0] >= max(0, start - BEFORE)
    context = clips.last.z0[0, :, : len(index) - 8].transpose(0, 1)
    assert torch.equal(context, walk.data.latents[index[:-8]])
    assert torch.equal(context[-4:], made[-4:])  # its own frames, not the recording's

    poses = walk.data.poses  # beyond the end, where another walk's motions lead
    assert len(poses) == len(walk.data.verbs) == 60
    for i in range(30, 60):
        motion = MOTIONS[VERBS[walk.data.verbs[i]]]
        np.testing.assert_allclose(poses[i], stepped(tuple(poses[i - 1]), motion), atol=1e-9)


def test_a_roll_out_that_is_over_begins_anew(clips, trainer) -> None:
    rollouts = Rollouts(clips, 1)
    generator, first = torch.Generator().manual_seed(0), rollouts._walks[0]
    for _ in range(6):  # at most 44 frames are left of 60
        rollouts.learn(trainer, real(clips), generator)
    assert rollouts._walks[0] is not first
    assert first.now < 60


def test_its_gradients_reach_the_working_copy_and_its_critic(clips, trainer) -> None:
    rollouts = Rollouts(clips, 2)
    assert all(p.grad is None for p in trainer.work.parameters())
    opinion = rollouts.learn(trainer, real(clips), torch.Generator().manual_seed(0))
    assert opinion is not None and opinion > 0
    found = {n: p.grad for n, p in trainer.work.named_parameters() if p.grad is not None}
    assert any("temporal_attn" in n and g.abs().sum() > 0 for n, g in found.items())
    assert all(g.isfinite().all() for g in found.values())
    judge = trainer.adversary.style_critic
    assert sum(float(p.grad.abs().sum()) for p in judge.parameters()) > 0
    assert all(p.grad is None for p in trainer.adversary.critic.parameters())

    before = [p.detach().clone() for p in trainer.net.parameters()]
    judged = [p.detach().clone() for p in judge.parameters()]
    trainer.update(1.0, True)
    assert any(not torch.equal(a, b) for a, b in zip(before, trainer.net.parameters()))
    assert any(not torch.equal(a, b) for a, b in zip(judged, judge.parameters()))
    assert all(p.grad is None for p in trainer.work.parameters())


def test_the_critic_learns_to_tell_roll_outs_from_scenes(clips, trainer) -> None:
    rollouts = Rollouts(clips, 2)
    generator, true = torch.Generator().manual_seed(0), real(clips)
    opinions = []
    for _ in range(10):
        opinions.append(rollouts.learn(trainer, true, generator))
        trainer.update(0.0, True)  # the denoiser stands still
    assert np.mean(opinions[-3:]) < 0.8 * np.mean(opinions[:2])


def test_what_was_expected_holds_a_roll_out_where_it_is_known() -> None:
    made, expected = torch.zeros(1, 4, 2, 16, 16), torch.ones(1, 4 + EXPECTED_FACTS, 2, 16, 16)
    expected[:, 4, :, :, 8:] = 0  # known on the left alone
    pull = held(made, expected)
    assert (pull[..., :8] < 0).all() and not pull[..., 8:].any()


def test_other_domains_are_neither_rolled_out_nor_judged(data, text, trainer) -> None:
    clips = Clips(data, text, seed=0, sources=("robot",))
    with pytest.raises(ValueError, match="Roll-outs need first-person walks of at least 25 frames"):
        Rollouts(clips, 1)
    assert Rollouts(clips, 0)._walks == []
    rollouts = Rollouts(Clips(data, text, seed=0, sources=("robot", "first-person")), 3)
    assert {w.data.source for w in rollouts._walks} == {"first-person"}
    now = [w.now for w in rollouts._walks]
    assert rollouts.learn(trainer, real(clips), torch.Generator()) is None
    assert [w.now for w in rollouts._walks] == now
    assert all(p.grad is None for p in trainer.work.parameters())


def test_the_style_critic_practises_on_what_was_lately_made(clips, trainer) -> None:
    rollouts, generator = Rollouts(clips, 2), torch.Generator().manual_seed(0)
    critic = trainer.adversary.style_critic

    def told() -> float:
        (made, styles), (true, true_styles) = (
            kept[-1] for kept in (trainer.adversary._made, trainer.adversary._real)
        )
        with torch.no_grad():
            scores = [
                critic(torch.cat([z[:, :, 0], z[:, :, 1]], 1), s).mean()
                for z, s in ((made, styles), (true, true_styles))
            ]
        return float(scores[1] - scores[0])

    found = None
    while found is None:
        found = rollouts.learn(trainer, real(clips), generator)
    before, slow = told(), [p.detach().clone() for p in trainer.work.parameters()]
    trainer.adversary.practise(12, averaged, generator)
    assert told() > before + 0.2
    assert all(torch.equal(a, b) for a, b in zip(slow, trainer.work.parameters()))
