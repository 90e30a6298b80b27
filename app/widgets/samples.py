"""The sample scenes that come with the studio."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "samples"


@dataclass(frozen=True)
class Sample:
    """``actions``: a first walk to offer, texts with seconds."""

    picture: Path
    name: str
    scene: str = ""
    actions: tuple[tuple[str, float], ...] = ()


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
        name = str(facts.get("name") or picture.stem.replace("_", " ").replace("-", " ").capitalize())
        found.append(Sample(picture, name, str(facts.get("scene", "")), _actions(facts.get("actions"))))
    return found


def _actions(raw: object) -> tuple[tuple[str, float], ...]:
    """Accepts [["walk forward", 2]], [{"text": …, "seconds": …}] and ["walk forward:2s"]."""
    found: list[tuple[str, float]] = []
    for one in raw if isinstance(raw, list) else []:
        try:
            if isinstance(one, str):
                text, _, length = one.rpartition(":")
                found.append((text or length, float(length.rstrip("s ")) if text else 2.0))
            elif isinstance(one, dict):
                found.append((str(one["text"]), float(one.get("seconds", 2))))
            else:
                found.append((str(one[0]), float(one[1])))
        except (KeyError, IndexError, TypeError, ValueError):
            continue
    return tuple(found)
