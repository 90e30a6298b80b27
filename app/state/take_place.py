"""A take among the others of its chunk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """``rank`` 1 is the best; ``score`` 0–100; ``why`` in a sentence, ``short`` in a few words."""

    rank: int
    of: int
    score: int
    why: str
    short: str
