"""Fast learning on a real, tiny world: it learns, and only the adapter does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.memory import guards
from core.memory.adapter import Adapter
from core.memory.fast_learning import FastLearner
from core.memory.snapshot import load_snapshot, save_snapshot
from core.project.model import ActionPart
from core.rollout.chunk import make_chunk
from core.worlds.catalogue import load_world
from core.worlds.protocol import Address, LatentFrame
from tests.builders.tiny_world import picture


@pytest.fixture(scope="module")
def world(tiny_world_dir):
    return load_world(tiny_world_dir)


@pytest.fixture(scope="module")
def adapter(world):
    return Adapter(world)


@pytest.fixture(scope="module")
def walk(world):
    """(context, new): a start and a chunk that looks like one."""
    z = world.encode(np.stack([picture(64, 1)]))
    context = [LatentFrame(z[0], Address(0, (0.0, 0.0, 0.0)), 0.02)]
    actions = (ActionPart("forward", 8),)
    made, addresses = make_chunk(world, None, context, actions, "a house", 3)
    return context, [LatentFrame(z, a, 0.02) for z, a in zip(made, addresses)]


def learn(learner: FastLearner, walk) -> object:
    run = learner.learn(*walk)
    steps = []
    while True:
        try:
            steps.append(next(run))
        except StopIteration as end:
            assert steps in ([], [(i, learner.settings.steps) for i in range(len(steps))])
            return end.value


def with_settings(learner: FastLearner, **changes) -> FastLearner:
    learner.settings = replace(learner.settings, **changes)
    learner.begin(1)
    return learner


def test_paper_preset_takes_one_small_step(world, adapter, walk):
    learner = FastLearner(world, adapter)
    learner.begin(1)
    outcome = learn(learner, walk)
    assert outcome.steps == 1 and outcome.skipped is None
    assert 0 < outcome.change < 0.05
    assert learner.chunks == learner.steps == 1
    assert not adapter.is_fresh


def test_more_steps_on_one_chunk_lower_the_held_out_loss(world, adapter, walk):
    learner = with_settings(
        FastLearner(world, adapter), steps=15, learning_rate=5e-3, change_cap=1.0
    )
    outcome = learn(learner, walk)
    assert outcome.loss_after < 0.99 * outcome.loss_before


def test_checkpointing_changes_no_bit(world, adapter, walk):
    found = []
    for on in (True, False):
        learner = with_settings(FastLearner(world, adapter), checkpointing=on, steps=3)
        learn(learner, walk)
        found.append(adapter.weights())
    assert all(np.array_equal(found[0][k], found[1][k]) for k in found[0])
    assert world.net.gradient_checkpointing is False


def test_the_base_is_bitwise_the_same_and_only_the_adapter_took_gradients(world, adapter, walk):
    base = {k: v.clone() for k, v in world.net.state_dict().items() if "lora_" not in k}
    learner = with_settings(FastLearner(world, adapter), steps=3)
    before = adapter.weights()
    learn(learner, walk)
    after = adapter.weights()
    assert all(torch.equal(v, world.net.state_dict()[k]) for k, v in base.items())
    assert any(not np.array_equal(before[k], after[k]) for k in before)
    assert all(p.grad is None and not p.requires_grad for p in world.net.parameters())
    for network in (world.autoencoder, world.text):
        assert all(p.grad is None for p in network.parameters())


def test_the_cap_holds(world, adapter, walk):
    learner = with_settings(FastLearner(world, adapter), steps=5, learning_rate=0.05,
                            change_cap=0.01, rise_allowed=1e9)
    assert learn(learner, walk).change <= 0.01 * (1 + 1e-5)


def test_learning_is_rolled_back_when_the_held_out_loss_rises(world, adapter, walk):
    learner = FastLearner(world, adapter)
    learner.begin(1)
    learn(learner, walk)
    context, new = walk
    before = learner.snapshot(context)
    # No loss is low enough for this, whatever the random network makes of the steps.
    learner.settings = replace(learner.settings, steps=3, rise_allowed=-1.0)
    outcome = learn(learner, walk)
    assert outcome.skipped and "put back" in outcome.skipped
    after = learner.snapshot(context)
    assert_same_state(before, after)
    assert not np.array_equal(before.generator, after.generator)  # the next try draws anew


def test_stopped_in_the_middle_it_is_as_before(world, adapter, walk):
    learner = with_settings(FastLearner(world, adapter), steps=5)
    learn(learner, walk)
    before = learner.snapshot(walk[0])
    run = learner.learn(*walk)
    for _ in range(3):
        next(run)
    run.close()
    after = learner.snapshot(walk[0])
    assert_same_state(before, after)
    assert np.array_equal(before.generator, after.generator)


def test_a_snapshot_goes_on_bit_for_bit(world, adapter, walk, tmp_path):
    learner = FastLearner(world, adapter, licence="Apache-2.0")
    learner.begin(1)
    learn(learner, walk)
    path = tmp_path / "one.safetensors"
    save_snapshot(path, learner.snapshot([*walk[0], *walk[1]][-4:]))
    learn(learner, walk)
    straight = learner.snapshot(walk[0])

    again = FastLearner(world, adapter)
    again.begin(99)
    loaded = load_snapshot(path, world.hash)
    assert loaded.licence == "Apache-2.0" and loaded.chunks == 1 and len(loaded.context) == 4
    again.resume(loaded)
    assert_same_state(loaded, again.snapshot(walk[0]))
    learn(again, walk)
    resumed = again.snapshot(walk[0])
    assert_same_state(straight, resumed)
    assert np.array_equal(straight.generator, resumed.generator)
    assert straight.adam_step == resumed.adam_step == 2
    assert np.array_equal(straight.opening, resumed.opening)


def test_fresh_memories_of_two_seeds_differ(world, adapter, walk):
    learner = FastLearner(world, adapter)
    found = []
    for seed in (1, 2, 1):
        learner.begin(seed)
        learn(learner, walk)
        found.append(adapter.weights())
    assert all(np.array_equal(found[0][k], found[2][k]) for k in found[0])
    assert not all(np.array_equal(found[0][k], found[1][k]) for k in found[0])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda z: z * 0.02, "contrast"),
        (lambda z: z * 30, "contrast"),
        (lambda z: z + 20, "colour"),
        (lambda z: z * float("nan"), "not numbers"),
        (lambda z: torch.where(z > 9, z, z.new_full((), float("inf"))), "not numbers"),
    ],
)
def test_a_collapsed_chunk_is_not_learned(world, adapter, walk, spoil, words):
    learner = FastLearner(world, adapter)
    learner.begin(1)
    context, new = walk
    outcome = learn(learner, (context, [replace(f, z=spoil(f.z)) for f in new]))
    assert outcome.skipped and words in outcome.skipped
    assert outcome.steps == 0 and adapter.is_fresh and learner.chunks == 0


def test_a_blurred_or_noisy_chunk_is_not_learned():
    rng = np.random.default_rng(0)
    sharp = rng.normal(size=(4, 12, 16, 16)).astype(np.float32)
    opening = guards.qualities(sharp[:1] * 0.5)
    y, x = np.mgrid[0:16, 0:16] / 16
    smooth = np.broadcast_to(np.sin(x + y), sharp.shape)
    smooth = (smooth - smooth.mean()) / smooth.std() * 0.5
    assert "blurrier" in guards.chunk_problem(smooth, opening)
    assert guards.chunk_problem(sharp * 0.4, opening) is None
    checks = np.where(np.indices((16, 16)).sum(0) % 2, 2.5, -2.5) * np.ones_like(sharp)
    assert "noise" in guards.chunk_problem(checks, guards.qualities(smooth))


def assert_same_state(a, b) -> None:
    for group in ("weights", "exp_avg", "exp_avg_sq"):
        one, two = getattr(a, group), getattr(b, group)
        assert sorted(one) == sorted(two)
        assert all(np.array_equal(one[k], two[k]) for k in one), group
    assert (a.adam_step, a.chunks, a.steps) == (b.adam_step, b.chunks, b.steps)


def test_with_only_b_the_other_half_stays_as_it_began(world, adapter, walk):
    learner = with_settings(FastLearner(world, adapter), steps=3, only_b=True, rise_allowed=10.0)
    before = adapter.weights()
    learn(learner, walk)
    for name, values in adapter.weights().items():
        if not adapter.is_place(name):
            assert np.array_equal(values, before[name]) == name.endswith("lora_A.weight"), name


def test_a_window_that_runs_backwards_is_the_walk_the_other_way(world, adapter, walk):
    """Learning all windows backwards is learning the walk that was gone the other way."""
    context, new = walk
    frames = [*context, *new]
    turned = [
        LatentFrame(f.z, Address(-f.address.time, f.address.pose), f.level) for f in frames[::-1]
    ]
    found = []
    # A share too small to be met draws the same numbers as one of all windows.
    for given, share in ((frames, 1.0), (turned, 1e-12), (frames, 1e-12)):
        learner = with_settings(
            FastLearner(world, adapter), steps=2, reversed=share, rise_allowed=10.0
        )
        learn(learner, (given[: len(context)], given[len(context) :]))
        found.append(adapter.weights())
    assert all(np.array_equal(found[0][n], a) for n, a in found[1].items())
    assert any(not np.array_equal(found[0][n], a) for n, a in found[2].items())
