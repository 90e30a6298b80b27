"""Files of a project, named by their content and never changed once they are there."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import get_args

from core.project import atomic, checks
from core.project.errors import ProjectError
from core.project.model import Asset, AssetKind

BLOCK = 1 << 20
FOLDER = "assets"


def inside(folder: Path, path: str) -> Path:
    """``path`` of a document as one of this machine; refuses one that leads out, by links too."""
    if problem := checks.path_problem(path):
        raise ProjectError(f"The project names a file “{path}”, which {problem}.")
    full = folder / PurePosixPath(path)
    if not full.resolve().is_relative_to(folder.resolve()):
        raise ProjectError(f"The project's file “{path}” leads out of its folder through a link.")
    return full


def missing(folder: Path, assets: Iterable[Asset]) -> tuple[Asset, ...]:
    """Those that are not there whole. One look a folder: a long project has 10,000s of files."""
    sizes: dict[PurePosixPath, dict[str, int]] = {}
    lost = []
    for asset in assets:
        path = PurePosixPath(asset.path)
        if path.parent not in sizes:
            sizes[path.parent] = _sizes(inside(folder, str(path.parent)))
        size = sizes[path.parent].get(path.name)
        if size == _LINK:
            linked = inside(folder, asset.path)
            size = linked.stat().st_size if linked.is_file() else None
        if size != asset.bytes:
            lost.append(asset)
    return tuple(lost)


_LINK = -1


def _sizes(folder: Path) -> dict[str, int]:
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    found[entry.name] = _LINK
                elif entry.is_file():
                    found[entry.name] = entry.stat().st_size
    except OSError:
        pass
    return found


def asset_folders(folder: Path) -> list[Path]:
    return [folder / FOLDER / kind for kind in get_args(AssetKind)]


def digest(path: Path) -> str:
    """sha256 of a file's content, hex."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise atomic.failed(f"{path.name} cannot be read.", error) from error


def take_in(
    folder: Path,
    source: Path,
    kind: AssetKind,
    name: str,
    move: bool,
    known: Callable[[str], Asset | None],
) -> Asset:
    """Copy or move ``source`` to its place by content; ``known`` tells what the project has."""
    if kind not in get_args(AssetKind):
        raise ValueError(f"no such kind of file: {kind!r}")
    try:
        if not stat.S_ISREG(source.stat().st_mode):
            raise ProjectError(f"{source.name} is not a file.")
        home = inside(folder, f"{FOLDER}/{kind}")
        home.mkdir(parents=True, exist_ok=True)
        temp = atomic.partial(home / "new")
        try:
            sha, size = _bring(source, temp, move)
            old = known(sha)
            asset = old or Asset(sha, kind, f"{FOLDER}/{kind}/{sha}{_suffix(source)}", size, name)
            target = inside(folder, asset.path)
            if not (target.is_file() and target.stat().st_size == size):
                target.parent.mkdir(parents=True, exist_ok=True)
                atomic.replace_file(temp, target)
                atomic.sync_folder(target.parent)
        except BaseException:
            if move and not source.exists() and temp.exists():
                os.replace(temp, source)  # a result is not lost because it could not be kept
            raise
        finally:
            atomic.remove_quietly(temp)
    except OSError as error:
        raise atomic.failed(f"{source.name} was not taken into the project.", error) from error
    return asset


def _bring(source: Path, temp: Path, move: bool) -> tuple[str, int]:
    """The content at ``temp``, on the disk; (sha256, bytes)."""
    if move:
        try:
            os.replace(source, temp)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            with open(temp, "r+b" if os.name == "nt" else "rb") as file:
                os.fsync(file.fileno())
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                return digest, os.fstat(file.fileno()).st_size
    sha, size = hashlib.sha256(), 0
    with open(source, "rb") as read, open(temp, "xb") as write:
        while block := read.read(BLOCK):
            sha.update(block)
            write.write(block)
            size += len(block)
        write.flush()
        os.fsync(write.fileno())
    if move:
        atomic.remove_quietly(source)
    return sha.hexdigest(), size


def _suffix(source: Path) -> str:
    suffix = source.suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,12}", suffix) else ".bin"
