"""What a memory begins with where that has been learned: the file, and what fast learning makes of
it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.memory.adapter import Adapter, adds
from core.memory.errors import MemoryRefused
from core.memory.fast_learning import FastLearner
from core.memory.start import FILE, MemoryStart, load_start, save_start
from core.memory.tensors import write_arrays
from core.worlds.catalogue import load_world
from tests.memory.test_places import made, start


def some_start(adapter: Adapter, page: float = 5e-3) -> MemoryStart:
    generator = np.random.default_rng(4)
    weights = {
        n: generator.normal(size=tuple(p.shape), scale=0.1).astype(np.float32)
        for n, p in adapter.parameters.items() if not adds(n)
    }
    rates = {n: page if adapter.is_place(n) else 2e-3 for n in adapter.parameters}
    return MemoryStart(adapter.rank, weights, rates)


@pytest.fixture
def folder(tiny_world_dir: Path, tmp_path: Path) -> Path:
    """A world with a learned start."""
    folder = tmp_path / "with start"
    shutil.copytree(tiny_world_dir, folder)
    world = load_world(folder)
    adapter = Adapter(world)
    save_start(folder / FILE, some_start(adapter))
    return folder


def test_a_world_without_one_says_so(tiny_world_dir: Path) -> None:
    world = load_world(tiny_world_dir)
    assert world.memory_start is None
    with pytest.raises(MemoryRefused, match="no learned start.*Nothing was changed"):
        FastLearner(world, Adapter(world), "learned")


def test_it_is_part_of_the_world(folder: Path, tiny_world_dir: Path) -> None:
    assert load_world(folder).hash != load_world(tiny_world_dir).hash


def test_a_memory_begins_with_it_and_adds_nothing_yet(folder: Path) -> None:
    world = load_world(folder)
    context = start(world)
    bare = made(world, None, context)
    adapter = Adapter(world)
    learner = FastLearner(world, adapter, "learned")
    learner.begin(7)
    expected = load_start(folder / FILE)
    for name, values in expected.weights.items():
        np.testing.assert_array_equal(adapter.parameters[name].numpy(), values)
    assert adapter.is_fresh and adapter.change() == 0
    again = made(world, adapter, context)
    assert all(torch.equal(a.z, b.z) for a, b in zip(bare, again))


def test_each_part_learns_at_its_own_rate(folder: Path) -> None:
    world = load_world(folder)
    adapter = Adapter(world)
    begun = some_start(adapter)
    held = {n: r * (0.0 if "to_q" in n else 1.0) for n, r in begun.rates.items()}
    save_start(folder / FILE, replace(begun, rates=held))
    learner = FastLearner(world, adapter, "learned")
    learner.settings = replace(learner.settings, steps=3, rise_allowed=10.0)
    learner.begin(1)
    before = {n: p.clone() for n, p in adapter.parameters.items()}
    context = start(world)
    for _ in learner.learn(context, made(world, None, context)):
        pass
    for name, parameter in adapter.parameters.items():
        assert torch.equal(parameter, before[name]) == ("to_q" in name), name


def test_a_memory_that_began_with_it_goes_on_bit_for_bit(folder: Path) -> None:
    world = load_world(folder)
    adapter = Adapter(world)
    learner = FastLearner(world, adapter, "learned")
    learner.settings = replace(learner.settings, steps=2, rise_allowed=10.0)
    learner.begin(1)
    context = start(world)
    new = made(world, None, context)
    for _ in learner.learn(context, new):
        pass
    kept = learner.snapshot(context)
    for _ in learner.learn(context, new):
        pass
    straight = adapter.weights()
    learner.resume(kept)
    for _ in learner.learn(context, new):
        pass
    assert all(np.array_equal(straight[n], a) for n, a in adapter.weights().items())


@pytest.mark.parametrize("damage", ["shape", "number", "rate", "format", "name", "cut"])
def test_a_damaged_file_is_refused_with_a_reason(folder: Path, damage: str) -> None:
    world = load_world(folder)
    adapter = Adapter(world)
    begun = some_start(adapter)
    name = next(iter(begun.weights))
    path = folder / FILE
    if damage == "shape":
        save_start(path, replace(begun, weights={**begun.weights, name: np.zeros((1, 2), np.float32)}))
    elif damage == "number":
        save_start(path, replace(begun, weights={**begun.weights, name: begun.weights[name] * np.nan}))
    elif damage == "rate":
        save_start(path, replace(begun, rates={**begun.rates, name: -1.0}))
    elif damage == "name":  # a fresh memory would add something
        b = next(n for n in adapter.parameters if adds(n))
        there = np.ones(tuple(adapter.parameters[b].shape), np.float32)
        save_start(path, replace(begun, weights={**begun.weights, b: there}))
    elif damage == "format":
        write_arrays(path, begun.weights, {"format": "something else", "schema": 1})
    else:
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MemoryRefused, match="nstall the|newer|can't be read"):
        FastLearner(world, adapter, "learned")
