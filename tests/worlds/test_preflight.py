"""What a world needs and which tier it gets, from its files and made-up machines."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.machine.gpus import Gpu
from core.machine.probe import Machine
from core.rollout.request import LEAD
from core.worlds.catalogue import load_world, read_entry
from core.worlds.needs import Shape, needs, shape_of
from core.worlds.preflight import GIB, Room, preflight, room_of
from core.worlds.tiers import FULL, TIERS, missing, tier
from core.worlds.weights import Size, size_of
from tests.worlds.tiny import build_modelscope, build_wan

CONFIG = {
    "num_attention_heads": 24, "attention_head_dim": 128, "num_layers": 30, "ffn_dim": 14336,
    "patch_size": [1, 2, 2],
}
VAE = {"z_dim": 48, "scale_factor_spatial": 16, "patch_size": 2, "decoder_base_dim": 256}


def head(path: Path, shapes: dict[str, list[int]]) -> None:
    """A safetensors file's head and no more: its numbers are never read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {n: {"dtype": "BF16", "shape": s, "data_offsets": [0, 0]} for n, s in shapes.items()}
    text = json.dumps(told).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)


@pytest.fixture(scope="module")
def wan_5b(tmp_path_factory):
    """Wan 2.2 TI2V 5B in its sizes alone: 5 billion numbers, 0.7 in the autoencoder, 5.7 in the
    text encoder."""
    folder = tmp_path_factory.mktemp("wan-5b")
    shapes = {}
    for i in range(30):
        for attention in ("attn1", "attn2"):
            for layer in ("to_q", "to_k", "to_v", "to_out.0"):
                shapes[f"blocks.{i}.{attention}.{layer}.weight"] = [3072, 3072]
        shapes[f"blocks.{i}.ffn.net.0.proj.weight"] = [14336, 3072]
        shapes[f"blocks.{i}.ffn.net.2.weight"] = [3072, 14336]
    head(folder / "transformer" / "model.safetensors", shapes)
    head(folder / "vae" / "model.safetensors", {"x": [704, 1_000_000]})
    head(folder / "text_encoder" / "model.safetensors", {"x.weight": [5_680, 1_000_000]})
    (folder / "transformer" / "config.json").write_text(json.dumps(CONFIG))
    (folder / "vae" / "config.json").write_text(json.dumps(VAE))
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "WanPipeline"}))
    return read_entry(folder)


def card(memory: float, host: float = 64) -> Room:
    return Room("cuda", "a card", int(memory * GIB), int(host * GIB), tflops=165)


