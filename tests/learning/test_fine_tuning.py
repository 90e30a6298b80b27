"""A slow adapter is trained on own footage by the training command, kept, and used."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from core.evaluate.__main__ import main as evaluate
from core.learning.fine_tuning import prepare_adapter, put_in, weights_of
from core.learning.options import read_arguments
from core.learning.train import main, read_state
from core.worlds.catalogue import content_hash, load_world
from core.worlds.slow_adapter import load_slow_adapter
from tests.builders.recordings import write
from tests.builders.tiny_world import build_tiny_world

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def world_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_world(tmp_path_factory.mktemp("world") / "tiny", seed=9)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory, world_dir: Path) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    world = load_world(world_dir)
    write(folder, world.autoencoder, "footage", 3, size=64)
    return folder


def options(world_dir: Path, footage: Path, adapter: Path, *more: object) -> list[str]:
    given = ["--adapter", adapter, "--world", world_dir, "--sources", "footage", "--data", footage,
             "--rank", 4, "--batch", 2, "--look-walks", 0, "--log-every", 1, "--cpu",
             "--rate", 1e-2, *more]
    return [str(x) for x in given]


def test_it_learns_while_the_world_stays(
    world_dir: Path, footage: Path, tmp_path: Path, capsys
) -> None:
    path, before = tmp_path / "garden.safetensors", content_hash(world_dir)
    main(options(world_dir, footage, path, "--steps", 3))
    assert "was not taught the words of footage" in capsys.readouterr().out
    assert content_hash(world_dir) == before
    adapter, world = load_slow_adapter(path), load_world(world_dir)
    assert (adapter.world_hash, adapter.rank, adapter.alpha) == (before, 4, 4.0)
    assert adapter.about == {"sources": ["footage"], "steps": 3}
    assert any(a.any() for n, a in adapter.weights.items() if "lora_B" in n)

    out = tmp_path / "garden"
    assert {p.name for p in out.iterdir()} >= {"state.pt", "log.jsonl"}
    state = read_state(out / "state.pt")
    for name, weight in world.net.named_parameters():  # not one bit of the world has moved
        layer, _, kind = name.rpartition(".")
        held = state["net"].get(f"{layer}.base_layer.{kind}", state["net"].get(name))
        assert torch.equal(held, weight), name
    kept = {n.replace(".slow", ""): a for n, a in state["average"].items() if "lora_" in n}
    assert set(kept) == set(adapter.weights)
    assert all(np.array_equal(kept[n].numpy(), a) for n, a in adapter.weights.items())

    main(options(world_dir, footage, path, "--steps", 4))  # goes on where it was
    again = load_slow_adapter(path)
    assert again.about["steps"] == 4 and again.world_hash == adapter.world_hash
    assert any(not np.array_equal(a, again.weights[n]) for n, a in adapter.weights.items())
    merged = load_world(world_dir, slow_adapter=path)
    assert merged.hash != before


def test_its_loss_falls(world_dir: Path, footage: Path, tmp_path: Path) -> None:
    args = read_arguments(options(world_dir, footage, tmp_path / "a.safetensors"))
    assert (args.minutes, args.adversarial_from, args.out) == (20.0, 1.0, tmp_path / "a")
    parts = prepare_adapter(args)
    trainer, batch = parts.trainer, parts.clips.batch(4)
    while batch.fast:
        batch = parts.clips.batch(4)
    losses = []
    for i in range(24):
        losses.append(trainer.learn(batch, torch.Generator().manual_seed(i % 3), False))
        trainer.update(1.0, False)
    assert np.mean(losses[-3:]) < 0.97 * np.mean(losses[:3])
    assert all("lora_" in n for n, p in trainer.net.named_parameters() if p.requires_grad)


def test_a_fresh_one_changes_nothing(world_dir: Path) -> None:
    world = load_world(world_dir)
    before = {n: p.clone() for n, p in world.net.named_parameters()}
    put_in(world.net, 4)
    weights = weights_of(world.net)
    assert not any(a.any() for n, a in weights.items() if "lora_B" in n)
    now = dict(world.net.named_parameters())
    layer = "blocks.0.temporal_attn.to_q"
    assert torch.equal(now[f"{layer}.base_layer.weight"], before[f"{layer}.weight"])


def test_it_never_writes_over_anothers_file_nor_takes_anothers_state(
    world_dir: Path, footage: Path, tmp_path: Path, other_world_dir: Path
) -> None:
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"precious")
    with pytest.raises(SystemExit, match="there already.*left as it is"):
        main(options(world_dir, footage, path, "--steps", 1))
    assert path.read_bytes() == b"precious"
    os.remove(path)
    main(options(world_dir, footage, path, "--steps", 1))
    kept = path.read_bytes()
    with pytest.raises(SystemExit, match="the state of another training"):
        main(options(other_world_dir, footage, path, "--steps", 2))
    with pytest.raises(SystemExit, match="the state of another training"):
        main(options(world_dir, footage, path, "--steps", 2, "--rank", 8))
    assert path.read_bytes() == kept


@pytest.mark.parametrize("more", [("--roll-outs", "1"), ("--adapter", "x.pt")])
def test_options_that_make_no_sense_are_refused(more, capsys) -> None:
    with pytest.raises(SystemExit):
        read_arguments(["--adapter", "x.safetensors", *more])
    assert "adapter" in capsys.readouterr().err


def test_evaluate_refuses_another_worlds_with_a_sentence(
    world_dir: Path, footage: Path, other_world_dir: Path, tmp_path: Path, capsys
) -> None:
    path = tmp_path / "mine.safetensors"
    main(options(world_dir, footage, path, "--steps", 1))
    told = ["actions", "--out", str(tmp_path / "out"), "--slow-adapter", str(path)]
    assert evaluate([*told, "--world", str(other_world_dir)]) == 1
    assert "only the very world it was trained on" in capsys.readouterr().err
    assert evaluate([*told, "--world", str(world_dir), "--without-loop", str(world_dir)]) == 1
    assert "fits one world" in capsys.readouterr().err
