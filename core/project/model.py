"""The document: everything a project knows, as immutable values.

One time axis: *sequence frames*, integers at ``Project.rate``; ranges are half-open. A chunk is a
slot of the roll-out; each time it is made there is a *take* of it, and one take is chosen. Takes
form a tree through ``Take.parent``: a take is *stale* when what it continued is no longer the
chosen version. Nothing here imports Qt or torch, and nothing here touches the disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

SCHEMA = 3

AssetKind = Literal[
    "source", "video", "latents", "snapshot", "thumbnail", "episode", "slow_adapter"
]
TakeStatus = Literal["draft", "accepted", "discarded"]
MemoryPreset = Literal["off", "paper", "adapter", "bank", "both", "fallback"]
SamplingWay = Literal["exact", "cache", "compiled"]

#: Key in ``Project.memory_bases`` for the moment before the first chunk.
AT_START = "start"


@dataclass(frozen=True)
class WorldRef:
    """The world a project was made with. ``hash`` is the content hash of its weights."""

    id: str
    hash: str
    name: str


@dataclass(frozen=True)
class SlowAdapterRef:
    """What was learned from a person's own footage on top of the world ``base``. With it the
    project's world is another one: ``Project.world`` says which."""

    asset: str  # asset id of its file
    name: str
    base: WorldRef


@dataclass(frozen=True)
class Asset:
    """A file of the project, named by its content and never changed once written."""

    id: str  # sha256 of the content, hex
    kind: AssetKind
    path: str  # POSIX path relative to the project's folder
    bytes: int
    name: str = ""  # what the artist called the file, where it came from outside


@dataclass(frozen=True)
class ActionSpan:
    """A language action over sequence frames [start, end)."""

    id: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class ActionPart:
    """``frames`` frames of one action, as a take was asked to make them ("" = no action given)."""

    text: str
    frames: int


@dataclass(frozen=True)
class Crop:
    """The part of a source picture that is kept, in fractions of its upright size."""

    x: float = 0.0
    y: float = 0.0
    w: float = 1.0
    h: float = 1.0


@dataclass(frozen=True)
class Start:
    """What the roll-out continues: a picture (one frame) or a video, fitted to the world's size."""

    source: str  # asset id of the file the artist gave
    kind: Literal["picture", "video"]
    video: str  # asset id of the fitted frames (a video at Project.rate)
    frames: int
    thumbnail: str
    crop: Crop = Crop()


@dataclass(frozen=True)
class Sampling:
    """How a chunk is drawn. ``steps`` denoiser steps; ``guidance`` 1.0 = none; ``way``: what is
    computed in a step (``core.worlds.ways``). A take's is the way that it was really drawn in, a
    project's what the artist asks for, which the world or the machine may not allow. Files from
    before there were ways have none: they were drawn exactly."""

    steps: int = 4
    guidance: float = 1.0
    way: SamplingWay = "exact"


@dataclass(frozen=True)
class MemoryUse:
    """Which memory a chunk is made with. ``strength`` 0.0–1.5 scales the adapter when sampling;
    ``bank_strength`` 0.0–1.0 is the share of remembered frames that may join the context.

    "paper" and "adapter" learn an adapter only, "bank" remembers frames only. With "both" the
    adapter is heard beside the frames; with "fallback" only in chunks that no frame was found for.
    """

    preset: MemoryPreset = "both"
    strength: float = 1.0
    muted: bool = False
    bank_strength: float = 1.0
    bank_muted: bool = False


@dataclass(frozen=True)
class LearningRecord:
    """What fast learning did after a take was accepted (losses: mean over fixed held-out noise)."""

    steps: int
    loss_before: float
    loss_after: float
    change: float  # ‖ΔW‖ / ‖W‖ over the adapted layers, after learning
    seconds: float
    skipped: str | None = None  # a sentence, when a guard refused the update


@dataclass(frozen=True)
class Parent:
    """Continue take ``take`` after its first ``frames`` frames."""

    take: str
    frames: int


