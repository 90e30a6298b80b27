"""A sampling cache is used where a person asks for it, while a chunk is sampled, else never."""

from __future__ import annotations

import pytest
import torch

from core.memory.adapter import Adapter
from core.project.model import ActionPart, Sampling
from core.rollout.chunk import make_chunk
from core.worlds import quicker
from core.worlds.catalogue import WorldError, load_world
from core.worlds.families import FAMILIES
from core.worlds.protocol import Address, LatentFrame
from tests.worlds import tiny

STEPS = 8
CACHED = [name for name, family in FAMILIES.items() if family.caches]


@pytest.fixture(params=[name for name in tiny.BUILDERS if name != "starter"])
def family(request):
    return request.param


def sampled(world, monkeypatch, asked: str | None, threshold: float = 0.3) -> tuple:
    """(latents, whole calls of the last block)"""
    if asked is not None:
        monkeypatch.setenv(quicker.VARIABLE, asked)
    monkeypatch.setattr(quicker, "THRESHOLD", threshold)
    g, calls = world.geometry, []
    counted = world.net.register_forward_pre_hook(lambda *_: calls.append("net"))
    blocks = getattr(world.net, "blocks", None) or getattr(world.net, "transformer_blocks", [])
    if len(blocks):
        layers = blocks[-1].attn1.to_q.register_forward_pre_hook(lambda *_: calls.append("last"))
    pictures = tiny.film((g.height, g.width), 1 + g.t_stride)
    past = [LatentFrame(z, Address(i * g.t_stride)) for i, z in enumerate(world.encode(pictures))]
    made, _ = make_chunk(
        world, None, past, (ActionPart("walk forward", g.chunk_frames),), "a hall", 3,
        Sampling(STEPS, 2.0),
    )
    counted.remove()
    if len(blocks):
        layers.remove()
    monkeypatch.delenv(quicker.VARIABLE, raising=False)
    return made, calls.count("net"), calls.count("last")


def test_it_is_off_unless_asked_for_and_where_it_is_not_allowed(
    tiny_checkpoint, monkeypatch, family
):
    world = load_world(tiny_checkpoint(family))
    exact, calls, last = sampled(world, monkeypatch, None)
    assert torch.equal(exact, sampled(world, monkeypatch, "exact")[0])
    cached, again, fewer = sampled(world, monkeypatch, "cache")
    assert again == calls
    if family in CACHED:
        assert fewer < last and not torch.equal(exact, cached)
        assert torch.equal(cached, sampled(world, monkeypatch, "cache")[0])  # nothing is carried on
        careful, _, all_of_them = sampled(world, monkeypatch, "cache", threshold=-1.0)
        assert all_of_them == last and torch.equal(exact, careful)
        assert not world.net.is_cache_enabled
    else:
        assert fewer == last and torch.equal(exact, cached)


def test_learning_never_sees_it(tiny_checkpoint, monkeypatch):
    from tests.worlds.test_conformance import learner, live, seen

    learned = []
    for asked in ("exact", "cache"):
        monkeypatch.setenv(quicker.VARIABLE, asked)
        world = load_world(tiny_checkpoint("wan"))
        adapter = Adapter(world, rank=4)
        outcome = live(learner(world, adapter, steps=3), seen(world, 1 + world.geometry.n_new))
        learned.append((outcome.loss_before, outcome.loss_after, adapter.weights()))
    assert learned[0][:2] == learned[1][:2]
    assert all(a.tobytes() == learned[1][2][n].tobytes() for n, a in learned[0][2].items())


def test_what_does_not_exist_is_said(monkeypatch):
    monkeypatch.setenv(quicker.VARIABLE, "magic")
    with pytest.raises(WorldError, match="Known: exact, cache"):
        quicker.wanted()
