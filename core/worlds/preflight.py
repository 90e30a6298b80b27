"""Before a job: which tier a world gets on this machine, why, and how long a chunk will take.

The sums are ``core.worlds.needs``'s; times are measured ones where there are any, else an estimate
that says so. Imports no torch, so the window can ask.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.machine.probe import Machine, disk_free_mb, memory_mb
from core.worlds.catalogue import WorldEntry
from core.worlds.needs import Needs, Shape, needs, shape_of
from core.worlds.tiers import AUTO, Tier, ladder, missing, tier, whole_ladder

GIB = 2**30
#: An allocator loses some memory to gaps, and the driver takes its own.
MARGIN, CONTEXT = 1.1, 0.8 * GIB
#: Why a world is not in the first tier that would fit, where it was lowered.
BEFORE = "since memory ran out before"
_TAKE_BYTES = 200 * 2**20  # disk a chunk may take: its film, latents and a snapshot
#: Dense bf16 peaks in TFLOP/s by what is in a card's name; an unknown one is taken for a small one.
_CARDS = (
    ("H200", 989), ("H100", 989), ("A100", 312), ("L40", 181), ("5090", 210), ("4090", 165),
    ("5080", 113), ("4080", 97), ("3090", 71), ("4070", 58), ("3080", 60), ("4060", 30),
    ("3060", 26),
)
_UNKNOWN_CARD, _CORE = 30, 0.04
_SHARE = 0.45  # of the peak that is reached
_LINK = 8e9  # bytes a second between memory and a card


@dataclass(frozen=True)
class Room:
    """What there is, in bytes; None: not known. ``device`` is a torch device's name."""

    device: str
    title: str
    memory: int | None
    host: int | None
    disk: int | None = None
    tflops: float = _CORE

    @property
    def card(self) -> bool:
        return not self.device.startswith("cpu")


def room_of(machine: Machine, folder: Path | None = None, device: str = AUTO) -> Room:
    """The best card of ``machine``, or its processor. ``folder``: where the project is."""
    free = machine.ram_free_mb or machine.ram_mb
    host = free * 2**20 if free else None
    disk = disk_free_mb(folder) * 2**20 if folder is not None else None
    cards = [g for g in machine.gpus if g.vendor in ("nvidia", "amd")]
    if cards and device in (AUTO, "cuda"):
        best = max(cards, key=lambda g: g.memory_mb or 0)
        memory = best.memory_mb * 2**20 if best.memory_mb else None
        return Room("cuda", best.name, memory, host, disk, tflops_of(best.name))
    return Room("cpu", "the processor", host, host, disk, _CORE * machine.cores)


def room_here(device: str, free: int | None = None, name: str = "") -> Room:
    """For the engine, which knows its device and what is free on it."""
    _, ram = memory_mb()
    host = ram * 2**20 if ram else None
    if device.startswith("cpu"):
        return Room("cpu", "the processor", host, host, tflops=_CORE * (os.cpu_count() or 1))
    return Room(device, name or device, free, host, tflops=tflops_of(name))


def tflops_of(name: str) -> float:
    return next((float(speed) for part, speed in _CARDS if part in name), float(_UNKNOWN_CARD))


@dataclass(frozen=True)
class Option:
    """A tier that could be chosen: its peak in bytes, and whether that fits (None: not known)."""

    id: str
    peak: int
    fits: bool | None


@dataclass(frozen=True)
class Preflight:
    """``words``: a sentence on what will be done and why. ``details``: what each tier needs, line
    by line; ``options``: the same as data, also of tiers above one that the world was lowered to
    and of those that lack their library. ``there``: bytes of memory there are. ``fits`` None: this
    machine does not say how much memory it has."""

    tier: Tier
    fits: bool | None
    words: str
    details: str
    needs: Needs
    keep_text: bool
    seconds: float
    measured: bool
    options: tuple[Option, ...] = ()
    there: int | None = None


def preflight(
    entry: WorldEntry, room: Room, *, steps: int | None = None, guidance: float | None = None,
    learns: int = 1, chosen: str = AUTO, because: str = "as you chose",
    measured: float | None = None, below: str = "", most: str = "", thrifty: bool = False,
    chunk_bytes: int = _TAKE_BYTES,
) -> Preflight:
    """The first tier that fits into ``room``, or the one that was ``chosen`` (``because``: why).

    ``steps`` and ``guidance`` of sampling (None: what suits the world); ``learns``: gradient steps
    a chunk, 0 where nothing is learned; ``measured``: seconds a chunk took here before; ``below``:
    only tiers after this one, since memory ran out in it; ``most``: this one or those after it;
    ``thrifty``: the system's own memory ran out, so where nothing fits the tier that needs least of
    it is taken, and the text encoder is not kept. Raises WorldError where the world's files can't
    be read, ValueError for a tier that does not exist or can't be had here.
    """
    shape, rungs = shape_of(entry), ladder(entry.family, room.device)
    ids = [t.id for t in rungs]
    if below:
        rungs = rungs[ids.index(below) + 1 :] if below in ids else ()
        if not rungs:
            raise ValueError(f"There is no tier below {below}.")
    elif most in ids:
        rungs, chosen = rungs[ids.index(most) :], AUTO
    sums = {t.id: needs(shape, t, room.card) for t in rungs}
    found = next((t for t in rungs if _fits(sums[t.id], room, learns) is not False), None)
    if found is None and thrifty and room.card:
        found = min(rungs, key=lambda t: sums[t.id].host)
    if chosen != AUTO and not below:
        wanted = tier(chosen)
        if why := missing(wanted):
            raise ValueError(f"The tier {wanted.id} can't be used: {why}.")
        sums.setdefault(wanted.id, needs(shape, wanted, room.card))
        taken = wanted
    else:
        taken = found or rungs[-1]
    mine = sums[taken.id]
    fits = _fits(mine, room, learns)
    calls = (steps or entry.steps) * (1 if (guidance or entry.guidance) == 1 else 2)
    if learns:
        calls += learns * (4 if taken.checkpointing else 3) + 2
    seconds = measured or _seconds(shape, taken, mine, room, calls)
    return Preflight(
        tier=taken, fits=fits,
        words=_words(
            entry, room, taken, mine, fits, learns, rungs, because * (taken.id in (chosen, most))
        )
        + _time(seconds, bool(measured)) + _disk(room, chunk_bytes) + _learning(entry, learns),
        details=_details(sums, rungs, room, learns), needs=mine,
        keep_text=not thrifty and _keeps_text(mine, taken, room), seconds=seconds,
        measured=bool(measured), options=_options(shape, taken, room, learns),
        there=room.memory,
    )


