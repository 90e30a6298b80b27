"""What is written down about a download while it grows, so that it can go on after anything."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.models import selection
from core.models.errors import Refused
from core.models.hub import RemoteFile
from core.models.marker import Kept, read_json, write_json
from core.models.names import check_name
from core.models.offers import Offer
from core.models.places import STATE
from core.models.transfer import PART


@dataclass(frozen=True)
class Plan:
    """What a download would fetch, known before anything is fetched. Sizes in bytes."""

    offer: Offer
    commit: str
    card: str
    files: tuple[RemoteFile, ...]

    @property
    def bytes(self) -> int:
        return selection.total(self.files)


@dataclass
class Begun:
    """The state in ``folder``: the plan and which of its files were verified."""

    folder: Path
    plan: Plan
    done: dict[str, Kept] = field(default_factory=dict)

    def save(self) -> None:
        """Whole or not at all; raises DiskTrouble."""
        plan = self.plan
        write_json(
            self.folder / STATE,
            {
                "schema": 1,
                "offer": plan.offer.id,
                "repo": plan.offer.repo,
                "commit": plan.commit,
                "card": plan.card,
                "files": [asdict(file) for file in plan.files],
                "done": {name: vars(kept) for name, kept in self.done.items()},
            },
        )

    def is_done(self, file: RemoteFile) -> bool:
        """Whether it was verified before and not touched since."""
        kept = self.done.get(file.name)
        try:
            now = os.lstat(self.folder / file.name)
        except OSError:
            return False
        return kept is not None and (now.st_size, now.st_mtime_ns) == (kept.size, kept.mtime_ns)

    def keep(self, file: RemoteFile, sha256: str) -> None:
        """``file`` was verified."""
        now = os.lstat(self.folder / file.name)
        self.done[file.name] = Kept(now.st_size, sha256, now.st_mtime_ns)
        self.save()

    def missing(self) -> int:
        """Bytes that are still to be fetched."""
        missing = self.plan.bytes
        for file in self.plan.files:
            for name in (file.name, file.name + PART):
                try:
                    missing -= min(file.size, os.lstat(self.folder / name).st_size)
                    break
                except OSError:
                    continue
        return missing

    def take_over(self, newer: Plan) -> None:
        """Go on with a newer version of the world; files that are the same in it are kept."""
        same = set(self.plan.files) & set(newer.files)
        self.done = {f.name: self.done[f.name] for f in same if f.name in self.done}
        for old in self.plan.files:
            if old not in same:
                for name in (old.name, old.name + PART):
                    (self.folder / name).unlink(missing_ok=True)
        self.plan = newer
        self.save()


def read_begun(folder: Path, offer: Offer) -> Begun | None:
    """What an earlier run wrote down; None where nothing usable is there."""
    try:
        state: dict[str, Any] = read_json(folder / STATE)
        if state["offer"] != offer.id or state["repo"] != offer.repo or not state["files"]:
            return None
        files = tuple(map(_file, state["files"]))
        done = {
            str(name): Kept(int(k["size"]), str(k["sha256"]), int(k["mtime_ns"]))
            for name, k in state["done"].items()
        }
        return Begun(folder, Plan(offer, str(state["commit"]), str(state["card"]), files), done)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, Refused):
        return None


def _file(row: Mapping[str, Any]) -> RemoteFile:
    return RemoteFile(
        check_name(str(row["name"])), int(row["size"]), str(row["sha256"]), str(row["blob"])
    )
