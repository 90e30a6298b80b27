"""Which worlds this studio has, and how each is loaded. Knows geometry without importing torch."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.machine.exhausted import out_of_memory
from core.machine.heap import kept
from core.worlds.families import FAMILIES, family_of
from core.worlds.tiers import FULL, Tier

if TYPE_CHECKING:
    from core.worlds.protocol import World

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
DEFAULT = "starter"
#: What a world on disk is described by: our own description, or diffusers' index of its parts.
DESCRIPTION, INDEX = "world.json", "model_index.json"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class WorldError(Exception):
    """A world is missing, broken or another one than expected; the message says what to do."""


@dataclass(frozen=True)
class WorldEntry:
    """A world on disk, as its ``world.json`` and its family describe it; with a ``slow_adapter``
    where one is to be merged into its weights (see ``with_slow_adapter``)."""

    id: str
    name: str
    family: str
    folder: Path
    width: int
    height: int
    rate: Fraction
    n_past: int  # latent frames
    n_new: int
    licence: str
    t_stride: int = 1  # pictures in a latent frame
    steps: int = 4  # sampling steps that suit it
    guidance: float = 1.0
    fast_learning: bool = True  # whether it is on by default
    why_not: str = ""
    slow_adapter: Path | None = None

    @property
    def places(self) -> bool:
        """Whether its actions say where the camera goes, so that remembered frames have an address."""
        return self.family in FAMILIES and FAMILIES[self.family].places

    @property
    def chunk_frames(self) -> int:
        """Pictures that a chunk adds."""
        return self.n_new * self.t_stride

    @property
    def hash(self) -> str:
        """Content hash of the world's files (reads them all: not for the interface thread)."""
        own = content_hash(self.folder)
        if self.slow_adapter is None:
            return own
        from core.worlds.slow_adapter import merged_hash

        return merged_hash(own, self.slow_adapter)


def content_hash(folder: Path) -> str:
    """sha256 over the world's configs and weights, by relative name, hex. Hidden folders (a
    download's own notes) do not count. A file is read once as long as it stays as it is."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".json", ".safetensors")):
        name = path.relative_to(folder)
        if any(part.startswith(".") for part in name.parts):
            continue
        facts = path.stat()
        digest.update(name.as_posix().encode())
        digest.update(_file_hash(str(path.resolve()), facts.st_size, facts.st_mtime_ns))
    return digest.hexdigest()


@lru_cache(maxsize=1024)
def _file_hash(path: str, size: int, changed: int) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def description(folder: Path) -> dict[str, Any]:
    """The facts of the world in ``folder``: its family's, and over them those of its
    ``world.json``. Raises WorldError."""
    try:
        if not (folder / DESCRIPTION).is_file():
            return _from_index(folder)
        own = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        family = FAMILIES.get(str(own["family"]))
        usual = {"id": _name_of(folder), "name": _name_of(folder), **family.facts} if (
            family is not None and family.pipelines
        ) else {}
        return {**usual, **own}
    except FileNotFoundError as error:
        raise WorldError(
            f"There is no world in {folder} (no {DESCRIPTION}, no {INDEX}). Install the studio "
            "again, or point it to a folder with a world."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder) from error


def _from_index(folder: Path) -> dict[str, Any]:
    """A checkpoint as it lies on a hub: diffusers' index alone says what it is."""
    index = json.loads((folder / INDEX).read_text("utf-8"))
    pipeline = str(index["_class_name"])
    family = family_of(pipeline)
    if family is None:
        raise WorldError(
            f"The model in {folder} is a {pipeline}, which this version can't run. Families it "
            f"runs: {', '.join(name for name, one in FAMILIES.items() if one.pipelines)}."
        )
    name = _name_of(folder)
    return {"id": name, "name": name, "family": family, **FAMILIES[family].facts}


def _name_of(folder: Path) -> str:
    """What to call a checkpoint that has no name of its own: its folder's, or in the hub's cache
    (models--OWNER--NAME/snapshots/REVISION) the repository's."""
    folder = folder.absolute()
    name = folder.name
    if folder.parent.name == "snapshots":
        name = folder.parent.parent.name.rpartition("--")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:200] or "world"


def read_entry(folder: Path) -> WorldEntry:
    """Describe the world in ``folder``; raises WorldError."""
    facts = description(folder)
    try:
        return _entry(folder, facts)
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(folder) from error


