"""What a memory of a world begins with, where that has been learned: first values, and rates.

A fresh adapter adds nothing, whatever it begins with: B and what is written on the page are zero.
But what A and the page's features are at first, and how fast each of them learns, decides how much
a few gradient steps can write. ``core.learning.meta`` learns both for a world; they lie in its
folder, and their file is part of its hash.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.memory.errors import MemoryRefused
from core.memory.tensors import TensorFileError, read_arrays, write_arrays

FILE = "memory_start.safetensors"
FORMAT = "slowfast-memory-start"
SCHEMA = 1
_RATE = "rate."
_FASTEST = 1.0  # a rate of Adam beyond this would be no learning


@dataclass(frozen=True)
class MemoryStart:
    """``weights``: first values of an adapter's parameters by their names, float32; those that are
    not named begin at zero. ``rates``: Adam's learning rate of each parameter that learns."""

    rank: int
    weights: Mapping[str, np.ndarray]
    rates: Mapping[str, float]


def save_start(path: str | os.PathLike, start: MemoryStart) -> None:
    """Write the file whole; raises TensorFileError and leaves what was there."""
    rates = {_RATE + n: np.array([rate], np.float32) for n, rate in start.rates.items()}
    facts = {"format": FORMAT, "schema": SCHEMA, "rank": start.rank}
    write_arrays(path, {**start.weights, **rates}, facts)


def load_start(path: str | os.PathLike) -> MemoryStart:
    """Read and check it; raises MemoryRefused with the reason."""
    path = Path(path)
    try:
        arrays, header = read_arrays(path)
    except TensorFileError as error:
        raise MemoryRefused(f"What a memory begins with can't be read: {error}") from error
    facts = header.facts
    if facts.get("format") != FORMAT or facts.get("schema") != SCHEMA:
        raise MemoryRefused(f"{path.name} is not what a memory begins with, or a newer one.")
    rates = {n.removeprefix(_RATE): a for n, a in arrays.items() if n.startswith(_RATE)}
    weights = {n: a for n, a in arrays.items() if not n.startswith(_RATE)}
    whole = all(a.dtype == np.float32 and np.isfinite(a).all() for a in arrays.values())
    proper = all(a.shape == (1,) and 0 <= a[0] <= _FASTEST for a in rates.values())
    if not (whole and proper) or type(facts.get("rank")) is not int or not set(weights) <= set(rates):
        raise MemoryRefused(f"{path.name} is damaged; install the world again.")
    return MemoryStart(facts["rank"], weights, {n: float(a[0]) for n, a in rates.items()})
