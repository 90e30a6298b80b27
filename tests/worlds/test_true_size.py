"""The benchmark at true size runs where there is no card: in small, every family."""

from __future__ import annotations

import json

import pytest
import torch

from core.worlds.protocol import World
from tests.benchmarks import true_size


@pytest.mark.parametrize("family", true_size.FAMILIES)
def test_a_family_is_built_and_measured(family):
    found = true_size.measure(family, tiny=True, steps=1)
    assert found["weights"] == "random" and found["tiny"] and found["device"] == "cpu"
    assert found["call_s"] > 0 and found["chunk_s"] > found["chunk_sample_s"] > 0
    assert found["call_tflop"] > 0 and 0 < found["share_of_own_matmul"]
    assert found["share_of_published_peak"] is None and found["call_peak_gib"] is None
    assert found["step_plain_s"] > 0 and found["step_checkpointed_s"] > 0
    json.dumps(found)


def test_the_true_sizes_are_the_published_ones():
    """Counted without making them."""
    import diffusers

    kinds = {
        "wan": ("WanTransformer3DModel", 5.0), "ltx": ("LTXVideoTransformer3DModel", 1.92),
        "skyreels": ("SkyReelsV2Transformer3DModel", 1.42),
        "modelscope": ("UNet3DConditionModel", 1.41),
    }
    for family, (kind, billions) in kinds.items():
        with torch.device("meta"):
            net = getattr(diffusers, kind)(**true_size.TRUE[family][0])
        made = sum(p.numel() for p in net.parameters()) / 1e9
        assert made == pytest.approx(billions, rel=0.02), family


def test_what_is_there_is_not_measured_again(tmp_path, capsys):
    command = ["--tiny", "--steps", "1", "--out", str(tmp_path), "--family", "modelscope"]
    kept = tmp_path / "modelscope.json"
    kept.write_text(json.dumps({"family": "modelscope", "tiny": True, "chunk_steps": 1}), "utf-8")
    assert true_size.main(command) == 0
    assert json.loads(capsys.readouterr().out) == [json.loads(kept.read_text("utf-8"))]
    late = [*command[:2], "2", *command[3:], "--limit", "0.01"]  # other steps: to be measured
    assert true_size.main(late) == 1
    assert "not done within" in json.loads(capsys.readouterr().out)[0]["error"]


def test_it_is_a_world(tmp_path):
    assert isinstance(true_size.build("ltx", tmp_path, torch.device("cpu"), True), World)
