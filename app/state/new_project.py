"""What an artist asks for in a new project, and where it goes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.project.model import Crop


@dataclass(frozen=True)
class NewProject:
    """What the artist asked for. ``folder`` does not exist yet."""

    source: Path
    kind: str  # picture | video
    crop: Crop
    name: str
    folder: Path
    scene: str
    actions: tuple[tuple[str, int], ...] = ()  # texts with frames, written behind the start
    media: str = ""  # what the start is called in the project, else its file's name
    world: str = ""  # id of the world it walks through; "" = the starter world
    slow_adapter: Path | None = None  # on top of that world


def file_name(name: str) -> str:
    """``name`` as a file or folder can be called on every system; without an ending."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", name).strip(" .")[:80] or "Untitled"


def free_folder(parent: Path, name: str) -> Path:
    """A folder for ``name`` below ``parent`` that is not taken."""
    clean = file_name(name)
    folder, n = parent / clean, 2
    while folder.exists():
        folder, n = parent / f"{clean} {n}", n + 1
    return folder
