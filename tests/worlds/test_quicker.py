"""A quicker way of sampling is used where it is asked for, while a chunk is sampled, else never."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from core.memory.adapter import Adapter
from core.project.model import ActionPart, MemoryUse, Sampling
from core.rollout.chunk import make_chunk
from core.worlds import quicker, ways
from core.worlds.catalogue import load_world
from core.worlds.families import FAMILIES
from core.worlds.protocol import Address, LatentFrame
from core.worlds.tiers import FULL, tier
from tests.worlds import tiny

STEPS = 8
CACHED = [name for name, family in FAMILIES.items() if family.caches]
COMPILED = [name for name, family in FAMILIES.items() if family.compiles]


@pytest.fixture(params=[name for name in tiny.BUILDERS if name != "starter"])
def family(request):
    return request.param


@pytest.fixture
def traced(monkeypatch):
    """Blocks are compiled as far as torch's own operations, without a C++ compiler: the same bits,
    in seconds."""
    monkeypatch.setattr(quicker, "BACKEND", "aot_eager")
    monkeypatch.setattr(ways, "compiler", lambda: "/usr/bin/c++")
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield torch._dynamo.utils.counters["stats"]
    torch._dynamo.reset()


def past_of(world, frames: int = 2) -> list[LatentFrame]:
    g = world.geometry
    pictures = tiny.film((g.height, g.width), 1 + (frames - 1) * g.t_stride)
    return [LatentFrame(z, Address(i * g.t_stride)) for i, z in enumerate(world.encode(pictures))]


def chunk(world, way: str, adapter=None, frames: int = 2, steps: int = 2, text="walk forward"):
    made, _ = make_chunk(
        world, adapter, past_of(world, frames),
        (ActionPart(text, world.geometry.chunk_frames),), "a hall", 3, Sampling(steps, 2.0, way),
        MemoryUse("adapter"),
    )
    return made


def blocks_of(world) -> list:
    return list(getattr(world.net, "blocks", None) or getattr(world.net, "transformer_blocks", []))


def sampled(world, monkeypatch, way: str, threshold: float = 0.3) -> tuple:
    """(latents, whole calls of the network, and of its last block)"""
    monkeypatch.setattr(quicker, "THRESHOLD", threshold)
    calls = []
    hooks = [world.net.register_forward_pre_hook(lambda *_: calls.append("net"))]
    if blocks := blocks_of(world):
        last = blocks[-1].attn1.to_q
        hooks.append(last.register_forward_pre_hook(lambda *_: calls.append("last")))
    made = chunk(world, way, steps=STEPS)
    for hook in hooks:
        hook.remove()
    return made, calls.count("net"), calls.count("last")


def test_the_cache_is_off_unless_asked_for_and_where_it_is_not_allowed(
    tiny_checkpoint, monkeypatch, family
):
    world = load_world(tiny_checkpoint(family))
    exact, calls, last = sampled(world, monkeypatch, "exact")
    cached, again, fewer = sampled(world, monkeypatch, "cache")
    assert again == calls
    if family in CACHED:
        assert world.why_not("cache") == ""
        assert fewer < last and not torch.equal(exact, cached)
        assert torch.equal(cached, sampled(world, monkeypatch, "cache")[0])  # nothing is carried on
        careful, _, all_of_them = sampled(world, monkeypatch, "cache", threshold=-1.0)
        assert all_of_them == last and torch.equal(exact, careful)
        assert not world.net.is_cache_enabled
    else:
        assert world.why_not("cache") == "this world does not allow it"
        assert fewer == last and torch.equal(exact, cached)


@pytest.mark.parametrize("one", COMPILED)
def test_compiled_blocks_give_the_same_and_are_kept(tiny_checkpoint, traced, one):
    world = load_world(tiny_checkpoint(one))
    adapter = Adapter(world, rank=4)
    exact = chunk(world, "exact", adapter)
    assert traced["unique_graphs"] == 0
    assert torch.equal(exact, chunk(world, "compiled", adapter))
    first = traced["unique_graphs"]
    assert 1 <= first < len(blocks_of(world)) * 2  # the blocks share it
    assert torch.equal(exact, chunk(world, "compiled", adapter))
    assert traced["unique_graphs"] == first  # and the next chunk finds it there
    assert world.why_not("compiled") == ""
    assert not any("forward" in block.__dict__ for block in blocks_of(world))


def test_compiled_blocks_follow_the_window_and_the_adapter(tiny_checkpoint, traced):
    world = load_world(tiny_checkpoint("ltx"))
    adapter = Adapter(world, rank=4)
    plain = chunk(world, "exact", adapter)
    with torch.no_grad():
        for i, parameter in enumerate(adapter.parameters.values()):
            parameter.copy_(torch.randn(parameter.shape, generator=seeded(i)) * 0.1)
    adapter.is_fresh = False
    remembered = chunk(world, "exact", adapter)
    assert not torch.equal(remembered, plain)
    assert torch.equal(remembered, chunk(world, "compiled", adapter))
    shorter = chunk(world, "exact", adapter, frames=1)
    assert torch.equal(shorter, chunk(world, "compiled", adapter, frames=1))


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_where_compiling_fails_the_chunk_is_exact_and_the_world_says_so(
    tiny_checkpoint, monkeypatch, traced
):
    tried = []

    def broken(graph, inputs):
        tried.append(graph)
        raise OSError("no such compiler")

    monkeypatch.setattr(quicker, "BACKEND", broken)
    world = load_world(tiny_checkpoint("wan"))
    exact = chunk(world, "exact")
    assert world.why_not("compiled") == ""
    assert torch.equal(exact, chunk(world, "compiled"))
    assert "no such compiler" in world.why_not("compiled") and len(tried) == 1
    assert torch.equal(exact, chunk(world, "compiled")) and len(tried) == 1  # not tried again
    assert world.why_not("cache") == ""


def test_memory_that_runs_out_in_a_compiled_block_is_no_fault_of_compiling(
    tiny_checkpoint, monkeypatch, traced
):
    def full(graph, inputs):
        def run(*_):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return run

    monkeypatch.setattr(quicker, "BACKEND", full)
    world = load_world(tiny_checkpoint("wan"))
    with pytest.raises(RuntimeError, match="allocate memory"):
        chunk(world, "compiled")
    assert world.why_not("compiled") == ""
    assert not any("forward" in block.__dict__ for block in blocks_of(world))


@pytest.mark.parametrize("way", ["cache", "compiled"])
def test_learning_never_sees_it(tiny_checkpoint, traced, way):
    from tests.worlds.test_conformance import learner, live, seen

    learned = []
    for asked in ("exact", way):
        world = load_world(tiny_checkpoint("wan"))
        adapter = Adapter(world, rank=4)
        chunk(world, asked, adapter)
        outcome = live(learner(world, adapter, steps=3), seen(world, 1 + world.geometry.n_new))
        learned.append((outcome.loss_before, outcome.loss_after, adapter.weights()))
    assert learned[0][:2] == learned[1][:2]
    assert all(a.tobytes() == learned[1][2][n].tobytes() for n, a in learned[0][2].items())


def test_a_world_that_was_compiled_can_be_given_up(tiny_checkpoint, traced):
    world = load_world(tiny_checkpoint("ltx"))
    chunk(world, "compiled")
    gone = weakref.ref(world.net)
    del world
    gc.collect()
    assert gone() is None


def test_why_a_way_is_not_to_be_had(monkeypatch):
    assert [ways.allowed(name) for name in ("wan", "skyreels", "modelscope", "starter")] == [
        ("exact", "cache", "compiled"), ("exact", "compiled"), ("exact",), ("exact",),
    ]
    assert ways.allowed("unheard of") == ("exact",)
    monkeypatch.setattr(ways, "compiler", lambda: "/usr/bin/c++")
    assert ways.why_not("compiled", "wan") == ways.why_not("compiled", "wan", "cpu") == ""
    assert "moved in and out" in ways.why_not("compiled", "wan", "cuda", tier("offload"))
    assert "mps" in ways.why_not("compiled", "wan", "mps", FULL)
    assert "does not allow" in ways.why_not("cache", "starter")
    assert "magic" in ways.why_not("magic", "wan")
    assert ways.why_not("exact", "modelscope", "mps") == ""
    monkeypatch.setattr(ways, "compiler", lambda: "")
    assert "C++ compiler" in ways.why_not("compiled", "wan", "cpu")
    assert ways.why_not("cache", "wan", "cpu") == ""


def test_the_compiler_is_looked_for_where_torch_looks(monkeypatch, tmp_path):
    own = tmp_path / "my-compiler"
    own.write_text("")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert ways.compiler() == ""
    monkeypatch.setenv("CXX", str(own))
    assert ways.compiler() == str(own)


def test_weights_of_a_byte_can_be_compiled(tiny_checkpoint, traced):
    world = load_world(tiny_checkpoint("ltx"), tier=tier("int8"))
    assert torch.equal(chunk(world, "exact"), chunk(world, "compiled"))
    assert traced["unique_graphs"] and world.why_not("compiled") == ""
