"""Every tier on every family that has parts: it samples, it learns, and only the adapter learns."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
import torch

from core.memory.adapter import Adapter
from core.memory.fast_learning import FastLearner
from core.project.model import ActionPart, Sampling
from core.rollout.chunk import make_chunk
from core.rollout.context import build_context
from core.rollout.latents import save_latents
from core.rollout.request import ContextRef
from core.worlds import offload, tiers
from core.worlds.catalogue import WorldError, load_world, read_entry
from core.worlds.fitting import Parts, apply_tier, tier_of
from core.worlds.needs import shape_of, tile_of
from core.worlds.protocol import Address, LatentFrame
from core.worlds.tiers import FULL, TIERS, ladder, missing, tier
from tests.worlds.tiny import BUILDERS, film

FAMILIES = [name for name in BUILDERS if name != "starter"]
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tiny-worlds")
    return {name: BUILDERS[name](root / name) for name in FAMILIES}


def _context(world) -> list[LatentFrame]:
    g = world.geometry
    count = (g.n_past - 1) * g.t_stride + 1 if g.causal_first else g.n_past
    z = world.encode(film((g.height, g.width), count))
    return [
        LatentFrame(one, Address(i * g.t_stride), world.context_level) for i, one in enumerate(z)
    ]


def _walk(world) -> tuple[torch.Tensor, FastLearner, object]:
    """A chunk, and what is learned from it."""
    adapter = Adapter(world, rank=4)
    context = _context(world)
    parts = (ActionPart("walk forward", world.geometry.chunk_frames),)
    z, addresses = make_chunk(
        world, adapter, context, parts, "a hall", 3, Sampling(2, 2.0)
    )
    seen = _context(world)[-len(addresses) :]  # what random weights made has no contrast left
    new = [LatentFrame(one.z, at, world.context_level) for one, at in zip(seen, addresses)]
    learner = FastLearner(world, adapter, "paper")
    learner.begin(5)
    work = learner.learn(context, new)
    try:
        while True:
            next(work)
    except StopIteration as end:
        return z, learner, end.value


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("id", [t.id for t in TIERS])
def test_a_tier_samples_and_learns(folders, name, id):
    wanted = tier(id)
    if why := missing(wanted):
        pytest.skip(why)
    world = load_world(folders[name], "cpu", tier=wanted)
    frozen = {n: p.detach().clone() for n, p in world.net.named_parameters()}
    z, learner, record = _walk(world)
    assert torch.isfinite(z).all()
    assert world.decode(z, _stacked(_context(world))).shape[0] == world.geometry.chunk_frames
    assert record.steps == 1 and record.skipped is None and record.change > 0
    assert tier_of(world) is wanted
    learned = learner.adapter.parameters
    assert all(p.dtype == torch.float32 for p in learned.values())
    assert any(bool(p.any()) for n, p in learned.items() if n.endswith("lora_B.weight"))
    after = dict(world.net.named_parameters())
    for name_, before in frozen.items():
        there = after.get(name_)
        if there is None:  # the layers that the adapter wraps
            head, _, last = name_.rpartition(".")
            there = after[f"{head}.base_layer.{last}"]
        assert there.grad is None and not there.requires_grad
        assert torch.equal(_plain(there), _plain(before)), name_


def _plain(value: torch.Tensor) -> torch.Tensor:
    held = value.detach()
    return held.dequantize() if hasattr(held, "qdata") else held


def _stacked(frames: list[LatentFrame]) -> torch.Tensor:
    return torch.stack([f.z for f in frames])


def test_weights_have_the_precision_that_the_tier_says(folders):
    kinds = {
        one.id: load_world(folders["wan"], "cpu", tier=one).net.patch_embedding.weight.dtype
        for one in (FULL, tier("bf16"), tier("offload"))
    }
    assert kinds == {"full": torch.float32, "bf16": torch.bfloat16, "offload": torch.bfloat16}


def test_less_precise_tiers_stay_near_the_full_one(folders):
    """bf16 keeps 8 bits of a number: a network of two layers stays within a few percent."""
    whole, _, _ = _walk(load_world(folders["wan"], "cpu"))
    for one in ladder("wan", "cuda")[1:]:
        z, _, _ = _walk(load_world(folders["wan"], "cpu", tier=one))
        assert float((z - whole).norm() / whole.norm()) < 0.1, one.id


def test_checkpointing_is_used_where_the_tier_says(folders, monkeypatch):
    for id, wanted in (("full", False), ("bf16", True), ("offload", True)):
        world = load_world(folders["wan"], "cpu", tier=tier(id))
        seen: list[bool] = []

        def told(*a, net=world.net, forward=world.net.forward, seen=seen, **k):
            if torch.is_grad_enabled():
                seen.append(net.is_gradient_checkpointing)
            return forward(*a, **k)

        monkeypatch.setattr(world.net, "forward", told)
        _walk(world)
        assert seen == [wanted], id


def test_moved_layers_learn_the_same_and_are_let_go(folders, monkeypatch):
    """The same gradients as with every layer in place; what came over for a layer is gone after it,
    and in a learning step after its block."""
    alive, most = weakref.WeakSet(), {True: 0, False: 0}
    there = offload.there

    def counted(parameter, device):
        made = there(parameter, device)
        assert made.data_ptr() != parameter.data_ptr()
        holder = made.untyped_storage()
        alive.add(holder)
        learning = torch.is_grad_enabled()
        most[learning] = max(most[learning], sum(s.nbytes() for s in alive))
        return made

    monkeypatch.setattr(offload, "there", counted)
    found = []
    for id in ("tiled", "offload"):
        world = load_world(folders["wan"], "cpu", tier=tier(id))
        layers = [m for m in world.net.modules() if isinstance(m, torch.nn.Linear)]
        homes = [layer.weight for layer in layers]
        z, learner, record = _walk(world)
        found.append((z, record.loss_before, record.loss_after, learner.adapter.copies()))
        assert all(layer.weight is home for layer, home in zip(layers, homes))
    assert torch.equal(found[0][0], found[1][0]) and found[0][1:3] == found[1][1:3]
    assert all(torch.equal(a, b) for a, b in zip(found[0][3], found[1][3]))
    sizes = [sum(p.nbytes for p in m.parameters(recurse=False)) for m in layers]
    block = sum(p.nbytes for p in world.net.blocks[0].parameters())
    assert len(alive) == 0 and 0 < most[False] <= 2 * max(sizes)
    assert most[True] < block + sum(sizes) / 4


def test_the_next_layers_weights_are_there_before_they_are_asked_for(folders, monkeypatch):
    """The order is learned in the first pass and in the first backward pass; the bits are those of
    fetching each layer when it is its turn, and a world that is let go goes."""
    walked, fitting_offload = [], offload.offload
    for ahead in (False, True):
        movers = []
        monkeypatch.setattr(
            "core.worlds.fitting.offload",
            lambda net, device, a=ahead, m=movers: m.append(fitting_offload(net, device, a)),
        )
        world = load_world(folders["wan"], "cpu", tier=tier("offload"))
        gone = weakref.ref(world.net)
        z, learner, record = _walk(world)
        (mover,) = movers
        walked.append((z, record.loss_before, record.loss_after, learner.adapter.copies()))
        calls = mover.guessed + mover.fetched
        assert mover.guessed == 0 if not ahead else mover.guessed > 0.4 * calls
        guessed, fetched = mover.guessed, mover.fetched
        with torch.no_grad():
            _walk_on(world)
        if ahead:  # a chunk's first call has an order of its own: what is made once of its prompt
            assert mover.guessed - guessed > 4 * (mover.fetched - fetched)
        del world, learner, mover, movers
        gc.collect()
        assert gone() is None
    assert torch.equal(walked[0][0], walked[1][0]) and walked[0][1:3] == walked[1][1:3]
    assert all(torch.equal(a, b) for a, b in zip(walked[0][3], walked[1][3]))


def _walk_on(world) -> None:
    make_chunk(
        world, None, _context(world), (ActionPart("walk on", world.geometry.chunk_frames),),
        "a hall", 4, Sampling(12, 2.0),
    )


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("name", FAMILIES)
def test_layers_that_have_their_answer_are_not_moved(folders, name, ahead, monkeypatch):
    """The keys and values of a prompt are made in a chunk's first call; from then on their weights
    stay where they are (with guesses: once the order without them is known)."""
    moved, there, begin = [], offload.there, offload.offload
    monkeypatch.setattr(
        offload, "there", lambda p, device: moved.append(id(p)) or there(p, device)
    )
    monkeypatch.setattr(
        "core.worlds.fitting.offload", lambda net, device: begin(net, device, ahead)
    )
    world = load_world(folders[name], "cpu", tier=tier("offload"))
    g = world.geometry
    cond = world.condition([Address(i * g.t_stride) for i in range(3)], 0, ["", "go", "go"], "")
    z = torch.randn(1, g.channels, 3, g.latent_height, g.latent_width)
    names = {id(p): n for n, p in world.net.named_parameters()}
    kept = {
        n for n in names.values()
        if ".attn2.to_k." in n or ".attn2.to_v." in n or "text_embedder" in n or "caption" in n
    }
    kept = {n for n in kept if "temp_" not in n and "transformer_in" not in n}  # over time
    calls, out = [], []
    with torch.no_grad():
        for _ in range(3):
            moved.clear()
            out.append(world.forward(z, torch.tensor([[0.0, 0.5, 0.5]]), cond))
            calls.append([names[i] for i in moved])
    assert kept and kept <= {*calls[0]}
    assert not kept & {*calls[2]} and (ahead or not kept & {*calls[1]})
    assert {*calls[2]} == {*calls[0]} - kept and len(calls[2]) == len({*calls[2]})
    assert torch.equal(out[0], out[2])


@pytest.mark.parametrize("name", FAMILIES)
def test_a_past_is_read_to_where_a_world_computes(folders, name, tmp_path):
    """Not to where the layers that are moved in and out lie: a UNet's first one is such a one."""
    world = load_world(folders[name], "cpu", tier=tier("offload"))
    first = next(m for m in world.net.modules() if m._parameters)
    for which, held in first._parameters.items():
        first._parameters[which] = torch.nn.Parameter(held.to("meta"), requires_grad=False)
    past = _context(world)
    file = tmp_path / "z.safetensors"
    save_latents(file, _stacked(past), [f.address for f in past])
    found = build_context(world, [ContextRef(str(file), 0, len(past))])
    assert {f.z.device for f in found} == {world.device} == {torch.device("cpu")}
    assert all(p.device == world.device for p in Adapter(world, rank=4).parameters.values())


