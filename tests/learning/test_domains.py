"""Several domains in one training: what is drawn, where cameras are, what may be expected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.learning.clips import Clips
from core.learning.data import build
from core.learning.language import BOOKS
from core.learning.mixture import read_mixture
from core.learning.shards import ShardError, read_walks
from core.learning.train_text import motion_of, motions_of
from core.learning.trainer import Trainer
from core.learning.whereabouts import whereabouts
from core.memory.bank import anchors, useful
from core.rollout.context import CONTEXT_LEVEL
from core.worlds.protocol import Address, LatentFrame
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import EXPECTED_FACTS, StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.starter.world import StarterWorld, geometry_of, sources
from tests.builders.recordings import Sketches, encoder, write

ALL = tuple(BOOKS)


@pytest.fixture(scope="module")
def autoencoder() -> StarterAutoencoder:
    torch.manual_seed(0)
    return StarterAutoencoder(latent_channels=4, width=8).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def text() -> StarterTextEncoder:
    return encoder()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, autoencoder: StarterAutoencoder) -> Path:
    folder = tmp_path_factory.mktemp("mixed")
    for name, count in zip(ALL, (4, 2, 2, 1)):
        write(folder, autoencoder, name, count, frames=32)
    return folder


@pytest.fixture(scope="module")
def world(autoencoder: StarterAutoencoder, text: StarterTextEncoder) -> StarterWorld:
    torch.manual_seed(2)
    net = StarterDenoiser(latent_channels=4, dim=64, layers=1, heads=2, text_features=32)
    return StarterWorld(
        autoencoder, net, text, StarterDepth(4, 8), id="s", name="", hash="",
        geometry=geometry_of({"size": 128, "rate": "8", "n_past": 4, "n_new": 8, "channels": 4}),
    )


def expected(world: StarterWorld, batch) -> torch.Tensor:
    """What training shows the new frames of ``batch``."""
    trainer = Trainer.__new__(Trainer)
    trainer.expectations = world.expectations
    return trainer.expected(batch)


# ---- what is drawn ------------------------------------------------------------------------------


def test_first_person_walks_alone_unless_others_are_named(data: Path, text) -> None:
    assert {w.source for w in Clips(data, text).walks} == {"first-person"}
    assert {w.source for w in Clips(data, text, sources=ALL).walks} == set(ALL)


def test_domains_are_drawn_by_the_root_of_their_recordings_or_as_told(data: Path, text) -> None:
    def drawn(mixture) -> list[float]:
        rng = np.random.default_rng(0)
        found = [mixture.walks[mixture.draw(rng)].source for _ in range(4000)]
        return [found.count(name) / len(found) for name in ALL]

    wanted = np.sqrt([4, 2, 2, 1])
    mixture = read_mixture(data, text, 16, ALL)
    np.testing.assert_allclose(drawn(mixture), wanted / wanted.sum(), atol=0.03)
    assert "footage 1 recordings" in str(mixture)
    told = read_mixture(data, text, 16, ALL, shares=(1, 1, 1, 7))
    np.testing.assert_allclose(drawn(told), [0.1, 0.1, 0.1, 0.7], atol=0.03)


@pytest.mark.parametrize("shares", [(1, 2), (1, 0, 1, 1), (1, -1, 1, 1), (1, 1, 1, float("nan"))])
def test_shares_that_make_no_sense_are_refused(data: Path, text, shares) -> None:
    with pytest.raises(ValueError, match="one number above 0 for each of first-person"):
        read_mixture(data, text, 16, ALL, shares=shares)


def test_short_recordings_are_left_out_and_said(tmp_path: Path, autoencoder, text) -> None:
    write(tmp_path, autoencoder, "driving", 2, frames=16)
    write(tmp_path, autoencoder, "footage", 3, frames=15)
    write(tmp_path, None, "robot", 1)
    said: list[str] = []
    clips = Clips(tmp_path, text, sources=("driving",), say=said.append)
    assert said == [] and len(clips.walks) == 2
    for _ in range(60):  # the shortest that are kept serve for every kind of clip
        clips.batch(2)
    with pytest.raises(FileNotFoundError, match="no recordings of footage.*--source footage"):
        Clips(tmp_path, text, sources=("driving", "footage"), say=said.append)
    assert said == ["3 recordings of footage are left out: they have fewer than the 16 frames of a "
                    "window."]
    with pytest.raises(FileNotFoundError, match="robot"):
        Clips(tmp_path, text, sources=("robot",), say=said.append)
    assert "hold pictures" in said[-1]
    with pytest.raises(FileNotFoundError, match="No shards"):
        Clips(tmp_path / "none", text)


def test_latents_of_different_autoencoders_are_refused(tmp_path: Path, autoencoder, text) -> None:
    write(tmp_path, autoencoder, "driving", 1)
    write(tmp_path, StarterAutoencoder(latent_channels=6, width=8), "footage", 1)
    with pytest.raises(ValueError, match="different autoencoders"):
        Clips(tmp_path, text, sources=("driving", "footage"))


def test_a_damaged_shard_is_named(tmp_path: Path, autoencoder, text) -> None:
    write(tmp_path, autoencoder, "footage", 1)
    (path,) = tmp_path.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ShardError, match=path.name):
        Clips(tmp_path, text, sources=("footage",))


def test_a_batch_mixes_domains_of_one_shape(data: Path, text, monkeypatch) -> None:
    monkeypatch.setattr("core.learning.clips.NO_TEXT", 0.0)
    monkeypatch.setattr("core.learning.clips.NO_ACTION", 0.0)
    clips = Clips(data, text, seed=1, sources=ALL, shares=(1, 1, 1, 1))
    kitchen, juggle = text(["our kitchen"])[0], text(["juggle melons"])[0]
    styles, kitchens, juggled = set(), 0, 0
    for _ in range(30):
        batch = clips.batch(6)
        past = batch.condition.present + 1
        assert batch.z0.shape == (6, 4, past + 8, 16, 16)
        assert batch.condition.pose.isfinite().all()
        styles |= set(batch.styles.tolist())
        if not batch.fast:
            kitchens += int(((batch.condition.scene - kitchen).abs() < 1e-4).all(-1).sum())
            juggled += int(((batch.condition.action - juggle).abs() < 1e-4).all(-1).sum())
    assert -1 in styles and max(styles) >= 0  # no style outside the first-person world
    assert kitchens and juggled  # places and actions of one's own are said as they are


# ---- where the camera is ------------------------------------------------------------------------


def test_the_encoder_knows_whose_motion_nobody_knows(text) -> None:
    assert motion_of("pan_left") is None and motion_of("hold_camera") == [0.0, 0.0, 0.0]
    assert motion_of("pick_red") == [0.0, 0.0, 0.0] and motion_of("bend_left")[2] > 0
    assert len(motions_of(["forward"], ["first-person"])) == 1
    assert motions_of(["forward"], ["first-person", "footage"])[1] is None
    assert text.motion("pan the camera left") is None
    assert text.motion("bake bread") is None  # may move the camera, in footage
    assert text.motion("") == (0.0, 0.0, 0.0)
    assert text.motion("walk forward")[0] > 0


def test_a_fixed_camera_stays_and_footage_moves_by_its_words(data: Path, text) -> None:
    walks = {w.source: w for w in read_walks(data, ALL)}
    for name in ("first-person", "driving"):
        where = whereabouts(walks[name], text)
        assert where.exact and where.poses is walks[name].poses and not where.lost.any()
    robot = whereabouts(walks["robot"], text)
    assert not robot.exact and not robot.poses.any() and not robot.lost.any()
    footage = whereabouts(walks["footage"], text)
    assert not footage.poses[:8].any()  # the camera is held
    step = text.motion("walk forward")[0]
    np.testing.assert_allclose(footage.poses[8:16, 0], step * np.arange(1, 9))
    assert footage.lost.tolist() == [False] * 16 + [True] * 16  # a pan, then words of one's own
    assert (footage.poses[16:] == footage.poses[15]).all()


def test_a_fixed_camera_expects_the_present_alone(data: Path, text, world) -> None:
    clips = Clips(data, text, sources=("robot",))
    clip = clips.clip_at(clips.walks[0], clips.mixture.where[0], 14, 3, 4)
    batch = clips.compose([clip], 7, worn=False)
    found = expected(world, batch)
    present = world.expectations(
        batch.z0[:, :, 6:7].transpose(1, 2), torch.zeros(1, 1, 3), torch.zeros(1, 8, 3)
    )
    torch.testing.assert_close(found, present, atol=0.01, rtol=0.01)
    assert (found[:, 4] > 0.9).all()  # all of it is known
    batch.z0[:, :, :6] = 5.0  # what was there before must not come back
    torch.testing.assert_close(expected(world, batch), found, atol=0.01, rtol=0.01)


def test_nothing_is_expected_where_nobody_knows_the_motion(data: Path, text, world) -> None:
    clips = Clips(data, text, sources=("footage",))
    clip = clips.clip_at(clips.walks[0], clips.mixture.where[0], 11, 0, 4)
    batch = clips.compose([clip], 4, worn=False)  # four frames of walking, then a pan
    found = expected(world, batch)
    assert found.shape == (1, 4 + EXPECTED_FACTS, 8, 16, 16)
    assert found[:, :, :4].abs().sum() > 0 and (found[:, 4, :4] > 0).any()
    assert not found[:, :, 4:].any()
    assert torch.isnan(batch.seen_from[0, 8:]).all() and batch.condition.pose.isfinite().all()


@pytest.mark.parametrize(("domain", "now"), [("robot", 14), ("footage", 5), ("footage", 11)])
def test_training_expects_what_the_studio_will(data: Path, text, world, domain, now) -> None:
    """The same addresses and the same expectation as for the same words in the studio."""
    clips = Clips(data, text, sources=(domain,))
    walk, where = clips.walks[0], clips.mixture.where[0]
    batch = clips.compose([clips.clip_at(walk, where, now, 0, 4)], 4, worn=False)
    context = [
        LatentFrame(walk.latents[i].float(), Address(i, tuple(where.poses[i])), CONTEXT_LEVEL)
        for i in range(now - 3, now + 1)
    ]
    phrases = BOOKS[domain].phrases
    texts = [phrases.get(a, (a,))[0] for a in walk.actions[now + 1 : now + 9]]
    addresses = world.addresses(context[-1].address, texts)
    window = [f.address for f in context] + addresses
    condition = world.condition(window, 3, [""] * 4 + texts, walk.place, context)
    torch.testing.assert_close(condition.pose, batch.condition.pose)
    torch.testing.assert_close(condition.expected, expected(world, batch))
    assert (domain, now) != ("footage", 5) or condition.expected.any()


def test_remembered_frames_of_a_fixed_camera_are_those_that_the_studio_will_choose(
    data: Path, text, world
) -> None:
    clips = Clips(data, text, sources=("robot",))
    poses = clips.mixture.where[0].poses
    here, new = np.arange(14, 18), np.arange(18, 26)
    drawn = [clips._remembered(poses, here, new, 3).tolist() for _ in range(60)]
    assert all(len(d) == 3 and d[-1] < 14 and sorted(set(d)) == d for d in drawn)
    bank, recent = ([Address(int(i), tuple(poses[i])) for i in r] for r in (range(18), here))
    wanted = world.addresses(recent[-1], ["rest the arm"] * 8)
    assert useful(world, bank, recent, wanted, 3) == []
    usual = anchors(bank, recent, [], 3)
    assert usual == [0, 4, 9]
    # Mostly those, now and then any older ones.
    assert 40 <= drawn.count(usual) < 60


def test_where_cameras_stay_clips_are_drawn_where_something_changes(data: Path, text) -> None:
    clips = Clips(data, text, sources=("robot",))
    walk, where = clips.walks[0], clips.mixture.where[0]
    assert where.stays
    walk.latents[:] = walk.latents[:1]
    walk.latents[20:] += 1.0  # all that ever happens
    met = np.mean([bool((clip.z[3] != clip.z[-1]).any()) for clip in (
        clips.clip_at(walk, where, clips._moment(walk, where, 3), 0, 4) for _ in range(80)
    )])
    assert met > 0.6  # one in three moments has it before the eight new frames are over


def test_most_clips_remember_where_all_cameras_stay(data: Path, text) -> None:
    def remembered(*names: str) -> float:
        return 1 - dict(Clips(data, text, sources=names).remembered)[0]

    assert remembered("robot") > 0.8
    assert remembered("robot", "driving") == remembered("first-person") == pytest.approx(0.6)
    assert not any(where.stays for where in Clips(data, text, sources=("footage",)).mixture.where)


def test_a_slow_arm_may_be_kept_at_fewer_frames_a_second(tmp_path: Path, autoencoder, text) -> None:
    build(autoencoder, tmp_path, range(1), 1, 16, Sketches("robot", 1, 64), every=4)
    mixture = read_mixture(tmp_path, text, 16, ("robot",))
    assert mixture.rate == 2 and len(mixture.walks) == 4
    filmed = Sketches("robot", 1, 64).record(0, 64).actions
    assert [w.actions for w in mixture.walks] == [filmed[first::4] for first in range(4)]
    build(autoencoder, tmp_path, range(1, 2), 1, 32, Sketches("robot", 2, 32))
    with pytest.raises(ValueError, match="one rate"):
        read_mixture(tmp_path, text, 16, ("robot",))
    with pytest.raises(ValueError, match="the camera moves"):
        build(autoencoder, tmp_path, range(1), 1, 16, Sketches("driving", 1, 64), every=4)


def test_frames_whose_pose_is_not_known_are_never_recalled(world) -> None:
    known, unknown = Address(0, (0.0, 0.0, 0.0)), Address(1)
    away = world.apart([known, unknown], [known, unknown])
    assert away[0, 0] == 0 and np.isinf(away[[0, 1, 1], [1, 0, 1]]).all()


def test_every_domain_lowers_the_same_loss(data: Path, text, world) -> None:
    torch.manual_seed(1)
    net = StarterDenoiser(latent_channels=4, dim=64, layers=1, heads=2, text_features=32)
    expectations = Expectations(world.autoencoder, world.depth, 75.0)
    trainer = Trainer(net, expectations, 3e-3, 3e-3)
    clips = Clips(data, text, seed=4, sources=ALL, shares=(1, 1, 1, 1))
    batch = clips.batch(8)
    while batch.fast or len(set(batch.styles.tolist())) < 2:
        batch = clips.batch(8)
    losses = []
    for i in range(12):
        losses.append(trainer.learn(batch, torch.Generator().manual_seed(i % 2), False))
        trainer.update(1.0, False)
    assert np.isfinite(losses).all() and np.mean(losses[-3:]) < 0.95 * np.mean(losses[:3])


def test_the_sources_of_an_expectation_end_with_the_present() -> None:
    assert sources(0) == [0] and sources(3) == [0, 3] and sources(6) == [0, 1, 2, 3, 6]
