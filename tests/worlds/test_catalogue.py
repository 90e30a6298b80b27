"""Worlds on a disk that say little about themselves, and those that can't be run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from core.worlds.catalogue import (
    WorldError,
    content_hash,
    find_world,
    installed,
    load_world,
    read_entry,
)
from core.worlds.families import FAMILIES

ROOT = Path(__file__).resolve().parents[2]


def index(folder: Path, pipeline: str, **more) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": pipeline, **more}))
    return folder


@pytest.mark.parametrize(
    "pipeline, family, chunk, rate",
    [
        ("WanPipeline", "wan", 48, 24), ("LTXConditionPipeline", "ltx", 64, 24),
        ("SkyReelsV2DiffusionForcingPipeline", "skyreels", 48, 24),
        ("TextToVideoSDPipeline", "modelscope", 14, 8),
    ],
)
def test_the_family_is_told_by_diffusers_index(tmp_path, pipeline, family, chunk, rate):
    entry = read_entry(index(tmp_path / "Some-Model-1.0", pipeline))
    assert (entry.family, entry.id, entry.name) == (family, "Some-Model-1.0", "Some-Model-1.0")
    assert (entry.chunk_frames, entry.rate) == (chunk, Fraction(rate))
    assert entry.chunk_frames == entry.n_new * entry.t_stride and entry.n_past > 1
    assert entry.steps > 4 and entry.guidance > 1 and entry.licence


def test_facts_of_ours_stand_over_the_familys(tmp_path):
    folder = index(tmp_path / "w", "WanPipeline")
    (folder / "world.json").write_text(json.dumps({"family": "wan", "width": 640, "steps": 12}))
    entry = read_entry(folder)
    assert (entry.id, entry.width, entry.height, entry.steps) == ("w", 640, 480, 12)
    (folder / "world.json").write_text(json.dumps({"family": "wan", "n_new": 0}))
    with pytest.raises(WorldError, match="world.json is damaged"):
        read_entry(folder)


def test_a_snapshot_in_the_hubs_cache_has_its_repositorys_name(tmp_path):
    folder = tmp_path / "models--Owner--Some-Model" / "snapshots" / ("0" * 40)
    assert read_entry(index(folder, "WanPipeline")).id == "Some-Model"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "3"])
def test_a_damaged_index_is_said(tmp_path, text):
    (tmp_path / "model_index.json").write_text(text)
    with pytest.raises(WorldError, match="model_index.json is damaged"):
        read_entry(tmp_path)


def test_what_can_not_be_run_is_said(tmp_path):
    with pytest.raises(WorldError, match="a FluxPipeline, which this version can't run"):
        read_entry(index(tmp_path, "FluxPipeline"))


def test_worlds_are_found_in_folders_of_the_persons(tmp_path, tiny_checkpoint):
    index(tmp_path / "models" / "Wan-2.2", "WanPipeline")
    assert "starter" in installed()
    assert {"starter", "Wan-2.2"} <= set(installed([tmp_path / "models"]))
    assert find_world("Wan-2.2", [tmp_path / "nothing", tmp_path / "models"]).family == "wan"
    assert find_world(str(tiny_checkpoint("wan"))).id == "tiny-wan"
    with pytest.raises(WorldError, match="not installed. Installed: Wan-2.2, starter"):
        find_world("other", [tmp_path / "models"])
    for bad in ("../models/Wan-2.2", "..", ".hidden", "a/b"):
        with pytest.raises(WorldError, match="not the name of a world"):
            find_world(bad, [tmp_path])


def test_what_a_download_notes_beside_a_world_is_not_the_world(tmp_path):
    folder = index(tmp_path / "w", "WanPipeline")
    before = content_hash(folder)
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "notes.json").write_text("{}")
    assert content_hash(folder) == before
    index(folder, "WanPipeline", changed=True)
    assert content_hash(folder) != before


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"expand_timesteps": False}, "expand_timesteps is False"),
        ({"transformer_2": ["diffusers", "WanTransformer3DModel"]}, "transformer_2 is 'diffusers'"),
    ],
)
def test_other_kinds_of_wan_are_refused_with_the_reason(tmp_path, tiny_checkpoint, changes, why):
    copy = shutil.copytree(tiny_checkpoint("wan"), tmp_path / "copy")
    found = json.loads((copy / "model_index.json").read_text())
    (copy / "model_index.json").write_text(json.dumps({**found, **changes}))
    with pytest.raises(WorldError, match=why):
        load_world(copy)


@pytest.mark.parametrize(
    "changes, why", [({"width": 90}, "whole in steps of 32"), ({"t_stride": 8}, "4 pictures at a")]
)
def test_a_window_that_does_not_fit_is_refused_with_the_reason(
    tmp_path, tiny_checkpoint, changes, why
):
    copy = shutil.copytree(tiny_checkpoint("wan"), tmp_path / "copy")
    found = json.loads((copy / "world.json").read_text())
    (copy / "world.json").write_text(json.dumps({**found, **changes}))
    with pytest.raises(WorldError, match=why):
        load_world(copy)


def test_a_tokenizer_may_be_a_sentencepiece_model_alone(tmp_path, tiny_checkpoint):
    """As LTX-Video's is, without the JSON that others have beside it."""
    import sentencepiece

    copy = shutil.copytree(tiny_checkpoint("ltx"), tmp_path / "copy")
    shutil.rmtree(copy / "tokenizer")
    (copy / "tokenizer").mkdir()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the camera walks forward, then turns left"] * 50), vocab_size=40,
        model_prefix=str(copy / "tokenizer" / "spiece"), pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
        hard_vocab_limit=False, minloglevel=2,
    )
    facts = {"tokenizer_class": "T5Tokenizer", "extra_ids": 0}
    (copy / "tokenizer" / "tokenizer_config.json").write_text(json.dumps(facts))
    world = load_world(copy)
    assert len(world.prompts("turns left")) > 2
    shutil.rmtree(copy / "tokenizer")
    with pytest.raises(WorldError, match="tokenizer is not there"):
        load_world(copy)


def test_the_catalogue_knows_every_family_without_loading_one():
    """The window opens with it: no torch, and no family's module."""
    script = (
        "import sys, core.worlds.catalogue as c; c.read_entry(c.RESOURCES / 'worlds' / 'starter');"
        "print([m for m in sys.modules if m in ('torch', 'diffusers') or m in "
        f"{[f.module for f in FAMILIES.values()]!r}])"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"
    for family in FAMILIES.values():
        assert (ROOT / (family.module.replace(".", "/") + ".py")).is_file()
