"""What is computed once a chunk gives what computing it in every call gives."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch import nn

from core.worlds import parts
from core.worlds.catalogue import load_world
from core.worlds.constants import Constants, counted, shares
from core.worlds.families import FAMILIES
from core.worlds.flat_convolutions import flatten_convolutions
from core.worlds.prompted import Condition, padded
from core.worlds.protocol import Address, Batches
from core.worlds.tiers import TIERS
from tests.worlds import tiny

PROMPTED = [name for name in tiny.BUILDERS if name != "starter"]
CLOSE = 1e-4  # float32 in other orders of summation


@pytest.fixture(scope="module", params=PROMPTED)
def world(request, tiny_checkpoint):
    return load_world(tiny_checkpoint(request.param))


def asked(world, text: str | None = "walk forward") -> tuple[torch.Tensor, torch.Tensor, Condition]:
    """A window with two clean frames, and its condition."""
    g = world.geometry
    z = torch.randn(
        1, g.channels, 4, g.latent_height, g.latent_width,
        generator=torch.Generator().manual_seed(2),
    )
    u = torch.tensor([[0.0, 0.0, 0.6, 0.6]])
    at = [Address(i * g.t_stride) for i in (0, 4, 5, 6)]
    texts = None if text is None else ["", "", text, text]
    return z, u, world.condition(at, 1, texts, text and "a hall")


def test_remembered_is_the_same_bits_and_plain_is_as_with_gradients(world):
    z, u, cond = asked(world)
    with torch.no_grad():
        first = world.forward(z, u, cond)
        assert len(cond.held) > 3  # the text, and what layers made of it
        again = world.forward(z, u, cond)
        fresh = world.forward(z, u, replace(cond, held={}))
    plain = world.forward(z, u, replace(cond, held={}))  # with gradients
    assert torch.equal(first, again) and torch.equal(first, fresh)
    assert torch.allclose(first, plain, atol=CLOSE) and float(first.std()) > 0.1


def test_another_level_and_another_past_are_not_answered_for(world):
    z, u, cond = asked(world)
    with torch.no_grad():
        world.forward(z, u, cond)
        for z2, u2 in ((z, u * 0.5), (z + 1, u)):
            kept = world.forward(z2, u2, cond)
            assert torch.equal(kept, world.forward(z2, u2, replace(cond, held={})))
            assert not torch.allclose(kept, world.forward(z, u, cond), atol=1e-3)


def test_weights_changed_between_chunks_are_heeded(tiny_checkpoint):
    """A slow adapter in training changes what the prompt becomes; a condition lives for a chunk."""
    world = load_world(tiny_checkpoint("wan"))
    z, u, cond = asked(world)
    with torch.no_grad():
        before = world.forward(z, u, cond)
        for block in world.net.blocks:
            block.attn2.to_v.weight.mul_(-2)
        after = world.forward(z, u, asked(world)[2])
    assert not torch.allclose(before, after, atol=1e-3)


def test_one_batch_is_two_calls(world):
    z, u, cond = asked(world)
    plain = asked(world, None)[2]
    assert isinstance(world, Batches) and len(cond.text) >= len(plain.text)
    both = world.together((cond, plain))
    with torch.no_grad():
        one, two = (world.forward(z, u, c) for c in (cond, plain))
        made = world.forward(z.expand(2, -1, -1, -1, -1), u.expand(2, -1), both)
    assert torch.allclose(made, torch.cat([one, two]), atol=CLOSE)
    assert not torch.allclose(one, two, atol=1e-3)


def test_a_large_window_or_a_tight_machine_is_not_batched(tiny_checkpoint):
    world = load_world(tiny_checkpoint("wan"))
    cond, plain = asked(world)[2], asked(world, None)[2]
    g = world.geometry
    most = FAMILIES["wan"].together // (g.latent_height * g.latent_width)
    for frames, batched in ((most, True), (most + 1, False)):
        large = replace(cond, positions=tuple(range(frames)))
        assert (world.together((large, plain)) is not None) == batched
    world.tier = TIERS[1]
    assert world.together((cond, plain)) is None


@pytest.mark.parametrize("family", PROMPTED)
def test_masks_have_the_precision_of_what_attends(family, tiny_checkpoint, monkeypatch):
    """In bfloat16, as on a card, whose kernels refuse a mask in another precision."""
    monkeypatch.setattr(parts, "dtype_for", lambda device: torch.bfloat16)
    world = load_world(tiny_checkpoint(family))
    z, u, cond = asked(world)
    plain = asked(world, None)[2]
    assert len(plain.text) < len(cond.text) or family == "modelscope"  # whose prompts are all full
    kinds, attend = [], nn.functional.scaled_dot_product_attention

    def look(query, key, value, attn_mask=None, *args, **named):
        kinds.append((query.dtype, None if attn_mask is None else attn_mask.dtype))
        return attend(query, key, value, attn_mask, *args, **named)

    monkeypatch.setattr(nn.functional, "scaled_dot_product_attention", look)
    with torch.no_grad():
        world.forward(z.expand(2, -1, -1, -1, -1), u.expand(2, -1), world.together((cond, plain)))
        world.forward(z, u, cond)
    shown = {mask for _, mask in kinds}
    assert {q for q, _ in kinds} == {torch.bfloat16}
    assert shown == ({None} if family == "modelscope" else {None, torch.bfloat16})


@pytest.mark.parametrize("length", [0, 1, 7, 8, 30, 40])
def test_zeros_that_count_for_many_are_many(length):
    """Attention over all 40 tokens, against attention over the few that are left."""
    generator = torch.Generator().manual_seed(0)
    text = torch.randn(length, 16, generator=generator)
    q = torch.randn(1, 2, 5, 8, generator=generator)
    read = nn.Linear(16, 32)  # with a bias: zeros have a key and a value too

    def attended(x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        k, v = read(x).unflatten(2, (4, 8)).transpose(1, 2).split(2, 1)
        return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)

    few, bias = counted([text], 40)
    assert few.shape[1] == min(40, -(-(length + 3) // 8) * 8)
    assert torch.allclose(attended(padded(text, 40), None), attended(few, bias), atol=1e-5)


@pytest.mark.parametrize("count, places", [(512, 3), (511, 8), (472, 3), (2, 1), (300, 5)])
def test_half_precision_has_the_very_weights(count, places):
    found = torch.tensor(shares(count, places), dtype=torch.float64)
    assert len(found) == places and torch.equal(found, found.bfloat16().double())
    assert float(found.exp().sum()) == pytest.approx(count, rel=1e-5 if places > 2 else 1e-2)
    assert shares(places, places) == [0.0] * places and shares(0, 0) == []


def test_a_copy_of_a_network_calls_its_own_layers():
    layer, constants = nn.Linear(3, 3), Constants()
    constants.once([layer])
    copy = deepcopy(layer)
    x = torch.ones(1, 3)
    before = layer(x)
    with torch.no_grad():
        copy.weight.zero_()
    assert torch.equal(copy(x)[0], copy.bias) and torch.equal(layer(x), before)
    assert type(layer).__name__ == "Linear" and list(layer.state_dict()) == ["weight", "bias"]


@pytest.mark.parametrize("kernel, padding", [
    ((3, 1, 1), (1, 0, 0)), ((3, 3, 3), 1), ((3, 3, 3), (0, 1, 1)), ((2, 3, 5), 0),
])
def test_a_flat_convolution_is_the_same(kernel, padding):
    conv = nn.Conv3d(4, 6, kernel, padding=padding)
    x = torch.randn(2, 4, 5, 7, 6)
    stock = conv(x)
    flatten_convolutions(conv)
    assert type(conv) is not nn.Conv3d and torch.allclose(stock, conv(x), atol=1e-5)


def test_convolutions_that_are_not_over_time_stay():
    net = nn.Sequential(
        nn.Conv3d(4, 4, (1, 2, 2)), nn.Conv3d(4, 4, 3, stride=2), nn.Conv3d(4, 4, 3, groups=2)
    )
    flatten_convolutions(net)
    assert all(type(conv) is nn.Conv3d for conv in net)
