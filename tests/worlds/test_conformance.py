"""What every world must hold, the shipped one and the open models alike: each is a checkpoint on
the disk, loaded as any other. A new family joins by its builder in ``tests.worlds.tiny``."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.diffusion.loss import masked_loss, same_level
from core.memory.adapter import Adapter
from core.memory.errors import MemoryRefused
from core.memory.fast_learning import FastLearner
from core.memory.snapshot import load_snapshot, save_snapshot
from core.project.model import ActionPart, Sampling
from core.rollout.chunk import make_chunk
from core.rollout.context import lead_of
from core.rollout.request import LEAD
from core.worlds import parts
from core.worlds.catalogue import content_hash, load_world, read_entry
from core.worlds.families import FAMILIES
from core.worlds.protocol import Address, LatentFrame, World
from tests.worlds import tiny

#: Decoding chunk by chunk against decoding at once, in levels of 256: how far a picture differs at
#: most on average, and whether the first chunk is exact (a decoder that looks ahead has not seen
#: what follows it). None: the same bits.
SEAM: dict[str, tuple[float, bool] | None] = {
    "starter": None, "modelscope": None, "wan": (1.0, True), "skyreels": (1.0, True),
    "ltx": (3.0, False),
}


@pytest.fixture(scope="module", params=list(tiny.BUILDERS))
def folder(request, tiny_checkpoint) -> Path:
    return tiny_checkpoint(request.param)


@pytest.fixture(scope="module")
def world(folder) -> World:
    return load_world(folder)


@pytest.fixture
def adapter(world):
    held = Adapter(world, rank=4)
    yield held
    held.remove()


def seen(world: World, frames: int, seed: int = 0) -> list[LatentFrame]:
    """``frames`` latent frames of a film, clean."""
    g = world.geometry
    pictures = tiny.film((g.height, g.width), 1 + (frames - 1) * g.t_stride, seed)
    return [
        LatentFrame(z, Address(i * g.t_stride, (0.1 * i, 0.0, 0.0)))
        for i, z in enumerate(world.encode(pictures))
    ]


def actions(world: World, text: str = "walk forward") -> tuple[ActionPart, ...]:
    whole = world.geometry.chunk_frames
    return (ActionPart(text, whole - whole // 3), ActionPart("turn left", whole // 3))


def chunk(
    world: World, past: Sequence[LatentFrame], adapter: Adapter | None = None,
    text: str = "walk forward", seed: int = 5,
) -> torch.Tensor:
    z, _ = make_chunk(
        world, adapter, past, actions(world, text), "a stone hall", seed, Sampling(2, 1.5)
    )
    return z


def learner(world: World, adapter: Adapter, seed: int = 3, steps: int = 16) -> FastLearner:
    made = FastLearner(world, adapter, "paper")
    made.settings = replace(made.settings, steps=steps, learning_rate=2e-3)
    made.begin(seed)
    return made


def live(teacher: FastLearner, film: list[LatentFrame]):
    """Learn the frames after the first; what happened."""
    run = teacher.learn(film[:1], film[1:])
    while True:
        try:
            next(run)
        except StopIteration as end:
            return end.value


def weights_of(world: World) -> dict[str, bytes]:
    """The base's own weights by name, bit for bit, whatever is put around them."""
    return {
        name.replace(".base_layer", ""): p.detach().float().numpy().tobytes()
        for name, p in world.net.named_parameters()
        if "lora_" not in name and not Adapter.is_place(name)
    }


# ---- a world on the disk ------------------------------------------------------------------------


def test_every_family_is_held_to_this():
    assert set(tiny.BUILDERS) == set(FAMILIES) == set(SEAM)


def test_it_is_a_world(world, folder):
    entry, g = read_entry(folder), world.geometry
    assert isinstance(world, World) and world.hash == content_hash(folder)
    assert (entry.width, entry.height, entry.rate) == (g.width, g.height, g.rate)
    assert (entry.n_past, entry.n_new, entry.t_stride) == (g.n_past, g.n_new, g.t_stride)
    assert not world.net.training and not any(p.requires_grad for p in world.net.parameters())