def test_where_the_next_layer_does_not_fit_each_comes_in_its_turn(folders, monkeypatch):
    def full(self, layer):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(offload.Mover, "_begin", full)
    linear = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)).requires_grad_(False)
    x, mover = torch.ones(1, 3), None
    plain = linear(x)
    mover = offload.offload(linear, torch.device("cpu"), ahead=True)
    assert all(torch.equal(linear(x), plain) for _ in range(3))
    assert not mover.ahead and mover.guessed == 0 and mover.fetched == 6


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a card")
def test_on_a_card_copies_overlap_and_the_bits_are_the_same(folders):
    found = []
    for id in ("tiled", "offload"):
        world = load_world(folders["wan"], "cuda", tier=tier(id))
        z, learner, record = _walk(world)
        found.append((z.cpu(), record.loss_after))
    assert torch.equal(found[0][0], found[1][0]) and found[0][1] == found[1][1]


def test_the_text_encoder_is_given_up_where_there_is_no_room_for_it(folders):
    kept = load_world(folders["wan"], "cpu", tier=tier("bf16"))
    given_up = load_world(folders["wan"], "cpu", tier=tier("bf16"), keep_text=False)
    for world in (kept, given_up):
        _walk(world)
    assert kept.prompts.loaded and not given_up.prompts.loaded