def _options(shape: Shape, taken: Tier, room: Room, learns: int) -> tuple[Option, ...]:
    found, there = [], whole_ladder(shape.entry.family, room.device)
    for one in there if taken in there else (*there, taken):
        mine = needs(shape, one, room.card)
        found.append(Option(one.id, _peak(mine, learns), _fits(mine, room, learns)))
    return tuple(found)


def _peak(needs: Needs, learns: int) -> int:
    return needs.learn if learns else needs.chunk


def _fits(needs: Needs, room: Room, learns: int) -> bool | None:
    if room.memory is None:
        return None
    there = room.memory - (CONTEXT if room.card else 0)
    enough = _peak(needs, learns) * MARGIN <= there
    if room.card and room.host is not None:
        enough = enough and needs.host <= room.host
    return enough


def _keeps_text(needs: Needs, tier: Tier, room: Room) -> bool:
    """Kept where there is twice the room for it; else it is read again when it is needed."""
    if not tier.text_apart or room.host is None:
        return True
    rest = room.host - (0 if room.card else needs.learn)
    return rest >= 2 * needs.text


def _seconds(shape: Shape, tier: Tier, needs: Needs, room: Room, calls: int) -> float:
    one = needs.flops / (room.tflops * 1e12 * _SHARE)
    if tier.offload:
        one += shape.net.numbers * 2 / _LINK
    return one * calls


# ---- words --------------------------------------------------------------------------------------


def size(count: float) -> str:
    """"7.3 GB"; below a tenth of one in MB."""
    return f"{count / GIB:.1f} GB" if count >= 0.1 * GIB else f"{max(1, count / 2**20):.0f} MB"


def _words(
    entry: WorldEntry, room: Room, tier: Tier, needs: Needs, fits: bool | None, learns: int,
    rungs: Sequence[Tier], because: str,
) -> str:
    what = "A chunk and learning it need" if learns else "A chunk needs"
    peak, there = size(_peak(needs, learns)), size(room.memory or 0)
    runs = f"{entry.name} runs {tier.words} on {room.title}"
    if because:
        runs += f", {because}"
    if fits is None:
        return f"{runs}: {what.lower()} about {peak}; how much there is is not known."
    if fits:
        why = "" if tier is rungs[0] or because else ", and more would not fit"
        return f"{runs}: {what.lower()} about {peak} of {there}{why}."
    short = "It may run out of memory: " if because else "That is more than there is: "
    return f"{runs}. {short}{what.lower()} about {peak} of {there}."


def _time(seconds: float, measured: bool) -> str:
    how = "as measured here" if measured else "an estimate"
    return f" A chunk takes about {_long(seconds)} ({how})."


def _long(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def _disk(room: Room, chunk: int) -> str:
    if room.disk is None or room.disk > 20 * chunk:
        return ""
    more = room.disk // max(1, chunk)
    fits = {0: "no more chunk", 1: "1 more chunk"}.get(more, f"{more} more chunks")
    return f" Only {size(room.disk)} of disk are free for what is made: room for {fits}."


def _learning(entry: WorldEntry, learns: int) -> str:
    if entry.fast_learning:
        return ""
    if learns:
        return f" Fast learning is on, as you chose. By default it is off here: {entry.why_not}"
    return (
        f" Fast learning is off for it by default: {entry.why_not} A memory preset that learns "
        "switches it on."
    )


def _details(
    sums: dict[str, Needs], rungs: Sequence[Tier], room: Room, learns: int
) -> str:
    lines = [
        f"{t.id}: chunk {size(sums[t.id].chunk)}"
        + (f", learning {size(sums[t.id].learn)}" if learns else "")
        + ("" if _fits(sums[t.id], room, learns) is not False else " – too much")
        for t in rungs
    ]
    if room.card:
        why = [missing(tier(id)) for id in ("int8", "fp8") if missing(tier(id))]
        lines += [f"{why[0]}."] if why else []
    return "\n".join(lines)
