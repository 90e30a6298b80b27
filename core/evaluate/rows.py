"""Finished measurements, one JSON line each, so that an interrupted run goes on where it was."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from core.project.memory_use import preset_named


class RunRefused(Exception):
    """The folder holds another run; the message says what differs and what to do."""


def _named_today(row: dict[str, Any]) -> dict[str, Any]:
    """Rows name their arm; the one with both memories was called "default" in older
    runs."""
    plain, colon, whose = str(row.get("arm", "")).partition(":")
    if (today := preset_named(plain)) == plain:
        return row
    number, _, rest = row["key"].partition("/")
    label, arm, visit = rest.rsplit("/", 2)
    arm = f"{today}{colon}{whose}"
    return {**row, "arm": arm, "key": f"{number}/{label}/{arm}/{visit}"}


def _facts_of(run: dict[str, Any]) -> dict[str, Any]:
    """What a run is. Those of before it was said drew every world's chunks alike."""
    before = {name: {"steps": 4, "guidance": 1.0} for name in run.get("worlds", {})}
    return {"sampling": before, **run}


def _judged_otherwise(row: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Whether a row of an older run was measured otherwise than is done now: a way back through a
    generated first visit was held against a camera's pictures, which the walker never saw; an
    adapter with another episode's memory learned chunks of its own first visit again."""
    if (facts.get("suite"), facts.get("task")) == ("planning", "waypoint"):
        return row["visit"] == "generated" and "score" in row and "judged_by" not in row
    return ":other" in row["arm"] and "learned" in row and "learned_since" not in row


class Rows:
    """``DIR/rows.jsonl`` with what the run is in ``DIR/run.json``. One writer."""

    def __init__(self, folder: Path, facts: dict[str, Any]):
        """Raises RunRefused where ``folder`` holds rows of a run with other ``facts``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._path = folder, folder / "rows.jsonl"
        held = folder / "run.json"
        if held.exists():
            before = _facts_of(json.loads(held.read_text("utf-8")))
            wrong = sorted(k for k in {*before, *facts} if before.get(k) != facts.get(k))
            if wrong:
                raise RunRefused(
                    f"{folder} holds another run: {', '.join(wrong)} differ. Its rows were kept; "
                    "choose another folder with --out, or run with the same arguments."
                )
        else:
            held.write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
        self.rows: dict[str, dict[str, Any]] = {}
        self._read(facts)

    def _read(self, facts: dict[str, Any]) -> None:
        if not self._path.exists():
            return
        whole = 0
        with open(self._path, "rb") as file:
            for line in file:
                try:
                    row = json.loads(line)
                except ValueError:
                    break
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                if _judged_otherwise(row, facts):
                    continue  # it is measured again
                row = _named_today(row)
                self.rows[row["key"]] = row
        os.truncate(self._path, whole)  # a line that was being written when the run was killed

    def __contains__(self, key: str) -> bool:
        return key in self.rows

    def add(self, key: str, row: dict[str, Any]) -> None:
        row = {"key": key, **row}
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.rows[key] = row