def test_pictures_come_back_as_pictures(world):
    g = world.geometry
    pictures = tiny.film((g.height, g.width), 1 + 2 * g.t_stride)
    z = world.encode(pictures)
    assert z.shape == (3, g.channels, g.latent_height, g.latent_width) and z.dtype == torch.float32
    assert 0.3 < float(z.std()) < 3
    back = world.decode(z)
    assert back.shape == pictures.shape and back.dtype == np.uint8 and back.std() > 1
    assert world.decode(z[:1]).shape == pictures[:1].shape  # a preview
    for wrong in (pictures[0], pictures[:, :-1], pictures[:0], pictures[..., :2]):
        with pytest.raises(ValueError, match="expected"):
            world.encode(wrong)
    if g.t_stride > 1:
        with pytest.raises(ValueError, match="multiple"):
            world.encode(pictures[:2])


@pytest.mark.parametrize("part", ["net", "text_encoder", "autoencoder"])
def test_weights_of_another_version_are_said(folder, part, tmp_path):
    from safetensors.torch import load_file, save_file

    from core.worlds.catalogue import WorldError

    names = {
        "net": ("transformer", "unet"), "text_encoder": ("text_encoder",),
        "autoencoder": ("vae", "autoencoder"),
    }
    copy = shutil.copytree(folder, tmp_path / "copy")
    file = next(f for n in names[part] for f in (copy / n).glob("*.safetensors"))
    weights = load_file(file)
    file.unlink()
    torch.save(weights, file.with_suffix(".bin"))  # whole, and yet never read: it could run code
    with pytest.raises(WorldError, match="missing or damaged"):
        load_world(copy)
    del weights[sorted(weights)[0]]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(WorldError, match="another version"):
        load_world(copy)


# ---- chunks -------------------------------------------------------------------------------------


def test_the_past_is_left_alone_for_any_number_of_frames(world, monkeypatch):
    g, forward = world.geometry, world.forward
    for k in range(1, g.n_past + 1):
        past = seen(world, k)
        before, calls = torch.stack([f.z for f in past], 1), []

        def look(z, u, cond):
            out = forward(z, u, cond)
            calls.append((z.clone(), u.clone(), out.shape == z.shape))  # noqa: B023
            return out

        monkeypatch.setattr(world, "forward", look)
        new, addresses = make_chunk(
            world, None, past, actions(world), "a hall", 1, Sampling(2, 1.5)
        )
        monkeypatch.undo()
        # Two steps, each with the text and without, in calls of their own or in one.
        assert sum(len(z) for z, _, _ in calls) == 4 and all(same for _, _, same in calls)
        assert all(torch.equal(row[:, :k], before) for z, _, _ in calls for row in z)
        assert all(not u[:, :k].any() and (u[:, k:] > 0).all() for _, u, _ in calls)
        assert torch.equal(before, torch.stack([f.z for f in past], 1))
        assert new.shape == (g.n_new, g.channels, g.latent_height, g.latent_width)
        assert torch.isfinite(new).all() and new.dtype == torch.float32
        last = past[-1].address.time
        assert [a.time for a in addresses] == [last + g.t_stride * i for i in range(1, g.n_new + 1)]


def test_the_future_depends_on_the_past_the_action_and_the_seed(world):
    past = seen(world, 2)
    made = chunk(world, past)
    assert torch.equal(made, chunk(world, past))
    others = {
        "past": chunk(world, seen(world, 2, seed=4)),
        "oldest of the past": chunk(world, [seen(world, 2, seed=4)[0], past[1]]),
        "action": chunk(world, past, text="look up"),
        "seed": chunk(world, past, seed=6),
    }
    for what, other in others.items():
        assert float((made - other).abs().max()) > 1e-4, what


def test_a_perfect_prediction_lands_on_the_picture_in_any_number_of_steps(world):
    g = world.geometry
    generator = torch.Generator().manual_seed(0)
    shape = (1, g.channels, 2, g.latent_height, g.latent_width)
    z0, eps = (torch.randn(shape, generator=generator) for _ in range(2))
    for steps in (1, 5):
        line = world.schedule(steps)
        assert len(line) == steps + 1 and (line[0], line[-1]) == (1.0, 0.0)
        assert all(a > b for a, b in zip(line, line[1:]))
        z = world.add_noise(z0, eps, torch.ones(1, 2))
        for u, u_next in zip(line, line[1:]):
            target = world.target(z0, eps, torch.full((1, 2), u))
            z, clean = world.step(z, target, u, u_next)
            assert torch.allclose(clean, z0, atol=1e-3)
        assert torch.allclose(z, z0, atol=1e-3)
    assert torch.equal(world.add_noise(z0, eps, torch.zeros(1, 2)), z0)
    with pytest.raises(ValueError, match="at least 1"):
        world.schedule(0)


