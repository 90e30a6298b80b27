"""A run becomes a world that ships."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from core.learning.publish import STEPS, publish
from core.machine.checksums import wrong_files
from core.media.cv import cv2
from core.worlds.catalogue import load_world, read_entry
from tests.builders.tiny_world import build_tiny_world

_MEASURES = {
    "world": "x", "walks": 12, "sampling_steps": STEPS, "psnr": 27.0, "psnr_repeat_last": 20.0,
    "over_repeat_db": 7.0, "per_frame": [30.0, 24.0], "per_frame_repeat": [28.0, 16.0],
    "turn_left": 1.0, "turn_right": 0.75, "chunks": 20, "spread_last_over_first": 0.98,
    "spread_worst": 0.7, "sharpness_last_over_first": 0.6, "frames_per_second": 12.5,
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    build_tiny_world(folder / "world")
    log = [{"step": 110, "minutes": 1.0, "loss": 0.5}, {"step": 150, "minutes": 9.0, "loss": 0.25}]
    (folder / "log.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in log), "utf-8")
    cv2.imwrite(str(folder / "sheet.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "measures.json").write_text(json.dumps(_MEASURES), "utf-8")
    return folder


def _published(run: Path, out: Path, **changes) -> Path:
    given = {
        "run": run, "out": out, "measures": run.parent / "measures.json", "walks": 3,
        "autoencoder_minutes": 2.0, "command": "train it", "depth_command": "look", "history": "",
        "steps_before": 100, "sampling_steps": STEPS, "remembered": [], **changes,
    }
    publish(Namespace(**given))
    return out


def test_what_ships_is_the_world_in_half_precision(run: Path, tmp_path: Path) -> None:
    out = _published(run, tmp_path / "ship")
    entry = read_entry(out)
    assert entry.steps == STEPS and read_entry(run / "world").steps != STEPS
    before, after = load_world(run / "world"), load_world(out)
    z = before.encode(np.full((1, 64, 64, 3), 90, np.uint8))
    assert np.abs(before.decode(z).astype(int) - after.decode(z).astype(int)).max() <= 2
    shipped = sum(p.stat().st_size for p in out.rglob("*.safetensors"))
    trained = sum(p.stat().st_size for p in (run / "world").rglob("*.safetensors"))
    assert shipped < 0.6 * trained
    assert not wrong_files(out)
    for config in out.rglob("config.json"):  # nothing of where it was trained
        assert str(tmp_path) not in config.read_text("utf-8")


def test_its_card_says_what_was_measured(run: Path, tmp_path: Path) -> None:
    card = (_published(run, tmp_path / "ship", history="And so on.") / "README.md").read_text("utf-8")
    assert "50 steps of 16 clips in 9 minutes" in card and "went from 0.500 to 0.250" in card
    assert "27.00 dB" in card and "+7.00 for the model" in card and "12.5" in card
    assert f"{STEPS} steps, decoding" in card and "100% / 75%" in card
    assert "another trajectory's actions" not in card  # which were not measured
    assert "What it remembers" not in card and "And so on." in card
    assert "{" not in card
