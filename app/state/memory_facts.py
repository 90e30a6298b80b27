"""What the memory knows and did, as plain values that panels show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Learnt:
    """One accepted chunk that the memory has seen."""

    take: str
    number: int
    when: str  # "4.0 s – 5.0 s"
    before: float
    after: float
    change: float  # size of all that was learned so far, as a share of the world's weights
    skipped: str | None = None
    steps: int = 0
    frame: int | None = None  # where it begins on the timeline


@dataclass(frozen=True)
class Spot:
    """A frame in words; ``frame`` None: it is not on the timeline."""

    words: str
    frame: int | None = None


@dataclass(frozen=True)
class ChunkMemory:
    """What the memory did for one take, and what it learned from it."""

    title: str
    made_with: str = ""
    recalled: tuple[Spot, ...] = ()
    learned: str = ""
    loss: tuple[float, float] | None = None  # before, after


@dataclass(frozen=True)
class MemoryFacts:
    steps: int
    learnt: tuple[Learnt, ...]
    words: str = ""  # one sentence
    frames: int = 0  # remembered
    frames_words: str = ""
    sum_words: str = ""
    loss: tuple[float, float] | None = None  # mean before, mean after
    episode: bool = False  # it began with a loaded one
