"""Which tier a world was lowered to on this machine, because memory ran out. Imports no torch.

Whoever owns the engine keeps this, not the process that ran out of memory: that one may be gone.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from core.models.settings import settings_folder
from core.project.atomic import write_atomic
from core.rollout.request import EngineTask
from core.worlds.catalogue import WorldEntry, WorldError, read_entry
from core.worlds.tiers import AUTO

log = logging.getLogger(__name__)

FILE = "tiers.json"
_MOST = 64  # worlds that are remembered; the oldest is forgotten first


@dataclass(frozen=True)
class Low:
    """``tier``: where it stands now. ``asked``: what the person had asked for; another choice makes
    this void. ``on``: the device's name. ``thrifty``: the system's own memory ran out, so the text
    encoder is given up after each reading. ``at``: when, ISO 8601."""

    tier: str
    asked: str = AUTO
    on: str = ""
    thrifty: bool = False
    at: str = ""


def key_of(world_hash: str, entry: WorldEntry) -> str:
    """The very world at one size: another version or another window is judged anew."""
    frames = entry.n_past + entry.n_new
    return f"{world_hash}:{entry.width}x{entry.height}x{frames}"


class Lowered:
    """Reads its file whenever it is asked, since another process may have written it. Without a
    file it remembers for as long as it lives. What can't be written is remembered all the same."""

    def __init__(self, path: Path | None = None):
        self._path = path
        self._own: dict[str, Low] = {}

    def find(self, task: EngineTask, asked: str, on: str) -> Low | None:
        """What counts for ``task`` where a person asked for ``asked`` and it computes on ``on``."""
        try:
            return self.of(task.world_hash, read_entry(Path(task.world_dir)), asked, on)
        except WorldError:
            return None

    def of(self, world_hash: str, entry: WorldEntry, asked: str, on: str) -> Low | None:
        low = self._read().get(key_of(world_hash, entry))
        return low if low is not None and (low.asked, low.on) == (asked, on) else None

    def known(self, task: EngineTask) -> Low | None:
        """What is remembered of the task's world, whatever it was asked and on."""
        try:
            return self._read().get(key_of(task.world_hash, read_entry(Path(task.world_dir))))
        except WorldError:
            return None

    def put(self, task: EngineTask, low: Low) -> None:
        try:
            key = key_of(task.world_hash, read_entry(Path(task.world_dir)))
        except WorldError:
            return
        kept = self._read()
        kept.pop(key, None)
        kept[key] = low if low.at else Low(**{**asdict(low), "at": _now()})
        self._write(dict(list(kept.items())[-_MOST:]))

    def forget(self) -> None:
        """The person chose anew: every world is judged by what is there."""
        if self._read():
            self._write({})

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, Low]:
        if self._path is None:
            return dict(self._own)
        try:
            found = json.loads(self._path.read_text("utf-8"))["worlds"]
            return {str(key): _low(row) for key, row in found.items()}
        except FileNotFoundError:
            return dict(self._own)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return dict(self._own)

    def _write(self, kept: dict[str, Low]) -> None:
        self._own = kept
        if self._path is None:
            return
        content = {"schema": 1, "worlds": {key: asdict(low) for key, low in kept.items()}}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, json.dumps(content, indent=1).encode())
        except OSError as error:
            log.warning("%s could not be written: %s", self._path, error)


def of_this_machine() -> Lowered:
    """Kept in the studio's settings folder, so that it outlives engine and studio."""
    return Lowered(settings_folder() / FILE)


def _low(row: dict) -> Low:
    """Raises TypeError or ValueError."""
    named = {f.name: row[f.name] for f in fields(Low) if f.name in row}
    low = Low(**named)
    if not all(isinstance(getattr(low, n), str) for n in ("tier", "asked", "on", "at")):
        raise ValueError("not a tier")
    return low


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
