"""``jobs.json``: the queue as it was, so that a stopped studio carries on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from core.project import atomic, codec, jobs
from core.project.errors import ProjectError
from core.project.jobs import Job, JobState
from core.project.serialise import parse

NAME = "jobs.json"
SCHEMA = 1

_STATES: dict[str, type[Any]] = {
    "queued": jobs.Queued,
    "running": jobs.Running,
    "waiting": jobs.Waiting,
    "paused": jobs.Paused,
    "done": jobs.Done,
    "failed": jobs.Failed,
    "cancelled": jobs.Cancelled,
}
_NAMES = {cls: name for name, cls in _STATES.items()}


@dataclass(frozen=True)
class _Row:
    """A job as it is written: like ``Job``, the state as a name with what belongs to it."""

    id: str
    kind: Literal["generate", "redo", "more", "export"]
    state: Literal["queued", "running", "waiting", "paused", "done", "failed", "cancelled"]
    detail: dict[str, Any]
    until: int = 0
    chunk: str = ""
    take: str = ""
    seed: int | None = None
    created: str = ""
    settings: dict[str, Any] | None = None


class Journal:
    """Written whole and atomically; a damaged one costs the queue, never the project."""

    def __init__(self, folder: Path, read_only: bool = False) -> None:
        self._path = folder / NAME
        self._read_only = read_only
        self.problem = ""  # a sentence, when the last ``load`` could not read the file

    def save(self, queue: Iterable[Job]) -> None:
        if self._read_only:
            raise ProjectError("The queue was not written down: the project is open to read only.")
        rows = [codec.write(_row(job), {}) for job in queue]
        text = json.dumps({"schema": SCHEMA, "jobs": rows}, ensure_ascii=False, indent=1)
        try:
            atomic.write_atomic(self._path, text.encode())
        except (OSError, UnicodeEncodeError) as error:
            if isinstance(error, OSError):
                raise atomic.failed("The queue was not written down.", error) from error
            raise ProjectError("The queue was not written down: a name in it is broken.") from error

    def load(self) -> tuple[Job, ...]:
        """The queue; what was running comes back paused, as interrupted."""
        self.problem = ""
        try:
            data = parse(self._path.read_text(encoding="utf-8"))
            if type(data) is not dict or type(data.get("jobs")) is not list:
                raise ProjectError("“jobs” must be a list.")
            if data.get("schema") != SCHEMA:
                raise ProjectError("It was written by another version of the studio.")
            return tuple(_job(row) for row in data["jobs"])
        except FileNotFoundError:
            return ()
        except (ProjectError, codec.Wrong, OSError, UnicodeDecodeError) as error:
            self.problem = f"The queue could not be read and begins empty. ({error})"
            if not self._read_only:
                try:  # keep it for whoever wants to look
                    os.replace(self._path, self._path.with_name(f"{NAME}.damaged"))
                except OSError:
                    pass
            return ()


def _row(job: Job) -> _Row:
    name = _NAMES[type(job.state)]
    detail = codec.write(job.state, {})
    values = {f: getattr(job, f) for f in ("id", "kind", "until", "chunk", "take", "seed")}
    return _Row(
        **values, created=job.created, settings=dict(job.settings), state=name, detail=detail
    )


def _job(data: Any) -> Job:
    row: _Row = codec.read(_Row, data, {})
    state: JobState = codec.read(_STATES[row.state], row.detail, {})
    if isinstance(state, jobs.Running):
        state = jobs.Paused(interrupted=True)
    job = Job(row.id, row.kind, state=state, settings=row.settings or {})
    return replace(
        job, until=row.until, chunk=row.chunk, take=row.take, seed=row.seed, created=row.created
    )