def _entry(folder: Path, facts: Mapping[str, Any]) -> WorldEntry:
    size = facts.get("size")
    entry = WorldEntry(
        id=str(facts["id"]), name=str(facts["name"]), family=str(facts["family"]), folder=folder,
        width=int(facts["width"] if size is None else size),
        height=int(facts["height"] if size is None else size),
        rate=Fraction(facts["rate"]), n_past=int(facts["n_past"]), n_new=int(facts["n_new"]),
        licence=str(facts["licence"]), t_stride=int(facts.get("t_stride", 1)),
        steps=int(facts.get("steps", 4)), guidance=float(facts.get("guidance", 1.0)),
        fast_learning=bool(facts.get("fast_learning", True)), why_not=str(facts.get("why_not", "")),
    )
    counts = (entry.width, entry.height, entry.n_past, entry.n_new, entry.t_stride, entry.steps)
    if min(counts) < 1 or entry.rate <= 0:
        raise ValueError("a size is not above 0")
    return entry


def _damaged(folder: Path) -> WorldError:
    which = DESCRIPTION if (folder / DESCRIPTION).is_file() else INDEX
    return WorldError(
        f"The world in {folder} can't be read: its {which} is damaged. Install it again; "
        "projects are not touched."
    )


def find_world(id: str = DEFAULT, search: Sequence[Path] = ()) -> WorldEntry:
    """The world called ``id``, or the one in the folder that ``id`` is the absolute path of.

    The studio's own worlds are looked at first, then the folders of worlds in ``search``. Raises
    WorldError where there is none.
    """
    if Path(id).is_absolute():
        return read_entry(Path(id))
    if not _ID.fullmatch(id):
        raise WorldError(f"{id!r} is not the name of a world.")
    for root in _roots(search):
        if (root / id).is_dir():
            return read_entry(root / id)
    if (folder := fetched().get(id)) is not None:
        return read_entry(folder)
    raise WorldError(
        f"The world {id!r} is not installed. Installed: {', '.join(installed(search)) or 'none'}."
    )


def installed(search: Sequence[Path] = ()) -> list[str]:
    """Names of the worlds that are there, for ``find_world``."""
    found = {
        path.parent.name
        for root in _roots(search) for kind in (DESCRIPTION, INDEX)
        for path in root.glob(f"*/{kind}")
    }
    return sorted({*found, *fetched()})


def fetched() -> dict[str, Path]:
    """Folders of the worlds that were fetched or imported, by id (``core.models``)."""
    from core.models.places import world_folders

    return world_folders()


def _roots(search: Sequence[Path]) -> list[Path]:
    return [RESOURCES / "worlds", *(Path(root) for root in search)]


def with_slow_adapter(entry: WorldEntry, path: Path) -> WorldEntry:
    """The world with the slow adapter in ``path``; raises WorldError where that is not for it."""
    from core.worlds.slow_adapter import check_slow_adapter, merged_name

    check_slow_adapter(path, entry.hash, entry.name)
    return replace(entry, name=merged_name(entry.name, path.stem), slow_adapter=path)


def load_world(
    folder: Path, device: str = "cpu", slow_adapter: Path | None = None, tier: Tier = FULL,
    keep_text: bool = True,
) -> World:
    """Load the world in ``folder``, with a slow adapter merged into its weights where one is given,
    made to fit as ``tier`` says (``core.worlds.fitting``); raises WorldError with the reason when
    it can't be, and what torch raises when there is not enough memory."""
    entry = read_entry(folder)
    family = FAMILIES.get(entry.family)
    if family is None:
        raise WorldError(
            f"{entry.name} is of the family {entry.family!r}, which this version can't run. "
            "Update the studio."
        )
    import torch

    if torch.device(device).type == "cpu":
        kept()
    try:
        world = family.loader()(folder, torch.device(device), tier)
    except WorldError:
        raise
    except Exception as error:  # the loaders raise many types for a broken file
        if out_of_memory(error):
            raise
        raise WorldError(
            f"{entry.name} can't be loaded: a file of it is missing or damaged ({error}). "
            "Install it again; projects are not touched."
        ) from error
    if slow_adapter is not None:
        from core.worlds.slow_adapter import merge_slow_adapter

        merge_slow_adapter(world, slow_adapter)
    from core.worlds.fitting import TierRefused, apply_tier

    try:
        apply_tier(world, tier, torch.device(device), keep_text)
    except TierRefused as error:
        raise WorldError(f"{error} Choose another tier, or leave it to the studio.") from error
    return world