def test_a_chunk_has_its_length_and_is_decoded_without_a_seam(world, request, monkeypatch):
    """The first chunk and one far from the start, decoded when they are made, against all of it
    decoded at once."""
    g = world.geometry
    count = 3 + -(-LEAD // g.n_new)  # chunks: more than a decoder is given to go on from
    z = torch.randn(
        (1 + count * g.n_new, g.channels, g.latent_height, g.latent_width),
        generator=torch.Generator().manual_seed(0),
    )
    film = [LatentFrame(one, Address(i * g.t_stride)) for i, one in enumerate(z)]
    whole = world.decode(z).astype(int)
    assert len(whole) == 1 + count * g.chunk_frames

    def away(start: int, lead: torch.Tensor | None) -> np.ndarray:
        pictures = world.decode(z[start : start + g.n_new], lead)
        first = 1 + (start - 1) * g.t_stride
        told = whole[first : first + g.chunk_frames]
        if lead is not None:
            assert pictures.shape == (g.chunk_frames, g.height, g.width, 3)
        return np.abs(pictures - told[-len(pictures) :]).mean((1, 2, 3))

    last = 1 + (count - 1) * g.n_new
    lead = lead_of(film[:last], g)
    ends = [away(1, lead_of(film[:1], g)), away(last, lead)]
    family = read_entry_family(world, request)
    if SEAM[family] is None:
        assert lead is None and not np.concatenate(ends).any()
        return
    assert len(lead) == LEAD < last
    bound, first_exact = SEAM[family]
    bare = away(last, None)
    print(
        f"\n{family}: the last chunk differs by {ends[1].max():.2f} of 256 levels at most, "
        f"without what was before by {bare.max():.2f}; the first one by {ends[0].max():.2f}"
    )
    assert ends[1].max() < bound < bare.max() / 4
    if first_exact:
        assert not ends[0].any()
    else:  # what is wrong is wrong at its end, where it could not look ahead
        half = len(ends[0]) // 2
        assert ends[0][:half].mean() < ends[0][half:].mean()


def read_entry_family(world: World, request) -> str:
    return read_entry(request.getfixturevalue("folder")).family


# ---- memory -------------------------------------------------------------------------------------


def test_a_fresh_adapter_changes_nothing(world):
    past, before = seen(world, 2), weights_of(world)
    base = chunk(world, past)
    held = Adapter(world, rank=4)
    try:
        assert torch.equal(base, chunk(world, past))
        assert torch.equal(base, chunk(world, past, held))
        held.is_fresh = False  # and also where it is made to work: B is zero
        assert torch.equal(base, chunk(world, past, held))
        assert weights_of(world) == before
        assert {p.dtype for p in held.parameters.values()} == {torch.float32}
    finally:
        held.remove()


def test_the_memory_learns_and_only_the_memory(world, adapter):
    film, before = seen(world, 1 + world.geometry.n_new), weights_of(world)
    outcome = live(learner(world, adapter), film)
    assert outcome.skipped is None and outcome.loss_after < outcome.loss_before * 0.9995
    assert not adapter.is_fresh and 0 < outcome.change <= 0.051
    assert weights_of(world) == before


def test_no_gradient_reaches_the_base(world, adapter):
    film = seen(world, 3)
    y = torch.stack([f.z for f in film], 1)[None]
    cond = world.condition([f.address for f in film], 0, None, None)
    u = same_level(1, 3, torch.tensor([0.5]))
    eps = torch.randn(y.shape, generator=torch.Generator().manual_seed(1))
    with adapter.learning() as held:
        loss = masked_loss(world, y, u, torch.ones_like(u), cond, eps)
        loss.backward()
        ours = {id(p) for p in held}
        assert all(p.grad is None for p in world.net.parameters() if id(p) not in ours)
        learned = [n for n, p in adapter.parameters.items() if p.grad is not None and p.grad.any()]
        assert len(learned) == len(held) // 2  # B learns first: A has nothing to carry yet
        assert all(name.endswith("lora_B.weight") for name in learned)


def test_muting_and_deleting_leave_the_base(world, adapter):
    past = seen(world, 2)
    base, before = chunk(world, past), weights_of(world)
    live(learner(world, adapter, steps=2), seen(world, 1 + world.geometry.n_new))
    remembered = chunk(world, past, adapter)
    assert not torch.equal(base, remembered)
    assert torch.equal(base, chunk(world, past))  # muted
    adapter.remove()
    assert torch.equal(base, chunk(world, past)) and weights_of(world) == before
    left = [name for name, _ in world.net.named_parameters()]
    assert not any("lora_" in name or Adapter.is_place(name) for name in left)


def test_saved_and_restored_bit_for_bit(world, adapter, tmp_path):
    film = seen(world, 1 + world.geometry.n_new)
    teacher = learner(world, adapter, steps=2)
    live(teacher, film)
    save_snapshot(tmp_path / "memory.safetensors", teacher.snapshot(film[-2:]))
    then, made = adapter.weights(), chunk(world, film[-2:], adapter)
    live(teacher, film)  # went on
    went_on = adapter.weights()
    adapter.fresh(99)
    again = learner(world, adapter, seed=99, steps=2)
    again.resume(load_snapshot(tmp_path / "memory.safetensors", world.hash))
    assert all(then[n].tobytes() == a.tobytes() for n, a in adapter.weights().items())
    assert torch.equal(made, chunk(world, film[-2:], adapter))
    live(again, film)
    assert all(went_on[n].tobytes() == a.tobytes() for n, a in adapter.weights().items())


def test_memories_are_swapped_at_a_chunks_boundary(world, adapter, request):
    film = seen(world, 1 + world.geometry.n_new)
    memories, chunks = [], []
    for seed in (1, 2):
        live(learner(world, adapter, seed, steps=2), film)
        memories.append(adapter.weights())
        chunks.append(chunk(world, film[:2], adapter))
    assert not torch.equal(*chunks)
    spent = []
    for which in (0, 1, 0, 1):
        began = time.perf_counter()
        adapter.load(memories[which])
        spent.append(1000 * (time.perf_counter() - began))
        assert torch.equal(chunks[which], chunk(world, film[:2], adapter))
    print(f"\n{read_entry_family(world, request)}: swapped in {min(spent):.2f} ms")


def test_another_worlds_memory_is_refused(world, adapter, folder, tmp_path):
    film = seen(world, 1 + world.geometry.n_new)
    teacher = learner(world, adapter, steps=1)
    live(teacher, film)
    save_snapshot(tmp_path / "memory.safetensors", teacher.snapshot(film[-1:]))
    other = shutil.copytree(folder, tmp_path / "other")  # alike, and yet another
    own = json.loads((other / "world.json").read_text("utf-8"))
    tiny.describe(other, **{**own, "name": "Another"})
    with pytest.raises(MemoryRefused, match="only fits the very world"):
        load_snapshot(tmp_path / "memory.safetensors", content_hash(other))
    before = adapter.weights()
    foreign = {n.replace("lora_", "other."): a for n, a in before.items()}
    cut = {n: a[:-1] for n, a in before.items()}
    for wrong in (foreign, cut, {}):
        with pytest.raises(MemoryRefused, match="does not fit"):
            adapter.load(wrong)
    assert all(before[n].tobytes() == a.tobytes() for n, a in adapter.weights().items())


def test_an_exact_memory_on_a_half_precision_base(folder, tmp_path, monkeypatch):
    """On CUDA the networks are in bfloat16; what is learned is not."""
    if read_entry(folder).family == "starter":
        pytest.skip("the starter world is in full precision everywhere")
    monkeypatch.setattr(parts, "dtype_for", lambda device: torch.bfloat16)
    world = load_world(folder)
    assert torch.bfloat16 in {p.dtype for p in world.net.parameters()}
    past = seen(world, 2)
    base = chunk(world, past)
    held = Adapter(world, rank=4)
    assert {p.dtype for p in held.parameters.values()} == {torch.float32}
    assert torch.equal(base, chunk(world, past, held))
    teacher = learner(world, held, steps=3)
    film = seen(world, 1 + world.geometry.n_new)
    outcome = live(teacher, film)
    assert outcome.skipped is None and not held.is_fresh
    save_snapshot(tmp_path / "memory.safetensors", teacher.snapshot(film[-1:]))
    kept = held.weights()
    assert all(a.dtype == np.float32 for a in kept.values())
    # Rounded to half precision these would be other numbers: they were learned in full.
    assert any((torch.from_numpy(a).bfloat16().float().numpy() != a).any() for a in kept.values())
    held.fresh(1)
    held.load(load_snapshot(tmp_path / "memory.safetensors", world.hash).weights)
    assert all(kept[n].tobytes() == a.tobytes() for n, a in held.weights().items())
    held.remove()
    assert torch.equal(base, chunk(world, past))
