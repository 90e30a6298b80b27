"""The sample scenes that come with the studio: NAME.png with NAME.json beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "samples"


@dataclass(frozen=True)
class Sample:
    """``actions``: (text, frames) one after the other."""

    picture: Path
    scene: str
    actions: tuple[tuple[str, int], ...]


def first_sample(folder: Path = FOLDER) -> Sample:
    """The first one by name; raises ValueError with a sentence where there is none."""
    for picture in sorted(folder.glob("*.png")):
        facts = picture.with_suffix(".json")
        if facts.is_file():
            return read_sample(picture, facts)
    raise ValueError(f"There are no samples in {folder}. Fetch the project's files again.")


def read_sample(picture: Path, facts: Path) -> Sample:
    """``{"scene": "...", "actions": [["walk forward", 16], …]}``, lengths in frames."""
    try:
        data = json.loads(facts.read_text("utf-8"))
        actions = tuple((str(text), int(frames)) for text, frames in data["actions"])
        return Sample(picture, str(data.get("scene", "")), actions)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"The sample {facts.name} is damaged ({error}).") from error