def test_sizes_come_from_the_heads(tmp_path):
    shapes = {"b.attn1.to_q.weight": [4, 6], "b.norm.weight": [5], "c": [2, 2]}
    head(tmp_path / "a.safetensors", shapes)
    assert size_of(tmp_path, r".*\.attn1\.to_q") == Size(33, 24, 10)
    (tmp_path / "b.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match="no safetensors"):
        size_of(tmp_path)


def test_the_adapters_layers_are_the_families_own(tmp_path):
    from core.memory.adapter import Adapter
    from core.worlds.catalogue import load_world
    from core.worlds.needs import shape_of

    for build in (build_wan, build_modelscope):
        folder = build(tmp_path / build.__name__)
        held = Adapter(load_world(folder, "cpu"), rank=4).parameters
        assert 4 * shape_of(read_entry(folder)).net.adapted == sum(p.numel() for p in held.values())


def test_each_tier_gets_by_with_less(wan_5b):
    from core.worlds.needs import shape_of

    shape = shape_of(wan_5b)
    sums = {t.id: needs(shape, t, card=True) for t in TIERS}
    peaks = [sums[id].learn for id in ("full", "bf16", "int8", "offload")]
    assert peaks == sorted(peaks, reverse=True) and len(set(peaks)) == 4
    assert sums["int8"].learn == sums["fp8"].learn
    assert sums["tiled"].chunk < sums["bf16"].chunk
    assert sums["bf16"].weights == pytest.approx(2 * 4.9e9, rel=0.05)
    assert all(s.learn >= s.chunk for s in sums.values())


@pytest.mark.parametrize(
    ("memory", "wanted"), [(141, "full"), (24, "bf16"), (12, "offload"), (2, "offload")]
)
def test_the_first_tier_that_fits(wan_5b, monkeypatch, memory, wanted):
    monkeypatch.setattr("core.worlds.tiers.has", lambda name: False)
    found = preflight(wan_5b, card(memory))
    assert found.tier.id == wanted
    assert found.fits is (memory > 2)
    assert "a card" in found.words and "an estimate" in found.words and "GB" in found.words
    if wanted != "full" and found.fits:
        assert "more would not fit" in found.words
    if not found.fits:
        assert "more than there is" in found.words
    assert "torchao, which is not installed" in found.details


def test_what_is_measured_counts_and_learning_counts_where_something_is_learned(wan_5b):
    found = preflight(wan_5b, card(24), measured=12.0)
    assert found.measured and "about 12 s (as measured here)" in found.words
    still = preflight(wan_5b, card(24), learns=0)
    assert still.words.startswith("wan-5b") and "a chunk needs" in still.words
    assert preflight(wan_5b, card(24), learns=10).seconds > preflight(wan_5b, card(24)).seconds
    assert preflight(wan_5b, card(24), steps=10).seconds < found.seconds * 100


def test_the_person_may_choose(wan_5b):
    found = preflight(wan_5b, card(8), chosen="full")
    assert found.tier.id == "full" and not found.fits
    assert "as you chose" in found.words and "may run out" in found.words
    with pytest.raises(ValueError, match="no tier"):
        preflight(wan_5b, card(8), chosen="huge")


def test_after_memory_ran_out_only_lower_ones(wan_5b):
    assert preflight(wan_5b, card(141), below="full").tier.id == "bf16"
    with pytest.raises(ValueError, match="no tier below"):
        preflight(wan_5b, card(141), below="offload")


def test_text_encoders_are_given_up_where_memory_is_short(wan_5b):
    assert preflight(wan_5b, card(24, host=64)).keep_text
    assert not preflight(wan_5b, card(24, host=16)).keep_text


def test_a_distilled_checkpoint_says_why_it_does_not_learn(wan_5b):
    entry = replace(wan_5b, fast_learning=False, why_not="A step costs as much as its chunk.")
    words = preflight(entry, card(80), learns=0).words
    assert "Fast learning is off for it by default: A step costs" in words
    assert "Fast learning" not in preflight(wan_5b, card(80)).words


def test_a_person_can_have_it_learn_all_the_same(wan_5b):
    """What they chose is counted in what it needs, and said with the reason against it."""
    entry = replace(wan_5b, fast_learning=False, why_not="A step costs as much as its chunk.")
    off, on = (preflight(entry, card(24), learns=n) for n in (0, 16))
    assert "as you chose. By default it is off here: A step costs" in on.words
    assert on.seconds > off.seconds


def test_rooms():
    none = Machine("linux", "x86_64", "", "", 8, 32_000, 20_000)
    assert room_of(none).device == "cpu" and room_of(none).memory == 20_000 * 2**20
    two = replace(none, gpus=(Gpu("nvidia", "Small", 8192), Gpu("nvidia", "RTX 4090", 24564)))
    found = room_of(two)
    assert (found.device, found.title, found.tflops) == ("cuda", "RTX 4090", 165)
    silent = replace(none, gpus=(Gpu("amd", "AMD gfx1100"),))
    assert room_of(silent).memory is None


def test_a_card_that_does_not_say_how_much_it_has(wan_5b):
    found = preflight(wan_5b, Room("cuda", "a card", None, None))
    assert found.fits is None and "is not known" in found.words and found.tier.id == "full"


def test_it_needs_no_torch():
    script = "import sys, core.worlds.preflight; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_missing_part_counts_nothing(wan_5b):
    bare = Shape(wan_5b, Size(), Size(), Size(), {}, {})
    assert needs(bare, tier("full"), card=True).weights == 0 and not missing(tier("bf16"))


def test_a_nearly_full_disk_is_said(wan_5b):
    room = replace(card(24), disk=3 * GIB)
    assert "room for 10 more chunks" in preflight(wan_5b, room, chunk_bytes=300 * 2**20).words
    assert "no more chunk" in preflight(wan_5b, room, chunk_bytes=4 * GIB).words
    assert "disk" not in preflight(wan_5b, room, chunk_bytes=2**20).words


def test_every_way_is_offered_with_what_it_needs(wan_5b, monkeypatch):
    monkeypatch.setattr("core.worlds.tiers.has", lambda name: False)
    found = preflight(wan_5b, card(24), most="tiled")
    assert [one.id for one in found.options] == [t.id for t in TIERS]
    assert found.options[0].peak > found.options[-1].peak and found.there == 24 * GIB
    assert found.options[0].fits is False and found.options[-1].fits is True


def test_host_memory_that_ran_out_takes_the_tier_that_needs_least_of_it(wan_5b, monkeypatch):
    """On a card lower tiers need more of it: where nothing fits, not the lowest is taken."""
    monkeypatch.setattr("core.worlds.tiers.has", lambda name: False)
    room = card(24, host=4)
    assert preflight(wan_5b, room, below="bf16").tier.id == "offload"
    found = preflight(wan_5b, room, below="bf16", thrifty=True)
    assert found.tier.id == "tiled" and not found.keep_text


def test_the_disk_that_a_chunk_of_a_5b_world_takes(wan_5b):
    from core.project.model import WorldRef
    from core.rollout.disk import chunk_size
    from tests.project.parts import empty

    p = replace(empty(), world=WorldRef(wan_5b.id, "0" * 64, "Wan"))
    each = chunk_size(p, wan_5b)
    assert 283e6 < each.memory < 290e6 and each.take < 15e6
    bank = replace(p, memory=replace(p.memory, preset="bank"))
    assert 94e6 < chunk_size(bank, wan_5b).memory < 100e6


@pytest.mark.parametrize("family", ["wan", "skyreels"])
def test_what_decoding_needs_on_the_processor_is_told_within_a_factor_of_two(tmp_path, family):
    from tests.benchmarks.fitting import Live
    from tests.worlds import tiny

    folder = tiny.BUILDERS[family](tmp_path / family)
    facts = json.loads((folder / "world.json").read_text("utf-8"))
    tiny.describe(folder, **{**facts, "width": 192, "height": 128, "n_new": 2})
    world, live = load_world(folder), Live()
    g, parts = world.geometry, world.parts()
    shape = (g.channels, g.latent_height, g.latent_width)
    z, before = torch.randn(g.n_new, *shape), torch.randn(LEAD, *shape)
    for held in (*parts.net.parameters(), *parts.vae.parameters()):
        live.count(held.detach())
    with live:
        world.decode(z, before)
    ratio = needs(shape_of(read_entry(folder)), FULL, card=False).decode / live.peak
    assert 1 <= ratio <= 2
