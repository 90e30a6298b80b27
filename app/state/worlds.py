"""The worlds the studio can use, without loading any."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.project.model import WorldRef
from core.worlds.catalogue import DEFAULT, WorldEntry, WorldError, find_world, installed, read_entry


class Worlds:
    """``folders`` replaces the installed ones (a world somewhere else)."""

    def __init__(self, folders: Sequence[Path] | None = None):
        self._folders = [Path(f) for f in folders] if folders is not None else None
        self._entries: list[WorldEntry] | None = None

    def entries(self) -> list[WorldEntry]:
        if self._entries is None:
            found: list[WorldEntry] = []
            names = self._folders if self._folders is not None else installed()
            for one in names:
                try:
                    found.append(read_entry(one) if isinstance(one, Path) else find_world(one))
                except WorldError:
                    continue  # named as missing where it is wanted
            self._entries = found
        return self._entries

    def forget(self) -> None:
        """Worlds were added or removed: look again when next asked."""
        self._entries = None

    def find(self, id: str = "") -> WorldEntry:
        """Raises WorldError with what to do."""
        for entry in self.entries():
            if entry.id == (id or DEFAULT) or (not id and len(self.entries()) == 1):
                return entry
        return find_world(id or DEFAULT)

    def folder(self, id: str) -> Path:
        return self.find(id).folder

    def ref(self, entry: WorldEntry) -> WorldRef:
        """Reads every file of the world that is new or changed: not for the interface thread."""
        return WorldRef(entry.id, entry.hash, entry.name)
