"""What the engine says while it works. Frozen, small, JSON-serialisable: paths, never tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["loading", "encoding", "sampling", "decoding", "saving", "learning"]


@dataclass(frozen=True)
class Progress:
    """``step`` of ``steps`` of this phase is done (0 when it begins)."""

    phase: Phase
    step: int
    steps: int


@dataclass(frozen=True)
class Preview:
    """The chunk as the sampler sees it now: one JPEG of its middle frame, at most 512 px."""

    jpeg: bytes
    step: int
    steps: int


@dataclass(frozen=True)
class TakeReady:
    """A chunk is made; files lie in the task's ``out_dir``."""

    video: str
    latents: str
    thumbnail: str
    frames: int
    seconds: float
    world_hash: str
    recalled: tuple[int, ...] = ()  # times of the remembered frames that joined the context


@dataclass(frozen=True)
class Learned:
    """The memory has learned a take; ``snapshot`` is the file with its new state."""

    snapshot: str
    steps: int
    loss_before: float
    loss_after: float
    change: float
    seconds: float
    skipped: str | None = None


@dataclass(frozen=True)
class Fitted:
    """How the world was made to fit: the tier's id, a sentence with what is done and why, and the
    same in a few words. ``lowered``: memory ran out, and the task begins again in this tier."""

    tier: str
    words: str
    lowered: bool = False
    brief: str = ""


@dataclass(frozen=True)
class Failed:
    """The task ended without a result. ``message`` is for the artist, ``detail`` for the log."""

    message: str
    detail: str = ""


@dataclass(frozen=True)
class Cancelled:
    """The task was stopped on request; nothing of it was kept."""


EngineEvent = Progress | Preview | Fitted | TakeReady | Learned | Failed | Cancelled
#: A task ends with exactly one of these.
TERMINAL = (TakeReady, Learned, Failed, Cancelled)