def test_tiles_are_on_where_the_tier_says(folders):
    for name in FAMILIES:
        for id in ("bf16", "tiled"):
            found = load_world(folders[name], "cpu", tier=tier(id)).parts()
            assert isinstance(found, Parts) and found.vae.use_tiling == (id == "tiled")


@pytest.mark.parametrize("name", FAMILIES)
def test_tiles_are_as_large_as_is_reckoned_with(folders, name):
    vae = load_world(folders[name], "cpu", tier=tier("tiled")).parts().vae
    across = getattr(vae, "tile_sample_min_width", None) or vae.tile_sample_min_size
    assert tile_of(shape_of(read_entry(folders[name]))) == across


def test_a_tier_that_lacks_its_library_says_so(folders, monkeypatch):
    monkeypatch.setattr(tiers, "has", lambda name: False)
    assert "torchao" in missing(tier("int8"))
    assert [t.id for t in ladder("wan", "cuda")] == ["full", "bf16", "tiled", "offload"]
    with pytest.raises(WorldError, match="torchao, which is not installed.*another tier"):
        load_world(folders["wan"], "cpu", tier=tier("int8"))


def test_the_starter_world_stays_as_it_is(tmp_path):
    world = load_world(BUILDERS["starter"](tmp_path / "starter"), "cpu")
    before = {n: p.clone() for n, p in world.net.named_parameters()}
    apply_tier(world, tier("tiled"), torch.device("cpu"))
    assert all(torch.equal(before[n], p) for n, p in world.net.named_parameters())
    assert ladder("starter", "cuda") == (FULL,)


def test_unknown_tiers_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="no tier 'tiny'. Known: auto, full"):
        tiers.wanted("tiny")
    assert tiers.wanted() == "auto"
    monkeypatch.setenv(tiers.VARIABLE, "bf16")
    assert tiers.wanted() == "bf16" and tiers.wanted("full") == "full"
