"""Where fetched and imported worlds lie, and what is only partly there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.models.errors import DiskTrouble, ModelError, Refused, disk_trouble
from core.models.marker import WORLD, Marker, read_json, read_marker
from core.models.offers import Offer, offer
from core.models.settings import ModelSettings

PARTIAL = ".partial"  # behind the name of a folder that is not whole yet
STATE = ".download"
PROGRAM = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installed:
    """A world that was verified. ``folder`` has the diffusers layout and a ``world.json``."""

    folder: Path
    marker: Marker

    @property
    def id(self) -> str:
        return self.marker.id

    @property
    def name(self) -> str:
        return self.marker.name

    @property
    def owned(self) -> bool:
        return self.marker.owned

    @property
    def offer(self) -> Offer | None:
        return offer(self.marker.offer)

    @property
    def there(self) -> bool:
        """Whether the files are still where they were; a folder used in place may be moved."""
        return all((self.folder / name).is_file() for name in self.marker.files)


@dataclass(frozen=True)
class Partly:
    """A download that was begun: ``done`` of ``total`` bytes lie in ``folder``."""

    id: str
    folder: Path
    done: int
    total: int


def installed(settings: ModelSettings | None = None) -> list[Installed]:
    """Every installed world; where two have one id, the first folder counts."""
    found: dict[str, Installed] = {}
    for root in (settings or ModelSettings()).roots:
        for folder in _folders(root):
            if folder.name.endswith(PARTIAL) or not (folder / WORLD).is_file():
                continue
            marker = read_marker(folder)
            if marker is not None and marker.id == folder.name:
                found.setdefault(marker.id, Installed(folder, marker))
    return list(found.values())


def find_installed(id: str, settings: ModelSettings | None = None) -> Installed | None:
    return next((world for world in installed(settings) if world.id == id), None)


def world_folders() -> dict[str, Path]:
    """Folders of the worlds that were fetched or imported, by id, for the studio's catalogue."""
    return {world.id: world.folder for world in installed() if world.there}


def partly(settings: ModelSettings | None = None) -> list[Partly]:
    """Downloads that were begun and neither finished nor thrown away."""
    found: dict[str, Partly] = {}
    for root in (settings or ModelSettings()).roots:
        for folder in _folders(root):
            if not folder.name.endswith(PARTIAL):
                continue
            try:
                state = read_json(folder / STATE)
                total = sum(int(f["size"]) for f in state["files"])
                id = str(state["offer"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
            found.setdefault(id, Partly(id, folder, min(total, weights_on_disk(folder)), total))
    return list(found.values())


def find_partly(id: str, settings: ModelSettings | None = None) -> Partly | None:
    return next((p for p in partly(settings) if p.id == id), None)


def weights_on_disk(folder: Path) -> int:
    """Bytes of the files below ``folder``, without its own notes; links are not followed."""
    total = 0
    for home, _, names in os.walk(folder):
        for name in names:
            if home == str(folder) and name in (STATE, WORLD, ".installed"):
                continue
            try:
                total += os.lstat(os.path.join(home, name)).st_size
            except OSError:
                pass
    return total


def prepare_root(root: Path) -> Path:
    """``root`` as a folder that can be written to; raises ModelError with the reason."""
    root = root.expanduser().absolute()
    if root.resolve().is_relative_to(PROGRAM):
        raise ModelError(
            f"{root} is inside the studio's own folder, which an update may replace.",
            "Choose a folder outside it.",
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
        probe = root / f".{os.getpid()}.writable"
        probe.write_bytes(b"")
        probe.unlink()
    except NotADirectoryError as error:
        raise DiskTrouble(f"{root} is a file, not a folder.", "Choose another folder.") from error
    except FileExistsError as error:
        raise DiskTrouble(f"{root} is a file, not a folder.", "Choose another folder.") from error
    except OSError as error:
        raise disk_trouble(root / "x", error) from error
    return root


def parent_inside(root: Path, name: str) -> Path:
    """The path of ``name`` below ``root``, its folders made. A link on the way is refused."""
    path = root
    for part in name.split("/")[:-1]:
        path = path / part
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise disk_trouble(path, error) from error
        if path.is_symlink():
            raise Refused(
                f"{path} is a link to another place, so nothing is written through it.",
                "Remove the link, then try again.",
            )
    target = root / name
    if target.is_symlink():
        raise Refused(f"{target} is a link to another place.", "Remove it, then try again.")
    return target


def _folders(root: Path) -> Iterator[Path]:
    try:
        inside = sorted(root.iterdir())
    except OSError:
        return  # not made yet, or its disk is unplugged
    for path in inside:
        if path.is_dir() and not path.name.startswith("."):
            yield path
