"""Slow learning on a small net and real rendered walks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.learning.adversary import Adversary
from core.learning.clips import Clips
from core.learning.data import HELD_OUT, VERBS, build, make_walk, read_walks
from core.learning.language import HELD_OUT as HELD_OUT_PHRASES
from core.learning.language import PHRASES, say
from core.learning.scenes.walker import MOTIONS, step
from core.learning.train_text import obeyed
from core.learning.train_text import train as train_text
from core.learning.trainer import Trainer, learning_rate
from core.worlds.poses import apart
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import EXPECTED_FACTS, StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations
from core.worlds.starter.text import StarterTextEncoder


@pytest.fixture(scope="module")
def autoencoder() -> StarterAutoencoder:
    torch.manual_seed(0)
    return StarterAutoencoder(latent_channels=4, width=8).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> StarterTextEncoder:
    return train_text(tmp_path_factory.mktemp("text"), steps=200).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, autoencoder: StarterAutoencoder) -> Path:
    folder = tmp_path_factory.mktemp("data")
    build(autoencoder, folder, range(2), walks=2, frames=26)
    return folder


@pytest.fixture(scope="module")
def expectations(autoencoder: StarterAutoencoder) -> Expectations:
    torch.manual_seed(2)
    return Expectations(autoencoder, StarterDepth(4, 8).eval().requires_grad_(False), 75.0)


def small_net() -> StarterDenoiser:
    torch.manual_seed(1)
    return StarterDenoiser(latent_channels=4, dim=64, layers=2, heads=2)


def test_shards_hold_walks_that_can_be_reckoned(data: Path) -> None:
    walks = list(read_walks(data))
    assert len(walks) == 4
    for walk in walks:
        assert walk.latents.shape == (26, 4, 16, 16)
        for a, b, verb in zip(walk.poses, walk.poses[1:], walk.verbs[1:]):
            np.testing.assert_allclose(step(a, MOTIONS[VERBS[verb]]), b, atol=1e-9)


def test_building_again_makes_nothing_anew(data: Path, autoencoder: StarterAutoencoder) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in data.glob("*.safetensors")}
    build(autoencoder, data, range(2), walks=2, frames=26)
    assert before == {p.name: p.stat().st_mtime_ns for p in data.glob("*.safetensors")}


def test_held_out_scenes_are_none_of_the_training_scenes() -> None:
    assert HELD_OUT > 1_000_000


def test_held_out_phrasings_are_not_trained_on_and_mostly_obeyed(text: StarterTextEncoder) -> None:
    said = {phrase for phrases in PHRASES.values() for phrase in phrases}
    assert said.isdisjoint(p for phrases in HELD_OUT_PHRASES.values() for p in phrases)
    assert obeyed(text) >= 0.75
    rng = np.random.default_rng(0)
    right = [text.read_verb(say(v, rng))[0] == v for v in PHRASES for _ in range(10)]
    assert np.mean(right) > 0.95


def test_words_never_met_ask_for_nothing(text: StarterTextEncoder) -> None:
    assert text.motion("xylophone quartz") == (0.0, 0.0, 0.0)
    assert text.motion("") == (0.0, 0.0, 0.0)
    assert text.motion("turn left")[2] > 0 > text.motion("turn right")[2]


def test_batches_score_the_future_and_shift_the_present_to_the_origin(
    data: Path, text: StarterTextEncoder
) -> None:
    clips = Clips(data, text, seed=3)
    kinds = set()
    for _ in range(40):
        batch = clips.batch(2)
        frames = batch.z0.shape[2]
        past = frames - 8
        condition = batch.condition
        assert condition.present == past - 1
        assert torch.all(condition.pose[:, past - 1, :2] == 0)
        assert torch.all(condition.time[:, past - 1] == 0)
        assert torch.all(condition.action[:, :past] == 0)
        assert batch.fast == bool(batch.mask.min() == 1)
        if batch.fast:  # as fast learning makes them: one level for all, no text
            kinds.add("fast")
            assert torch.all(batch.u == batch.u[:, :1])
            assert condition.action.abs().sum() == 0 and condition.scene.abs().sum() == 0
        else:
            kinds.add(past)
            assert torch.all(batch.mask[:, :past] == 0) and torch.all(batch.mask[:, past:] == 1)
            assert batch.u[:, :past].max() <= 0.1
    assert {1, 4, 8, "fast"} <= kinds


def test_remembered_frames_are_those_that_look_where_the_walk_leads(
    data: Path, text: StarterTextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = Clips(data, text, seed=1)
    yaw = np.radians(6) * np.concatenate([np.arange(30), np.arange(29, -1, -1)])
    poses = np.stack([np.zeros(60), np.zeros(60), yaw], 1)
    here, new = np.arange(34, 38), np.arange(38, 46)  # on the way back: seen as 21 to 14
    monkeypatch.setattr("core.learning.clips.ANY_FRAME", 0.0)
    found = clips._remembered(poses, here, new, 4)
    assert len(found) == 4 and np.all(np.diff(found) > 0) and found.max() < here[0]
    assert apart(poses[found], poses[new]).min(0).max() < 0.25
    monkeypatch.setattr("core.learning.clips.ANY_FRAME", 1.0)
    drawn = [clips._remembered(poses, here, new, 2) for _ in range(40)]
    assert len({i for d in drawn for i in d.tolist()}) > 20  # any frame, then


def test_worn_contexts_keep_their_colours(data: Path, text: StarterTextEncoder) -> None:
    clips = Clips(data, text, seed=2)
    z = torch.randn(64, 4, 4, 16, 16) + 1.5
    worn = clips._worn(z)
    changed = ((worn - z).abs() > 1e-3).flatten(1).any(1)
    assert 0.2 < changed.float().mean() < 0.8
    torch.testing.assert_close(worn.mean((2, 3, 4)), z.mean((2, 3, 4)), atol=1e-3, rtol=0)
    assert worn[changed].std((2, 3, 4))[:, 3].mean() < 0.95 * z[changed].std((2, 3, 4))[:, 3].mean()


def test_training_lowers_the_loss_and_resumes_where_it_was(
    data: Path, text: StarterTextEncoder, expectations: Expectations, tmp_path: Path
) -> None:
    trainer = Trainer(small_net(), expectations, rate=3e-3, muon_rate=3e-3)
    batch = Clips(data, text, seed=0).batch(4)
    losses = []
    for i in range(24):
        losses.append(trainer.learn(batch, torch.Generator().manual_seed(i), False))
        trainer.update(1.0, False)
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])

    again = Trainer(small_net(), expectations, rate=3e-3, muon_rate=3e-3)
    torch.save(trainer.state(), tmp_path / "state.pt")
    again.restore(torch.load(tmp_path / "state.pt", weights_only=True))
    for each in (trainer, again):
        each.learn(batch, torch.Generator().manual_seed(99), True)
        each.update(1.0, True)
    assert again.step == trainer.step
    for net in ("net", "average"):
        for a, b in zip(getattr(trainer, net).parameters(), getattr(again, net).parameters()):
            assert torch.equal(a, b)


def test_the_critic_tells_real_frames_from_flat_ones_and_points_to_the_real() -> None:
    torch.manual_seed(0)
    adversary, generator = Adversary(4), torch.Generator().manual_seed(0)
    told, u = torch.zeros(4, 4 + EXPECTED_FACTS, 8, 16, 16), torch.ones(4, 8)
    losses = []
    for _ in range(40):
        real = torch.randn(4, 4, 8, 16, 16, generator=generator)
        push, loss = adversary.judge(real, 0.2 * real, told, u, generator)
        adversary.optimizer.step()
        adversary.optimizer.zero_grad()
        losses.append(float(loss))
    assert losses[-1] < 0.5 * losses[0]
    # A step against the gradient makes flat frames livelier.
    flat = 0.2 * real
    assert (flat - 0.1 * push / push.abs().max()).std() > flat.std()
    push, _ = adversary.judge(real, flat, told, 0.1 * u, generator)
    assert not push.any()  # nearly clean estimates are left alone


def test_the_learning_rate_warms_up_and_falls_to_nothing() -> None:
    assert learning_rate(0.0, 0) < learning_rate(0.1, 60) == 1.0
    assert learning_rate(1.0, 5000) == pytest.approx(0.0)


def test_walks_are_the_same_for_the_same_seed(autoencoder: StarterAutoencoder) -> None:
    a, b = (make_walk(autoencoder, 5, "explore", 10) for _ in range(2))
    assert torch.equal(a.latents, b.latents)
    assert np.array_equal(a.pictures, b.pictures)
