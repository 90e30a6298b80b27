"""A slow adapter that a project was made with and does not have: a film's recipe names it, and its
file does not travel in a film. It is found by what its world becomes with it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.project import codec
from core.project.model import Project, WorldRef
from core.worlds.catalogue import WorldError
from core.worlds.slow_adapter import check_slow_adapter, merged_hash

#: Key in ``Project.extra``: the adapter that the project's world needs, until it is there.
KEY = "missing_slow_adapter"
_MOST = 500  # files that are looked into: their heads, and the whole of those that fit the world


@dataclass(frozen=True)
class MissingAdapter:
    """``name`` as its film called it; ``base`` is the world that it is added to, ``merged`` the
    hash of both together."""

    name: str
    base: WorldRef
    merged: str

    @property
    def words(self) -> str:
        """What is missing, in a sentence."""
        return (
            f"This film was made with the slow adapter “{self.name}” on “{self.base.name}”, and "
            "that file was not found here."
        )


def kept(p: Project, missing: MissingAdapter) -> Project:
    """The project, which says what it lacks."""
    return replace(p, extra={**p.extra, KEY: codec.write(missing, {})})


def missing_adapter(p: Project) -> MissingAdapter | None:
    """What the project lacks; None where it has it, or walks through another world by now."""
    said: Any = p.extra.get(KEY)
    if p.slow_adapter is not None or not isinstance(said, dict):
        return None
    try:
        found: MissingAdapter = codec.read(MissingAdapter, said, {})
    except codec.Wrong:
        return None
    return found if found.merged == p.world.hash else None


def find_adapter(missing: MissingAdapter, folders: Iterable[str | os.PathLike]) -> Path | None:
    """The very file, where it lies in one of ``folders``; subfolders are not looked into."""
    looked = 0
    for folder in folders:
        try:
            files = sorted(Path(folder).glob("*.safetensors"))
        except OSError:
            continue
        for file in files:
            if (looked := looked + 1) > _MOST:
                return None
            try:
                check_slow_adapter(file, missing.base.hash, missing.base.name)
                if merged_hash(missing.base.hash, file) == missing.merged:
                    return file
            except WorldError:
                continue  # something else, or of another world
    return None


def without_adapter(p: Project) -> Project:
    """The project in its world as it is by itself: what is made will differ from the film."""
    missing = missing_adapter(p)
    return p if missing is None else replace(p, world=missing.base)
