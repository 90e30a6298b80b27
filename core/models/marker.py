"""The file that makes a folder an installed world: what it is, and the checksum of every file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.models.errors import Refused, disk_trouble
from core.models.names import check_name
from core.models.offers import Offer
from core.project.atomic import write_atomic

NAME = ".installed"  # JSON; hidden and without its ending, so that it is no part of the world
WORLD = "world.json"
SCHEMA = 1


@dataclass(frozen=True)
class Kept:
    """A verified file. ``mtime_ns`` shows whether it was touched since."""

    size: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True)
class Marker:
    """``source``: the person's own folder that an import only links to; "" where the files are the
    studio's own, which it may take away again."""

    id: str
    offer: str
    name: str
    repo: str
    commit: str
    licence: Mapping[str, str]
    at: str
    source: str
    files: Mapping[str, Kept]

    @property
    def owned(self) -> bool:
        return not self.source

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files.values())


def write_marker(folder: Path, marker: Marker) -> None:
    """Whole or not at all; raises DiskTrouble."""
    content = {"schema": SCHEMA, **{k: v for k, v in vars(marker).items() if k != "files"}}
    content["licence"] = dict(marker.licence)
    content["files"] = {name: vars(kept) for name, kept in marker.files.items()}
    write_json(folder / NAME, content)


def read_marker(folder: Path) -> Marker | None:
    """The marker in ``folder``; None where there is none or it can't be used."""
    try:
        found = read_json(folder / NAME)
        files = {
            check_name(name): Kept(int(f["size"]), str(f["sha256"]), int(f["mtime_ns"]))
            for name, f in found["files"].items()
        }
        return Marker(
            id=str(found["id"]), offer=str(found["offer"]), name=str(found["name"]),
            repo=str(found["repo"]), commit=str(found["commit"]),
            licence={str(k): str(v) for k, v in found["licence"].items()}, at=str(found["at"]),
            source=str(found["source"]), files=files,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError, Refused):
        return None


def kept_hashes(folder: Path) -> dict[str, str] | None:
    """sha256 of every file by name, without reading them; None when one was touched since.

    For what would have to read tens of gigabytes only to know that nothing has changed.
    """
    marker = read_marker(folder)
    if marker is None:
        return None
    try:
        for name, kept in marker.files.items():
            now = os.stat(folder / name)
            if (now.st_size, now.st_mtime_ns) != (kept.size, kept.mtime_ns):
                return None
    except OSError:
        return None
    found = {name: kept.sha256 for name, kept in marker.files.items()}
    return found if all(found.values()) else None  # those used in place were not read


def write_world(
    folder: Path, offer: Offer, id: str, name: str, facts: Mapping[str, Any] | None = None
) -> None:
    """The ``world.json`` by which the studio knows the world; the rest its family knows.

    ``facts``: what a ``world.json`` beside imported weights said of them.
    """
    known = {"id": id, "name": name, "family": offer.family, "licence": offer.licence.name}
    write_json(folder / WORLD, {**(facts or {}), **known})


def read_facts(folder: Path, family: str) -> dict[str, Any]:
    """Numbers and words of a ``world.json`` of ``family``; {} where there is none or it is odd."""
    try:
        found = read_json(folder / WORLD, 1 << 20)
        if found["family"] != family:
            return {}
        return {str(k): v for k, v in found.items() if isinstance(v, str | int | float)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def read_json(path: Path, most: int = 64 << 20) -> Any:
    """Raises OSError or ValueError; a huge or deeply nested file is refused like a damaged one."""
    if path.stat().st_size > most:
        raise ValueError(f"{path.name} is too large")
    try:
        return json.loads(path.read_text("utf-8"))
    except RecursionError:
        raise ValueError(f"{path.name} is nested too deeply") from None


def write_json(path: Path, content: Any) -> None:
    try:
        write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False).encode())
    except OSError as error:
        raise disk_trouble(path, error) from error


