"""Which worlds this studio has, and how each is loaded. Knows geometry without importing torch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.worlds.protocol import World

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
DEFAULT = "starter"


class WorldError(Exception):
    """A world is missing, broken or another one than expected; the message says what to do."""


@dataclass(frozen=True)
class WorldEntry:
    """A world on disk, as its ``world.json`` describes it; with a ``slow_adapter`` where one is to
    be merged into its weights (see ``with_slow_adapter``)."""

    id: str
    name: str
    family: str
    folder: Path
    width: int
    height: int
    rate: Fraction
    n_past: int
    n_new: int
    licence: str
    slow_adapter: Path | None = None

    @property
    def hash(self) -> str:
        """Content hash of the world's files (reads them all: not for the interface thread)."""
        own = content_hash(self.folder)
        if self.slow_adapter is None:
            return own
        from core.worlds.slow_adapter import merged_hash

        return merged_hash(own, self.slow_adapter)


def content_hash(folder: Path) -> str:
    """sha256 over the world's configs and weights, by relative name, hex."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".json", ".safetensors")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_entry(folder: Path) -> WorldEntry:
    """Describe the world in ``folder``; raises WorldError."""
    try:
        config: dict[str, Any] = json.loads((folder / "world.json").read_text("utf-8"))
        return WorldEntry(
            id=str(config["id"]), name=str(config["name"]), family=str(config["family"]),
            folder=folder, width=int(config["size"]), height=int(config["size"]),
            rate=Fraction(config["rate"]), n_past=int(config["n_past"]),
            n_new=int(config["n_new"]), licence=str(config["licence"]),
        )
    except FileNotFoundError as error:
        raise WorldError(
            f"There is no world in {folder} (no world.json). Install the studio again, or point it "
            "to a folder with a world."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorldError(
            f"The world in {folder} can't be read: its world.json is damaged. Install it again; "
            "projects are not touched."
        ) from error


def find_world(id: str = DEFAULT) -> WorldEntry:
    """The world called ``id``; raises WorldError where there is none."""
    if not id.replace("-", "").replace("_", "").isalnum():
        raise WorldError(f"{id!r} is not the name of a world.")
    folder = RESOURCES / "worlds" / id
    if not folder.is_dir():
        raise WorldError(
            f"The world {id!r} is not installed. Installed: {', '.join(installed()) or 'none'}."
        )
    return read_entry(folder)


def installed() -> list[str]:
    """Ids of the worlds that are there."""
    root = RESOURCES / "worlds"
    return sorted(p.parent.name for p in root.glob("*/world.json"))


def with_slow_adapter(entry: WorldEntry, path: Path) -> WorldEntry:
    """The world with the slow adapter in ``path``; raises WorldError where that is not for it."""
    from core.worlds.slow_adapter import check_slow_adapter, merged_name

    check_slow_adapter(path, entry.hash, entry.name)
    return replace(entry, name=merged_name(entry.name, path), slow_adapter=path)


def load_world(folder: Path, device: str = "cpu", slow_adapter: Path | None = None) -> World:
    """Load the world in ``folder``, with a slow adapter merged into its weights where one is given;
    raises WorldError with the reason when it can't be."""
    entry = read_entry(folder)
    import torch

    if entry.family != "starter":
        raise WorldError(
            f"{entry.name} is of the family {entry.family!r}, which this version can't run. "
            "Update the studio."
        )
    from core.worlds.starter.world import load

    try:
        world = load(folder, torch.device(device))
    except Exception as error:  # the loaders raise many types for a broken file
        raise WorldError(
            f"{entry.name} can't be loaded: a file of it is missing or damaged ({error}). "
            "Install it again; projects are not touched."
        ) from error
    if slow_adapter is not None:
        from core.worlds.slow_adapter import merge_slow_adapter

        merge_slow_adapter(world, slow_adapter)
    return world
