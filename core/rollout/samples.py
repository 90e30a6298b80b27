"""The sample scenes that come with the studio: NAME.png, with its facts in NAME.json beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

SAMPLE_RATE = 8  # frames a second in which their walks are written
FOLDER = Path(__file__).resolve().parents[2] / "resources" / "samples"


@dataclass(frozen=True)
class Sample:
    """``actions``: a first walk to offer, (text, frames) one after the other."""

    picture: Path
    name: str
    scene: str = ""
    actions: tuple[tuple[str, int], ...] = ()


def samples(folder: Path = FOLDER) -> list[Sample]:
    """Every picture in the folder by name; facts that are missing or damaged are left out."""
    return [_read(picture) for picture in sorted(folder.glob("*.png"))]


def first_sample(folder: Path = FOLDER) -> Sample:
    """The first one with a walk; raises ValueError with a sentence where there is none."""
    for sample in samples(folder):
        if sample.actions:
            return sample
    raise ValueError(f"There is no whole sample in {folder}. Fetch the project's files again.")


def _read(picture: Path) -> Sample:
    """``{"name": "...", "scene": "...", "actions": [["walk forward", 16], …]}``."""
    try:
        facts = json.loads(picture.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError):
        facts = {}
    if not isinstance(facts, dict):
        facts = {}
    named = picture.stem.replace("_", " ").replace("-", " ").capitalize()
    return Sample(
        picture, str(facts.get("name") or named), str(facts.get("scene", "")),
        _actions(facts.get("actions")),
    )


def _actions(raw: object) -> tuple[tuple[str, int], ...]:
    found: list[tuple[str, int]] = []
    for one in raw if isinstance(raw, list) else []:
        try:
            text, frames = str(one[0]), int(one[1])
        except (IndexError, TypeError, ValueError):
            continue
        if text and frames > 0:
            found.append((text, frames))
    return tuple(found)
