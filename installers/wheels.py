"""Where the right build of torch comes from, in the order to try."""

from __future__ import annotations

from dataclasses import dataclass

from installers.pip import Pip
from installers.requirements import torch_pin


@dataclass(frozen=True)
class OnDisk:
    """A wheel that pip's own configuration finds without any index (find-links)."""

    requirement: str
    note: str = ""
    room_for: str = "cpu"

    def arguments(self, pip: Pip) -> list[str] | None:
        version = pip.find_on_disk(self.requirement)
        return [f"{self.requirement.partition('==')[0]}=={version}"] if version else None


@dataclass(frozen=True)
class FromIndex:
    """pip's configured indexes, with PyTorch's own beside them where one is named."""

    requirement: str
    index: str | None = None
    note: str = ""
    room_for: str = "cpu"

    def arguments(self, pip: Pip) -> list[str] | None:
        return [*(["--extra-index-url", self.index] if self.index else []), self.requirement]


Source = OnDisk | FromIndex


def torch_sources(backend: str, system: str) -> tuple[Source, ...]:
    pin = torch_pin(backend)
    public = pin.requirement.partition("+")[0]
    if backend == "mps" or (backend == "cpu" and system != "linux"):
        return (FromIndex(public),)  # PyPI's build for macOS and Windows is the right one
    if backend == "cpu":
        # PyPI's build for Linux would bring several GB of CUDA libraries: only when all else fails.
        return (
            OnDisk(public),
            FromIndex(f"{public}+cpu", pin.index),
            FromIndex(
                public,
                note="PyTorch's CPU index could not be reached; the general build is taken "
                "instead. It works the same but is several GB larger.",
                room_for="cuda",
            ),
        )
    sources: tuple[Source, ...] = (FromIndex(pin.requirement, pin.index, room_for=backend),)
    if backend == "cuda" and system == "linux":
        # PyPI's Linux build is the CUDA 13.0 one.
        note = "PyTorch's index could not be reached; the same build is taken from PyPI."
        sources += (FromIndex(public, note=note, room_for=backend),)
    return sources
