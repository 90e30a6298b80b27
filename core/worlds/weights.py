"""How large the parts of a checkpoint are, from the heads of its files alone. Imports no torch."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LONGEST = 100_000_000  # bytes of a head, as safetensors allows


@dataclass(frozen=True)
class Size:
    """Of one part: numbers in it, and those in matrices (what a quantised tier makes smaller);
    ``adapted``: inputs plus outputs of the layers an adapter is put on, summed over them."""

    numbers: int = 0
    in_matrices: int = 0
    adapted: int = 0


def size_of(folder: Path, adapted: str = "") -> Size:
    """Sizes of the safetensors in ``folder``; ``adapted``: a regex that matches the whole names of
    the adapter's layers. Zeros where there are none; raises OSError or ValueError."""
    numbers = matrices = both = 0
    layers = re.compile(adapted) if adapted else None
    for path in sorted(folder.glob("*.safetensors")):
        for name, shape in _shapes(path):
            count = math.prod(shape)
            numbers += count
            if name.endswith(".weight") and len(shape) == 2:
                matrices += count
                if layers is not None and layers.fullmatch(name.removesuffix(".weight")):
                    both += sum(shape)
    return Size(numbers, matrices, both)


def _shapes(path: Path) -> Iterator[tuple[str, list[int]]]:
    with open(path, "rb") as file:
        first = file.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else 0
        if not 2 <= length <= _LONGEST:
            raise ValueError(f"{path.name} is no safetensors file")
        head = json.loads(file.read(length))
    for name, facts in head.items():
        if name != "__metadata__":
            yield name, [int(n) for n in facts["shape"]]


def config_of(folder: Path) -> dict[str, Any]:
    """``config.json`` of a part; empty where there is none. Raises OSError or ValueError."""
    path = folder / "config.json"
    if not path.is_file():
        return {}
    found = json.loads(path.read_text("utf-8"))
    return found if isinstance(found, dict) else {}
