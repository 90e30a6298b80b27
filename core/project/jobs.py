"""What waits in the queue: asked for once, frozen, and written down so that a crash keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from core.project.ids import new_id

JobKind = Literal["generate", "redo", "more", "export"]


@dataclass(frozen=True)
class Queued:
    """Not begun yet."""


@dataclass(frozen=True)
class Running:
    """The engine works on it."""


@dataclass(frozen=True)
class Waiting:
    """A draft waits for the artist."""

    take: str


@dataclass(frozen=True)
class Paused:
    """Stopped between two steps; ``interrupted`` when the studio itself was stopped."""

    interrupted: bool = False


@dataclass(frozen=True)
class Done:
    """Nothing is left to do."""


@dataclass(frozen=True)
class Failed:
    message: str


@dataclass(frozen=True)
class Cancelled:
    """Stopped by the artist; what was made is kept."""


JobState = Queued | Running | Waiting | Paused | Done | Failed | Cancelled


@dataclass(frozen=True)
class Job:
    """``generate``: until sequence frame ``until``. ``redo``: one new take of ``chunk``, whose id
    is ``take``. ``more``: the same, put beside those there are. ``export``: what to write where, in ``settings``."""

    id: str
    kind: JobKind
    until: int = 0
    chunk: str = ""
    take: str = ""
    seed: int | None = None  # None: the project's next one
    created: str = ""  # ISO 8601, UTC
    settings: Mapping[str, Any] = field(default_factory=dict)
    state: JobState = Queued()

    @property
    def ended(self) -> bool:
        return isinstance(self.state, Done | Failed | Cancelled)


def generate_job(until: int, seed: int | None = None) -> Job:
    return Job(new_id(), "generate", until=until, seed=seed, created=now())


def redo_job(chunk: str, seed: int | None = None) -> Job:
    return Job(new_id(), "redo", chunk=chunk, take=new_id(), seed=seed, created=now())


def more_job(chunk: str) -> Job:
    return Job(new_id(), "more", chunk=chunk, take=new_id(), created=now())


def export_job(settings: Mapping[str, Any]) -> Job:
    return Job(new_id(), "export", settings=dict(settings), created=now())


def now() -> str:
    """This moment as it is written in documents."""
    return datetime.now(UTC).isoformat(timespec="seconds")
