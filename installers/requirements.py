"""The pinned requirement sets in installers/requirements: reading them and telling change."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from core.machine.pins import BASE, FOLDER, ROOT, TESTS, normal_name, read_pins

__all__ = ["BASE", "FOLDER", "ROOT", "TESTS", "normal_name", "read_pins", "set_hash", "torch_pin"]

# Room for the downloads and what they unpack to, as measured for the CPU and as PyTorch's own
# wheel sizes say for the rest, in MiB.
DISK_NEEDED_MB = {"cpu": 3500, "mps": 3000, "cuda": 11000, "cuda-older": 11000, "rocm": 22000}


@dataclass(frozen=True)
class TorchPin:
    requirement: str  # "torch==2.13.0+cu130"
    index: str | None  # PyTorch's wheel index for this backend

    @property
    def version(self) -> str:
        return self.requirement.partition("==")[2]


def backend_file(backend: str) -> Path:
    return FOLDER / f"{backend}.txt"


def torch_pin(backend: str) -> TorchPin:
    text = backend_file(backend).read_text(encoding="utf-8")
    requirement = re.search(r"^torch==\S+", text, re.M)
    if requirement is None:
        raise ValueError(f"{backend_file(backend)} has no line torch==VERSION")
    index = re.search(r"^--extra-index-url\s+(\S+)", text, re.M)
    return TorchPin(requirement[0], index[1] if index else None)


def set_hash(path: Path) -> str:
    """Changes when a pin changes, not when a comment does."""
    lines = (
        line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()
    )
    return hashlib.sha256("\n".join(line for line in lines if line).encode()).hexdigest()[:16]
