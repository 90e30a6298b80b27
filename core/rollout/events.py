"""What the engine says while it works. Frozen, small, JSON-serialisable: paths, never tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.project.model import SamplingWay

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
    way: SamplingWay = "exact"  # in which it was really sampled


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
    """How the world was made to fit: the tier's id, and a sentence with what is done and why.
    ``lowered``: memory ran out, and the task begins again in this tier. ``on``: the device's name.
    ``thrifty``: the system's own memory is short, so the text encoder is not kept."""

    tier: str
    words: str
    lowered: bool = False
    on: str = ""
    thrifty: bool = False


@dataclass(frozen=True)
class BegunAgain:
    """The engine was lost in the middle of the task, and the task begins again; ``words`` say so in
    a sentence."""

    words: str


@dataclass(frozen=True)
class Remark:
    """Something goes on otherwise than was asked for; ``words`` say so in a sentence."""

    words: str


@dataclass(frozen=True)
class Failed:
    """The task ended without a result. ``message`` is for the artist, ``detail`` for the log."""

    message: str
    detail: str = ""


@dataclass(frozen=True)
class Cancelled:
    """The task was stopped on request; nothing of it was kept."""


EngineEvent = (
    Progress | Preview | Fitted | BegunAgain | Remark | TakeReady | Learned | Failed | Cancelled
)
#: A task ends with exactly one of these.
TERMINAL = (TakeReady, Learned, Failed, Cancelled)
