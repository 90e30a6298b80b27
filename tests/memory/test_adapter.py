"""The adapter: nothing while it is fresh or off, copies in exactly, comes out without a trace."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.memory.adapter import Adapter
from core.memory.errors import MemoryRefused
from core.project.model import ActionPart, MemoryUse
from core.rollout.chunk import make_chunk
from core.worlds.catalogue import load_world
from core.worlds.protocol import Address, LatentFrame
from tests.builders.tiny_world import picture

GO = (ActionPart("forward", 8),)


@pytest.fixture
def world(tiny_world_dir):
    return load_world(tiny_world_dir)


def context(world) -> list[LatentFrame]:
    z = world.encode(np.stack([picture(64, 1), picture(64, 2)]))
    return [LatentFrame(one, Address(i, (0.0, 0.0, 0.0)), 0.02) for i, one in enumerate(z)]


def chunk(world, adapter, **memory) -> torch.Tensor:
    use = MemoryUse(**memory)
    return make_chunk(world, adapter, context(world), GO, "a house", 5, memory=use)[0]


def fill(adapter: Adapter) -> None:
    generator = torch.Generator().manual_seed(3)
    adapter.restore(
        [torch.randn(p.shape, generator=generator) * 0.2 for p in adapter.parameters.values()]
    )


def test_a_fresh_adapter_changes_no_bit(world):
    bare = chunk(world, None)
    assert torch.equal(bare, chunk(world, Adapter(world)))


def test_even_switched_on_a_fresh_adapter_adds_exactly_nothing(world):
    bare = chunk(world, None)
    adapter = Adapter(world)
    adapter.is_fresh = False  # so that it is not switched off
    assert torch.equal(bare, chunk(world, adapter))


def test_it_works_and_strength_scales_it(world):
    bare = chunk(world, None)
    adapter = Adapter(world)
    fill(adapter)
    made = [chunk(world, adapter, strength=s) for s in (0.5, 1.0, 1.5)]
    moved = [float((z - bare).abs().mean()) for z in made]
    assert 0 < moved[0] < moved[1] < moved[2]


@pytest.mark.parametrize("memory", [{"strength": 0.0}, {"muted": True}, {"preset": "off"}])
def test_switched_off_it_changes_no_bit(world, memory):
    bare = chunk(world, None)
    adapter = Adapter(world)
    fill(adapter)
    assert not torch.equal(bare, chunk(world, adapter))
    assert torch.equal(bare, chunk(world, adapter, **memory))


def test_taken_out_the_network_is_as_before(world):
    before = {k: v.clone() for k, v in world.net.state_dict().items()}
    bare = chunk(world, None)
    adapter = Adapter(world)
    fill(adapter)
    chunk(world, adapter)
    adapter.remove()
    after = world.net.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert torch.equal(bare, chunk(world, None))


def test_fresh_is_the_same_for_the_same_seed(world):
    adapter = Adapter(world)
    adapter.fresh(4)
    first = adapter.weights()
    fill(adapter)
    adapter.fresh(4)
    assert all(np.array_equal(first[k], v) for k, v in adapter.weights().items())
    adapter.fresh(5)
    assert not all(np.array_equal(first[k], v) for k, v in adapter.weights().items())


def test_it_does_not_touch_the_global_generator(tiny_world_dir):
    world = load_world(tiny_world_dir)
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    Adapter(world).fresh(9)
    assert torch.equal(expected, torch.rand(3))


def test_change_is_the_norm_of_what_it_adds(world):
    adapter = Adapter(world)
    fill(adapter)
    added = base = 0.0
    for module in world.net.modules():
        if hasattr(module, "lora_A"):
            a, b = module.lora_A["memory"].weight, module.lora_B["memory"].weight
            added += float((b.double() @ a.double()).square().sum())
            base += float(module.get_base_layer().weight.double().square().sum())
    assert adapter.change() == pytest.approx((added / base) ** 0.5, rel=1e-9)
    adapter.cap(0.05)
    assert adapter.change() == pytest.approx(0.05, rel=1e-5)


def test_weights_of_another_shape_are_refused_and_nothing_is_half_loaded(world):
    adapter = Adapter(world)
    fill(adapter)
    held = adapter.weights()
    wrong = dict(held)
    last = list(wrong)[-1]
    wrong[last] = np.zeros((3, 3), np.float32)
    with pytest.raises(MemoryRefused, match="does not fit"):
        adapter.load(wrong)
    assert all(np.array_equal(held[k], v) for k, v in adapter.weights().items())


def test_only_temporal_attention_and_the_address_are_adapted(world):
    adapter = Adapter(world)
    places = {name for name in adapter.parameters if adapter.is_place(name)}
    assert places and places < set(adapter.parameters)
    assert all(".temporal_attn." in name for name in set(adapter.parameters) - places)
    assert {p.dtype for p in adapter.parameters.values()} == {torch.float32}
