"""Reading depth is trained on the walks' own scenes and on others, and goes on from older weights."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from core.learning import train_depth
from core.learning.data import build, make_walk
from core.learning.scenes.scene import Scene
from core.learning.sources.first_person import FirstPerson
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.depth import StarterDepth


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A shard of two short walks, an autoencoder and a depth of its size."""
    folder = tmp_path_factory.mktemp("depth")
    torch.manual_seed(0)
    autoencoder = StarterAutoencoder(width=8).eval()
    autoencoder.save_pretrained(folder / "autoencoder")
    build(autoencoder, folder / "data", range(1), walks=2, frames=16)
    return folder


def run(monkeypatch, folder: Path, *more: str) -> None:
    monkeypatch.setattr(sys, "argv", [
        "train_depth", "--data", str(folder / "data"), "--autoencoder",
        str(folder / "autoencoder"), *more,
    ])  # fmt: skip
    train_depth.main()


def test_other_scenes_are_rendered_once_and_lie_beside_the_walks_own(made, monkeypatch, tmp_path):
    monkeypatch.setattr(train_depth, "SCENES", 2)
    monkeypatch.setattr(train_depth, "FRAMES", 6)
    autoencoder = StarterAutoencoder.from_pretrained(made / "autoencoder")
    train_depth.more_scenes(autoencoder, tmp_path, 3)
    latents, near = train_depth.read(tmp_path)
    assert len(latents) == len(near) == 6  # three scenes, two of six frames each
    walk = make_walk(autoencoder, train_depth.MORE + 2, "explore", 6)
    torch.testing.assert_close(latents[4:].float(), walk.latents[::3].float())
    seen = torch.from_numpy(Scene(train_depth.MORE + 2).nearness(walk.poses[::3]))
    torch.testing.assert_close(near[4:].float(), seen, atol=2e-3, rtol=1e-3)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    train_depth.more_scenes(autoencoder, tmp_path, 3)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def test_it_goes_on_from_older_weights(made, monkeypatch, tmp_path):
    torch.manual_seed(1)
    older = StarterDepth(12)
    older.save_pretrained(tmp_path / "older")
    run(monkeypatch, made, "--from", str(tmp_path / "older"), "--out", str(tmp_path / "out"),
        "--minutes", "1e-9", "--look-scenes", "1")
    latents, near = train_depth.read(tmp_path / "out" / "near")
    seen = torch.from_numpy(Scene(1).nearness(FirstPerson().record(1, 16).poses[::4]))
    assert len(latents) == 8  # two walks, every fourth frame
    torch.testing.assert_close(near[4:].float(), seen, atol=2e-3, rtol=1e-3)
    now = StarterDepth.from_pretrained(tmp_path / "out" / "depth")
    assert all(torch.equal(a, b) for a, b in zip(now.parameters(), older.parameters()))
