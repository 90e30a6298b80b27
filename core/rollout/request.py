"""What the engine is asked to do, as plain values that cross a process boundary as JSON.

Paths are absolute strings. The engine reads only the paths named here and writes only below
``out_dir``; who asked moves the results into the project.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.project.model import ActionPart, MemoryUse, Sampling

#: Latent frames that a causal decoder is given of what came before, where there are as many.
LEAD = 8


@dataclass(frozen=True)
class ContextRef:
    """Frames [start, stop) of a file, oldest first.

    A ``.safetensors`` file holds latents with their addresses (see ``core.rollout.latents``), and
    its frames are latent frames; any other file holds pictures, which the world encodes (only ever
    the artist's own start).
    """

    path: str
    start: int
    stop: int

    @property
    def holds_latents(self) -> bool:
        return self.path.endswith(".safetensors")


@dataclass(frozen=True)
class EpisodeBank:
    """The frames that a loaded episode remembers (a snapshot's file), and the context at which it
    was loaded: where these recognise its place, the frames can be used."""

    path: str
    context: tuple[ContextRef, ...]


@dataclass(frozen=True)
class SlowAdapterFile:
    """What is merged into the world's weights after loading, and what the artist calls it."""

    path: str
    name: str


@dataclass(frozen=True)
class ChunkTask:
    """Make one chunk: continue ``context`` under ``actions``."""

    world_dir: str
    world_hash: str  # of the world with its slow adapter
    context: tuple[ContextRef, ...]
    actions: tuple[ActionPart, ...]  # pictures: of n_new latent frames, or fewer (a short chunk)
    scene: str
    seed: int
    sampling: Sampling
    memory: MemoryUse
    snapshot: str | None  # memory to make it with; None = fresh
    rate: str  # "8" or "24000/1001"
    out_dir: str
    bank: tuple[ContextRef, ...] = ()  # what was made since the memory began, oldest first
    episode: EpisodeBank | None = None
    slow_adapter: SlowAdapterFile | None = None


@dataclass(frozen=True)
class LearnTask:
    """Fast learning on one accepted take (paper, Alg. 1a): ``context`` then the take's latents."""

    world_dir: str
    world_hash: str  # of the world with its slow adapter
    context: tuple[ContextRef, ...]
    take: ContextRef
    actions: tuple[ActionPart, ...]
    scene: str
    preset: str
    snapshot: str | None  # memory before; None = fresh
    seed: int  # used only where the memory is fresh; afterwards the snapshot's generator goes on
    out_dir: str
    earlier: tuple[ContextRef, ...] = ()  # what was made since the memory began, oldest first
    episode: EpisodeBank | None = None
    slow_adapter: SlowAdapterFile | None = None


EngineTask = ChunkTask | LearnTask
