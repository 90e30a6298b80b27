"""What a world needs beside what this machine has, need by need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.machine.probe import Machine, disk_free_mb
from core.models.offers import Offer
from core.models.sizes import GB

Level = Literal["fine", "tight", "short", "unknown"]
_NEARLY = 0.93  # a card sold as 12 GB shows a little less
_MB, _GIB = 2**20, 1024  # memory is counted in 1024s, disks are not


@dataclass(frozen=True)
class Fit:
    """One need. ``level``: "tight" runs with tricks or slowly, "short" does not."""

    what: Literal["graphics", "memory", "disk"]
    level: Level
    needs_gb: float
    has_gb: float | None
    words: str


def fit(offer: Offer, machine: Machine, folder: Path, there: int = 0) -> tuple[Fit, ...]:
    """Graphics, memory and disk. ``there``: bytes that were fetched or installed already."""
    needs = offer.needs
    return (
        _graphics(needs.vram_gb, machine),
        _memory(needs.ram_gb, machine),
        _disk(max(0.0, needs.disk_gb - there / GB), folder),
    )


def best_of(
    offers: Sequence[Offer], fits: Mapping[str, Sequence[Fit]]
) -> Offer | None:
    """The offer that a machine with these ``fits`` (by id) is served best with: one that is not
    short of graphics or main memory, rather with room than tightly, the recommended one first, then
    the largest. None where none runs."""

    def worst(one: Offer) -> int:
        order: tuple[Level, ...] = ("fine", "unknown", "tight", "short")
        return max((order.index(f.level) for f in fits[one.id] if f.what != "disk"), default=0)

    running = [one for one in offers if worst(one) < 3]
    return min(
        running,
        key=lambda one: (one.embedded, worst(one), not one.recommended, -one.needs.vram_gb),
        default=None,
    )


def _graphics(needs: float, machine: Machine) -> Fit:
    if not needs:
        return Fit("graphics", "fine", 0, None, "Needs no graphics card.")
    sizes = [gpu.memory_mb / _GIB for gpu in machine.gpus if gpu.memory_mb]
    if not sizes:
        if machine.gpus:
            words = f"Needs about {needs:.0f} GB of graphics memory; {machine.gpus[0].name} does "
            return Fit("graphics", "unknown", needs, None, words + "not say how much it has.")
        words = f"Needs a graphics card with about {needs:.0f} GB; none was found."
        return Fit("graphics", "short", needs, 0, words)
    best = max(sizes)
    words = f"Needs about {needs:.0f} GB of graphics memory; the card here has {best:.0f} GB"
    if best >= needs * _NEARLY:
        return Fit("graphics", "fine", needs, best, f"{words}.")
    if best >= needs * 0.45:
        more = f"{words}: parts have to be moved in and out, which is slower."
        return Fit("graphics", "tight", needs, best, more)
    return Fit("graphics", "short", needs, best, f"{words}: too little.")


def _memory(needs: float, machine: Machine) -> Fit:
    if machine.ram_mb is None:
        words = f"Needs about {needs:.0f} GB of memory; this system does not say how much it has."
        return Fit("memory", "unknown", needs, None, words)
    has = machine.ram_mb / _GIB
    words = f"Needs about {needs:.0f} GB of memory; this machine has {has:.0f} GB"
    if has >= needs * _NEARLY:
        return Fit("memory", "fine", needs, has, f"{words}.")
    if has >= needs * 0.5:
        return Fit("memory", "tight", needs, has, f"{words}: close other programs.")
    return Fit("memory", "short", needs, has, f"{words}: too little.")


def _disk(needs: float, folder: Path) -> Fit:
    if needs < 0.05:
        return Fit("disk", "fine", 0, None, "Needs no more disk.")
    has = disk_free_mb(folder) * _MB / GB
    words = f"Needs about {needs:.0f} GB of disk; {has:.0f} GB are free in {folder}"
    if has >= needs:
        return Fit("disk", "fine", needs, has, f"{words}.")
    return Fit("disk", "short", needs, has, f"{words}: choose another folder or free some.")
