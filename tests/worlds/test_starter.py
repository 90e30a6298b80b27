"""The starter world behind its protocol, and the catalogue that finds it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from core.worlds.catalogue import WorldError, content_hash, find_world, load_world, read_entry
from core.worlds.protocol import Address, World
from tests.builders.tiny_world import picture


def test_it_is_a_world(tiny_world):
    assert isinstance(tiny_world, World)
    assert (tiny_world.geometry.width, tiny_world.geometry.n_new) == (64, 8)


def test_pictures_come_back_as_pictures(tiny_world):
    frames = np.stack([picture(64, i) for i in range(3)])
    z = tiny_world.encode(frames)
    assert z.shape == (3, 12, 8, 8) and 0.5 < float(z.std()) < 2
    back = tiny_world.decode(z)
    assert back.shape == frames.shape and back.dtype == np.uint8
    assert np.abs(back.astype(int) - frames).mean() < 40 and back.std() > 20


@pytest.mark.parametrize("shape", [(64, 64, 3), (1, 32, 64, 3), (1, 64, 64, 4), (0, 64, 64, 3)])
def test_other_shapes_are_refused_with_what_is_wanted(tiny_world, shape):
    with pytest.raises(ValueError, match=r"expected \[F, 64, 64, 3\]"):
        tiny_world.encode(np.zeros(shape, np.uint8))


def test_dead_reckoning_comes_back(tiny_world):
    there = tiny_world.addresses(Address(3), ["turn left"] * 5 + ["forward"] * 4)
    assert [a.time for a in there] == list(range(4, 13))
    assert there[4].pose == pytest.approx((0, 0, 1.0))
    assert np.hypot(*there[-1].pose[:2]) == pytest.approx(1.0)
    back = tiny_world.addresses(there[4], ["turn right"] * 5)
    assert back[-1].pose[2] == pytest.approx(0, abs=1e-9)


def test_the_condition_holds_at_any_distance_from_the_start(tiny_world):
    """The same walk a kilometre away is the same to the network."""
    here = [Address(i, (0.25 * i, 0.5, 0.1 * i)) for i in range(6)]
    far = [Address(i + 9000, (0.25 * i + 4096, 0.5 - 8192, 0.1 * i)) for i in range(6)]
    z, u = torch.randn(1, 12, 6, 8, 8), torch.full((1, 6), 0.5)
    texts = ["forward"] * 6
    with torch.no_grad():
        a, b = (
            tiny_world.forward(z, u, tiny_world.condition(walk, 2, texts, "a house"))
            for walk in (here, far)
        )
    assert torch.equal(a, b)


def test_a_batch_is_its_rows(tiny_world):
    cond = tiny_world.condition([Address(i) for i in range(5)], 1, None, None)
    z, u = torch.randn(3, 12, 5, 8, 8), torch.rand(3, 5)
    with torch.no_grad():
        whole = tiny_world.forward(z, u, cond)
        rows = torch.cat([tiny_world.forward(z[i : i + 1], u[i : i + 1], cond) for i in range(3)])
    assert torch.allclose(whole, rows, atol=1e-4)


@pytest.mark.parametrize("steps", [1, 4, 30])
def test_the_schedule_goes_down_from_one_to_zero(tiny_world, steps):
    line = tiny_world.schedule(steps)
    assert len(line) == steps + 1 and (line[0], line[-1]) == (1.0, 0.0)
    assert all(a > b for a, b in zip(line, line[1:]))
    with pytest.raises(ValueError, match="at least 1"):
        tiny_world.schedule(0)


def test_solver_noise_and_target_agree(tiny_world):
    """A perfect prediction lands on the picture, in any number of steps."""
    z0, eps = torch.randn(1, 12, 3, 8, 8), torch.randn(1, 12, 3, 8, 8)
    z = tiny_world.add_noise(z0, eps, torch.ones(1, 3))
    line = tiny_world.schedule(5)
    for u, u_next in zip(line, line[1:]):
        z, clean = tiny_world.step(z, tiny_world.target(z0, eps, None), u, u_next)
        assert torch.allclose(clean, z0, atol=1e-5)
    assert torch.allclose(z, z0, atol=1e-5)


# ---- the catalogue ------------------------------------------------------------------------------


@pytest.fixture
def copy(tiny_world_dir, tmp_path):
    return shutil.copytree(tiny_world_dir, tmp_path / "world")


def test_facts_without_weights(tiny_world_dir, tiny_world):
    entry = read_entry(tiny_world_dir)
    assert (entry.id, entry.width, entry.n_past, entry.n_new) == ("tiny", 64, 4, 8)
    assert entry.hash == tiny_world.hash == content_hash(tiny_world_dir)


def test_the_hash_follows_the_content(copy, tiny_world):
    assert content_hash(copy) == tiny_world.hash
    (copy / "notes.md").write_text("words are not weights")
    assert content_hash(copy) == tiny_world.hash
    config = json.loads((copy / "world.json").read_text())
    (copy / "world.json").write_text(json.dumps({**config, "n_past": 3}))
    assert content_hash(copy) != tiny_world.hash


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id": "x"}', "\x00"])
def test_a_damaged_description_is_said(copy, text):
    (copy / "world.json").write_text(text)
    with pytest.raises(WorldError, match="damaged"):
        load_world(copy)


def test_a_missing_or_unknown_world_is_said(copy, tmp_path):
    with pytest.raises(WorldError, match="no world"):
        load_world(tmp_path / "none")
    for id in ("../worlds", "", "a/b", "no-such-world"):
        with pytest.raises(WorldError):
            find_world(id)
    config = json.loads((copy / "world.json").read_text())
    (copy / "world.json").write_text(json.dumps({**config, "family": "future"}))
    with pytest.raises(WorldError, match="Update the studio"):
        load_world(copy)


@pytest.mark.parametrize("part", ["transformer", "autoencoder", "text_encoder"])
def test_weights_of_another_version_are_said(copy, part):
    """diffusers would fill the gap with noise and only warn."""
    from safetensors.torch import load_file, save_file

    file = next((copy / part).glob("*.safetensors"))
    weights = load_file(file)
    del weights[next(iter(weights))]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(WorldError, match="another version"):
        load_world(copy)


@pytest.mark.parametrize("part", ["transformer", "autoencoder", "text_encoder"])
def test_weights_cut_short_are_said(copy, part):
    file = next((copy / part).glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(WorldError, match="missing or damaged"):
        load_world(copy)
