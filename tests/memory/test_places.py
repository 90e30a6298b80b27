"""The page of places: an adapter that knows where it looks from, and what a move does to it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.memory.adapter import HOME, Adapter
from core.memory.fast_learning import EARLIER, FastLearner, home_of
from core.memory.snapshot import load_snapshot, save_snapshot
from core.project.model import ActionPart, MemoryUse
from core.rollout.chunk import make_chunk
from core.worlds.catalogue import load_world
from core.worlds.poses import from_home
from core.worlds.protocol import Address, LatentFrame
from core.worlds.starter.rays import Rays
from core.worlds.starter.rays import from_home as tensor_from_home
from tests.builders.tiny_world import picture

FORWARD = (ActionPart("forward", 8),)
USE = MemoryUse("adapter")


@pytest.fixture
def world(tiny_world_dir):
    return load_world(tiny_world_dir)


def start(world, pose=(0.0, 0.0, 0.0)) -> list[LatentFrame]:
    z = world.encode(np.stack([picture(64, 1)]))
    return [LatentFrame(z[0], Address(0, pose), 0.02)]


def made(world, adapter, context, seed: int = 3) -> list[LatentFrame]:
    z, addresses = make_chunk(world, adapter, context, FORWARD, "a house", seed, memory=USE)
    return [LatentFrame(one, a, 0.02) for one, a in zip(z, addresses)]


def stack(frames) -> torch.Tensor:
    return torch.stack([f.z for f in frames])


def learned(world, adapter, steps: int = 6, preset: str = "adapter", earlier=()) -> FastLearner:
    from dataclasses import replace

    learner = FastLearner(world, adapter, preset)
    learner.settings = replace(learner.settings, steps=steps, rise_allowed=10.0)
    learner.begin(1)
    context = start(world)
    run = learner.learn(context, made(world, None, context), earlier)
    for _ in run:
        pass
    return learner


def test_a_blank_page_adds_no_bit(world):
    context = start(world)
    plain = stack(made(world, None, context))
    adapter = Adapter(world)
    assert torch.equal(stack(made(world, adapter, context)), plain)
    adapter.is_fresh = False  # switched on with nothing in it
    assert torch.equal(stack(made(world, adapter, context)), plain)


def test_what_was_learned_depends_on_where_one_stands(world):
    adapter = Adapter(world)
    context = start(world)
    plain = stack(made(world, None, context))
    learned(world, adapter)
    here = stack(made(world, adapter, context))
    assert not torch.equal(here, plain)
    adapter.home = (2.0, -1.0, 0.7)  # the memory's axes stand elsewhere
    assert not torch.equal(stack(made(world, adapter, context)), here)
    # Where the walk itself stands there, everything is as at home.
    moved = stack(made(world, adapter, start(world, (2.0, -1.0, 0.7))))
    adapter.home = HOME
    assert torch.allclose(moved, here, atol=2e-2)
    away = stack(made(world, adapter, start(world, (2.0, -1.0, 0.7))))
    assert (away - here).abs().max() > 10 * (moved - here).abs().max()
    adapter.remove()
    assert torch.equal(stack(made(world, None, context)), plain)


def test_where_its_place_is_not_known_the_page_is_not_used_and_not_written(world):
    adapter = Adapter(world)
    learner = learned(world, adapter)
    page = {n: a for n, a in adapter.weights().items() if adapter.is_place(n)}
    rest = {n: a for n, a in adapter.weights().items() if not adapter.is_place(n)}
    adapter.home = None
    context = start(world)
    without = stack(made(world, adapter, context))
    adapter.load(rest | {n: np.zeros_like(a) for n, a in page.items()})
    assert torch.equal(stack(made(world, adapter, context)), without)
    adapter.load(rest | page)
    for _ in learner.learn(context, made(world, None, context)):
        pass
    after = adapter.weights()
    assert all(np.array_equal(after[n], a) for n, a in page.items())
    assert any(not np.array_equal(after[n], a) for n, a in rest.items())
    adapter.remove()


def test_the_papers_preset_leaves_the_page_blank(world):
    adapter = Adapter(world)
    learned(world, adapter, preset="paper")
    weights = adapter.weights()
    assert not weights["rays.out.weight"].any() and not adapter.is_fresh
    adapter.remove()


def test_a_snapshot_says_where_its_axes_stand(world, tmp_path):
    adapter = Adapter(world)
    learner = learned(world, adapter)
    for home in ((1.0, 2.0, 0.3), None):
        adapter.home = home
        path = tmp_path / "s.safetensors"
        save_snapshot(path, learner.snapshot(start(world)))
        found = load_snapshot(path, world.hash)
        assert home_of(found) == home
        learner.resume(found)
        assert adapter.home == home
    learner.begin(0)
    assert adapter.home == HOME
    adapter.remove()


def test_earlier_chunks_are_learned_again_and_drawn_by_the_memory_itself(world):
    adapter = Adapter(world)
    learner = FastLearner(world, adapter, "adapter")
    learner.begin(5)
    drawn = learner.drawn(30)
    assert len(drawn) == EARLIER and drawn == sorted(set(drawn)) and max(drawn) < 30
    learner.begin(5)
    assert learner.drawn(30) == drawn and learner.drawn(0) == []
    assert FastLearner(world, adapter, "paper").drawn(30) == []

    other = [LatentFrame(-f.z, f.address, f.level) for f in made(world, None, start(world), 9)]
    learned(world, adapter)
    alone = adapter.weights()
    learned(world, adapter, earlier=[other])
    both = adapter.weights()
    assert any(not np.array_equal(both[n], a) for n, a in alone.items())
    adapter.remove()


def test_rays_are_the_same_for_the_same_place_and_differ_elsewhere():
    rays = Rays(32, 4, 75.0)
    poses = torch.tensor([[[0.0, 0, 0], [0, 0, 2 * math.pi], [0.3, 0, 0], [0, 0, 0.3]]])
    found = rays.features(poses)[0]
    assert torch.allclose(found[0], found[1], atol=1e-4)
    assert (found[0] - found[2]).abs().max() > 0.1 and (found[0] - found[3]).abs().max() > 0.1
    assert not rays(poses).any()


def test_both_ways_to_look_from_home_agree():
    poses = np.random.default_rng(0).normal(size=(7, 3))
    home = np.array([0.4, -2.0, 1.1])
    told = tensor_from_home(torch.from_numpy(poses), tuple(home)).numpy()
    np.testing.assert_allclose(told, from_home(poses, home), atol=1e-9)
    np.testing.assert_allclose(from_home(home[None], home), 0, atol=1e-12)


def test_at_low_noise_it_is_left_out(world):
    """A memory that learned at high noise speaks in the first sampling steps alone."""
    adapter = Adapter(world)
    learned(world, adapter)
    assert adapter.quiet_below == 0.4
    context = start(world)
    heard, real = [], world.forward

    def forward(z, u, cond):
        heard.append((round(float(u[0, -1]), 2), world.net.rays.home is not None,
                      any(m.disable_adapters for m in world.net.modules()
                          if hasattr(m, "disable_adapters"))))
        return real(z, u, cond)

    world.forward = forward
    try:
        made(world, adapter, context)
        levels = {level: (on, off) for level, on, off in heard}
        assert levels == {1.0: (True, False), 0.75: (True, False), 0.5: (True, False),
                          0.25: (False, True)}
        with_it = stack(made(world, adapter, context))
        adapter.quiet_below = 2.0  # never
        assert torch.equal(stack(made(world, adapter, context)), stack(made(world, None, context)))
        adapter.quiet_below = 0.0  # always
        assert not torch.equal(stack(made(world, adapter, context)), with_it)
    finally:
        del world.forward
    kept = FastLearner(world, adapter, "adapter").snapshot(context)
    learner = FastLearner(world, adapter, "paper")
    assert adapter.quiet_below == 0.0
    learner.resume(kept)  # learned on by another preset, it stays what it is
    assert adapter.quiet_below == learner.snapshot(context).quiet_below == 0.4
    learner.begin(0)
    adapter.remove()
