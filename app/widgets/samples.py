"""The sample scenes that come with the studio."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "samples"


@dataclass(frozen=True)
class Sample:
    """``actions``: a first walk to offer, texts with frames."""

    picture: Path
    name: str
    scene: str = ""
    actions: tuple[tuple[str, int], ...] = ()


def samples(folder: Path = FOLDER) -> list[Sample]:
    """Every picture in the folder with the facts in the .json beside it."""
    found = []
    for picture in sorted(folder.glob("*.png")) if folder.is_dir() else []:
        facts: dict = {}
        try:
            facts = json.loads(picture.with_suffix(".json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            pass
        if not isinstance(facts, dict):
            facts = {}
        name = str(
            facts.get("name") or picture.stem.replace("_", " ").replace("-", " ").capitalize()
        )
        found.append(
            Sample(picture, name, str(facts.get("scene", "")), _actions(facts.get("actions")))
        )
    return found


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