@dataclass(frozen=True)
class Take:
    """One generated version of a chunk, with everything needed to make it again."""

    id: str
    chunk: str
    parent: Parent | None  # None: continues Project.start
    status: TakeStatus
    frames: int
    seed: int
    actions: tuple[ActionPart, ...]
    scene: str
    sampling: Sampling
    memory: MemoryUse
    world_hash: str
    video: str  # asset ids
    latents: str
    thumbnail: str
    snapshot_in: str | None = None  # memory it was made with
    snapshot: str | None = None  # memory after learning it (accepted takes, memory on)
    learning: LearningRecord | None = None
    created: str = ""  # ISO 8601, UTC
    seconds: float = 0.0
    #: ``Start.video`` when it was made, where it continues the start; "" = not known.
    start_source: str = ""
    #: Remembered frames it was shown: their times since the start, below 0 those of an episode.
    recalled: tuple[int, ...] = ()


@dataclass(frozen=True)
class Chunk:
    """A slot of the roll-out: its takes in order of making, and the one that is chosen."""

    id: str
    takes: tuple[str, ...]
    chosen: str


@dataclass(frozen=True)
class Clip:
    """A placement on a track: source frames [in_frame, out_frame) shown from ``start`` on.

    ``kind`` "chunk": ``source`` is a chunk id (its chosen take is shown).
    ``kind`` "start": the start picture or video of the project, ``source`` is "".
    """

    id: str
    kind: Literal["chunk", "start"]
    source: str
    start: int
    in_frame: int
    out_frame: int

    @property
    def frames(self) -> int:
        return self.out_frame - self.in_frame

    @property
    def end(self) -> int:
        return self.start + self.frames


@dataclass(frozen=True)
class Track:
    """Clips never overlap and are sorted by start."""

    id: str
    name: str
    clips: tuple[Clip, ...] = ()
    muted: bool = False
    solo: bool = False
    locked: bool = False
    height: int = 72


@dataclass(frozen=True)
class Marker:
    id: str
    frame: int
    name: str = ""


@dataclass(frozen=True)
class MergedFrom:
    """An episode that another was merged from. ``weight`` 1.0 = as strong as it was alone."""

    name: str
    weight: float


@dataclass(frozen=True)
class EpisodeRef:
    """A saved memory beside the project (one file in ``episodes/``)."""

    id: str
    name: str
    path: str  # POSIX path relative to the project's folder
    world_id: str
    world_hash: str
    chunks: int
    frames: int
    created: str
    merged: tuple[MergedFrom, ...] = ()


@dataclass(frozen=True)
class Project:
    """The whole document. Change it only through ``core.project.edits``."""

    id: str
    name: str
    world: WorldRef
    rate: Fraction
    width: int
    height: int
    chunk_frames: int  # new frames a chunk adds (the world's n_new, in pictures)
    context_frames: int  # past latent frames a chunk sees at most (the world's n_past)
    schema: int = SCHEMA
    #: Pictures in one latent frame (the world's t_stride). Takes are whole latent frames, and only
    #: whole ones are continued.
    latent_stride: int = 1
    slow_adapter: SlowAdapterRef | None = None
    scene: str = ""
    start: Start | None = None
    tracks: tuple[Track, ...] = ()  # first track: where generated chunks land
    actions: tuple[ActionSpan, ...] = ()  # sorted, never overlapping
    chunks: Mapping[str, Chunk] = field(default_factory=dict)
    takes: Mapping[str, Take] = field(default_factory=dict)
    assets: Mapping[str, Asset] = field(default_factory=dict)
    episodes: tuple[EpisodeRef, ...] = ()
    markers: tuple[Marker, ...] = ()
    in_point: int | None = None
    out_point: int | None = None
    sampling: Sampling = Sampling()
    memory: MemoryUse = MemoryUse()
    #: take id (or AT_START) → snapshot asset id, or "" for a fresh memory: an episode loaded or the
    #: memory reset at that moment, in place of what the take itself had learned.
    memory_bases: Mapping[str, str] = field(default_factory=dict)
    auto_accept: bool = False
    next_seed: int = 1
    extra: Mapping[str, Any] = field(default_factory=dict)  # unknown keys of a newer minor version
