"""A slow adapter becomes a project's: its file lies among the project's own, its world is the
project's from then on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.project import edits
from core.project.errors import EditError
from core.project.model import Project, SlowAdapterRef, WorldRef
from core.project.store import ProjectStore
from core.rollout.missing_adapter import missing_adapter
from core.worlds.catalogue import WorldEntry
from core.worlds.slow_adapter import check_slow_adapter, load_slow_adapter, merged_hash, merged_name


def adopt_slow_adapter(
    store: ProjectStore, world: WorldEntry, path: Path, name: str = ""
) -> Callable[[Project], Project]:
    """Copy the adapter in ``path`` into the project; the edit returned sets it, and can be run
    again. It is called ``name``, or as its file is.

    ``world`` is the project's world as it is installed, without an adapter. Refused, before
    anything is changed, with WorldError where the file is none or not for that world, and with
    EditError where the project is of another world or version; ProjectError where it can't be
    copied. Reads every file of the world the first time.
    """
    path, p = Path(path), store.project
    name = name or path.stem
    own = WorldRef(world.id, world.hash, world.name)
    check_slow_adapter(path, own.hash, own.name)
    load_slow_adapter(path)  # whole, and of numbers
    merged = WorldRef(own.id, merged_hash(own.hash, path), merged_name(own.name, name))
    base = p.slow_adapter.base if p.slow_adapter is not None else p.world
    missing = missing_adapter(p)
    if missing is not None and base.hash != merged.hash:
        raise EditError(
            f"{missing.words} {path.name} is another one. Choose the very file, or go on without "
            "it first."
        )
    if base.id != own.id or base.hash not in (own.hash, merged.hash):
        raise EditError(
            f"This project was made with “{base.name}” (version {base.hash[:8]}), and installed is "
            f"“{own.name}” (version {own.hash[:8]}). Install the version it was made with first, "
            "then choose the slow adapter."
        )
    asset = store.import_file(path, "slow_adapter", name=name)
    ref = SlowAdapterRef(asset.id, name, own)
    return lambda p: edits.set_slow_adapter(edits.add_assets(p, [asset]), ref, merged)
