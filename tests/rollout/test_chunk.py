"""The chunk loop in memory, with a context that a later memory may add to."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.diffusion.sampler import SamplingStopped
from core.project.memory_use import adapter_strength
from core.project.model import ActionPart, MemoryUse, Sampling
from core.rollout.chunk import frame_texts, make_chunk
from core.worlds.protocol import Address, LatentFrame
from tests.builders.tiny_world import picture

GO = (ActionPart("forward", 5), ActionPart("turn left", 3))


def context(world, n: int = 4) -> list[LatentFrame]:
    z = world.encode(np.stack([picture(64, i) for i in range(n)]))
    return [LatentFrame(one, Address(i, (0.1 * i, 0.0, 0.0)), 0.02) for i, one in enumerate(z)]


def test_steps_are_told_and_can_stop(tiny_world):
    seen = []

    def tell(step, steps, clean):
        seen.append((step, steps, tuple(clean.shape)))
        return len(seen) < 2

    with pytest.raises(SamplingStopped):
        make_chunk(
            tiny_world, None, context(tiny_world), GO, "", 1, Sampling(steps=5), on_step=tell
        )
    assert seen == [(1, 5, (12, 8, 8, 8)), (2, 5, (12, 8, 8, 8))]


def test_the_past_is_left_alone_and_the_addresses_go_on(tiny_world):
    past = context(tiny_world)
    before = [f.z.clone() for f in past]
    z, addresses = make_chunk(tiny_world, None, past, GO, "a house", 1)
    assert all(torch.equal(a, f.z) for a, f in zip(before, past))
    assert z.shape == (8, 12, 8, 8) and not z.requires_grad
    assert [a.time for a in addresses] == list(range(4, 12))
    assert addresses[4].pose[0] > past[-1].address.pose[0] + 1
    assert addresses[-1].pose[2] == pytest.approx(0.6)


def test_a_remembered_frame_may_join_the_context(tiny_world):
    past = context(tiny_world)
    old = LatentFrame(past[0].z.flip(-1), Address(-50, (0.0, 3.0, 1.0)), 0.02)
    z, addresses = make_chunk(tiny_world, None, [old, *past], GO, "a house", 1)
    assert addresses[0].time == 4
    assert not torch.equal(z, make_chunk(tiny_world, None, past, GO, "a house", 1)[0])


def test_guidance_matters_and_one_is_none(tiny_world):
    past = context(tiny_world)
    plain = make_chunk(tiny_world, None, past, GO, "a house", 1, Sampling(4, 1.0))[0]
    guided = make_chunk(tiny_world, None, past, GO, "a house", 1, Sampling(4, 3.0))[0]
    assert not torch.equal(plain, guided)


def test_a_short_chunk(tiny_world):
    z, _ = make_chunk(tiny_world, None, context(tiny_world, 1), (ActionPart("", 3),), "", 1)
    assert len(z) == 3


def test_texts_and_strength():
    assert frame_texts(GO) == ["forward"] * 5 + ["turn left"] * 3
    for use in (MemoryUse("off", 1.2), MemoryUse("bank", 1.2), MemoryUse("paper", 1.2, True)):
        assert adapter_strength(use) == 0
    assert adapter_strength(MemoryUse("paper", 1.2)) == 1.2
