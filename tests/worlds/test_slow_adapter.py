"""A slow adapter on disk, and merged into the very world it was trained on."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.learning.fine_tuning import put_in, weights_of
from core.memory.adapter import Adapter
from core.memory.tensors import write_arrays
from core.worlds.catalogue import WorldError, load_world, read_entry, with_slow_adapter
from core.worlds.protocol import Address
from core.worlds.slow_adapter import (
    FORMAT,
    SlowAdapter,
    load_slow_adapter,
    merge_slow_adapter,
    save_slow_adapter,
)


def trained(world, rank: int = 4) -> tuple[SlowAdapter, torch.nn.Module]:
    """An adapter that has learned something, and the net that it learned in."""
    net = deepcopy(world.net)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        put_in(net, rank)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if "lora_B" in name:
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    about = {"sources": ["footage"], "steps": 7}
    return SlowAdapter(
        world.id, world.name, world.hash, rank, float(rank), weights_of(net), about
    ), net


@pytest.fixture
def world(tiny_world_dir: Path):
    return load_world(tiny_world_dir)  # its own: merging writes to its weights


@pytest.fixture
def saved(world, tmp_path: Path) -> Path:
    path = tmp_path / "garden.safetensors"
    save_slow_adapter(path, trained(world)[0])
    return path


def made(world) -> torch.Tensor:
    """What the denoiser says to a fixed window."""
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(1, 12, 6, 8, 8, generator=generator)
    walk = [Address(i, (0.1 * i, 0.0, 0.0)) for i in range(6)]
    condition = world.condition(walk, 1, ["forward"] * 6, "a house")
    with torch.no_grad():
        return world.forward(z, torch.full((1, 6), 0.5), condition)


def test_it_comes_back_to_the_bit_and_says_what_it_is(world, saved: Path) -> None:
    first, again = trained(world)[0], load_slow_adapter(saved)
    assert replace(again, weights={}) == replace(first, weights={})
    assert set(again.weights) == set(first.weights)
    assert all(np.array_equal(again.weights[n], a) for n, a in first.weights.items())
    linear = [n for n, m in world.net.named_modules()
              if isinstance(m, torch.nn.Linear) and n.startswith("blocks.")]
    assert {n.rpartition(".lora_")[0] for n in again.weights} == set(linear)
    assert len(linear) == 2 * (4 + 4 + 3)


def test_merged_it_is_what_was_trained(world, saved: Path) -> None:
    before, hash, name = made(world), world.hash, world.name
    net = trained(world)[1]
    merge_slow_adapter(world, saved)
    assert world.hash != hash and len(world.hash) == 64
    assert world.name == f"{name} with garden"
    after = made(world)
    assert (after - before).abs().mean() > 0.01
    world.net = net
    torch.testing.assert_close(made(world), after, atol=1e-4, rtol=1e-4)


def test_the_catalogue_merges_it_and_names_the_same_hash(tiny_world_dir: Path, saved: Path) -> None:
    entry = with_slow_adapter(read_entry(tiny_world_dir), saved)
    world = load_world(entry.folder, slow_adapter=entry.slow_adapter)
    assert world.hash == entry.hash != read_entry(tiny_world_dir).hash
    assert world.name == entry.name
    fresh = load_world(tiny_world_dir)
    adapter = Adapter(world)  # fast learning goes on top of it
    with adapter.at(1.0):
        assert not torch.equal(made(world), made(fresh))


def test_two_adapters_make_two_worlds(
    world, tiny_world_dir: Path, saved: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.safetensors"
    save_slow_adapter(other, replace(trained(world)[0], alpha=2.0))
    entry = read_entry(tiny_world_dir)
    assert with_slow_adapter(entry, saved).hash != with_slow_adapter(entry, other).hash


def test_another_worlds_is_refused_and_leaves_the_world(other_world_dir: Path, saved: Path) -> None:
    with pytest.raises(WorldError, match="trained on “Tiny world”.*only the very world"):
        with_slow_adapter(read_entry(other_world_dir), saved)
    other = load_world(other_world_dir)
    before, hash = made(other), other.hash
    with pytest.raises(WorldError, match="train an adapter for this"):
        merge_slow_adapter(other, saved)
    assert torch.equal(made(other), before) and other.hash == hash
    with pytest.raises(WorldError, match="only the very world"):
        load_world(other_world_dir, slow_adapter=saved)


def test_what_is_no_whole_adapter_is_refused_and_leaves_the_world(
    world, saved: Path, tmp_path: Path
) -> None:
    before, good = made(world), trained(world)[0]
    bad = tmp_path / "bad.safetensors"

    def refused(reason: str) -> None:
        with pytest.raises(WorldError, match=reason):
            merge_slow_adapter(world, bad)
        assert torch.equal(made(world), before)

    refused("not there any more")
    bad.write_bytes(saved.read_bytes()[:-8])
    refused("damaged")
    bad.write_text("hello")
    refused("damaged")
    write_arrays(bad, {"a": np.zeros(3, np.float32)}, {"format": "slowfast-snapshot"})
    refused("no slow adapter")

    def facts(**changes) -> dict:
        world_of = {"id": good.world_id, "name": good.world_name, "hash": good.world_hash}
        return {"format": FORMAT, "schema": 1, "rank": 4, "alpha": 4.0, "world": world_of} | changes

    for changes, reason in (
        ({"schema": 2}, "newer version"), ({"rank": 5}, "damaged"), ({"rank": "4"}, "damaged"),
        ({"alpha": 0}, "damaged"), ({"alpha": True}, "damaged"), ({"world": 3}, "damaged"),
    ):
        write_arrays(bad, good.weights, facts(**changes))
        refused(reason)
    name = next(n for n in good.weights if "lora_A" in n)
    weights = dict(good.weights)
    write_arrays(bad, weights | {name: np.full_like(weights[name], np.inf)}, facts())
    refused("damaged")
    write_arrays(bad, weights | {name: np.zeros((4, 3), np.float32)}, facts())
    refused("does not fit the world's layers")
    half = weights.pop(name)
    write_arrays(bad, weights, facts())
    refused("damaged")
    stray = {"patch_out.lora_A.weight": half, "patch_out.lora_B.weight": half.T}
    write_arrays(bad, {**good.weights, **stray}, facts())
    refused("does not fit|damaged")
    write_arrays(bad, {}, facts())
    refused("damaged")
