"""A memory at one moment as one file: adapter, Adam moments, generator, context, the opening.

Here are numpy arrays only, so that files can be read, judged and turned into one another without
loading torch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.memory.errors import MemoryRefused
from core.memory.frames import Frames, frame_arrays, frames_of, several
from core.memory.tensors import Header, TensorFileError, read_arrays, read_header, write_arrays
from core.project.memory_use import preset_named
from core.project.model import WorldRef

FORMAT = "slowfast-snapshot"
#: 2: Adam moments that are zero everywhere are left out, and named under "zeros"; or the bank holds
#: frames of several walks. 3: sampling leaves the memory out at low noise. An older studio would
#: misread any of them.
SCHEMA = 3


@dataclass(frozen=True)
class Snapshot:
    """What fast learning goes on from. ``weights`` and both moments share their names.

    ``opening`` are the numbers that guards compare chunks with, taken from the very first context.
    """

    world: WorldRef
    preset: str
    rank: int
    weights: Mapping[str, np.ndarray]
    exp_avg: Mapping[str, np.ndarray]
    exp_avg_sq: Mapping[str, np.ndarray]
    adam_step: int
    generator: np.ndarray  # uint8
    opening: np.ndarray  # float64
    context: Frames
    chunks: int = 0  # learned so far
    steps: int = 0  # gradient steps so far
    licence: str = ""  # of the world
    bank: Frames | None = None  # of the episode it was loaded from
    #: Where the adapter's own axes stood in the walk it was taken in: x, y, yaw; NaN = not known.
    home: np.ndarray = field(default_factory=lambda: np.zeros(3))
    quiet_below: float = 0.0  # the noise level under which sampling leaves the adapter out


@dataclass(frozen=True)
class SnapshotInfo:
    """What a list shows of a snapshot, read from its header alone."""

    world: WorldRef
    preset: str
    rank: int
    chunks: int
    steps: int
    facts: Mapping[str, Any] = field(repr=False, default_factory=dict)


def save_snapshot(path: str | os.PathLike, snapshot: Snapshot) -> None:
    """Write ``path`` whole; raises TensorFileError."""
    facts = {"format": FORMAT, **snapshot_facts(snapshot, snapshot.bank)}
    write_arrays(path, snapshot_arrays(snapshot), facts)


def load_snapshot(path: str | os.PathLike, world_hash: str | None = None) -> Snapshot:
    """Read it; raises MemoryRefused for a file of another world, a newer studio or a broken one."""
    try:
        arrays, header = read_arrays(path)
    except TensorFileError as error:
        raise MemoryRefused(f"The memory can't be read: {error}") from error
    check_format(header, FORMAT, SCHEMA, "memory snapshot")
    check_world(header.facts, world_hash)
    return snapshot_of(arrays, header.facts)


def load_bank(path: str | os.PathLike, world_hash: str) -> Frames | None:
    """The frames that came with a loaded episode, without the memory itself; MemoryRefused."""
    names = [f"bank/{part}" for part in ("z", "time", "pose", "walk")]
    try:
        arrays, header = read_arrays(path, names)
    except TensorFileError as error:
        raise MemoryRefused(f"The memory can't be read: {error}") from error
    check_format(header, FORMAT, SCHEMA, "memory snapshot")
    check_world(header.facts, world_hash)
    return frames_of("bank", arrays) if arrays else None


def peek_snapshot(path: str | os.PathLike) -> SnapshotInfo:
    """What it is, without reading its tensors; raises MemoryRefused."""
    try:
        header = read_header(path)
    except TensorFileError as error:
        raise MemoryRefused(f"The memory can't be read: {error}") from error
    check_format(header, FORMAT, SCHEMA, "memory snapshot")
    return snapshot_info(header.facts)


# ---- shared with episodes -----------------------------------------------------------------------


def snapshot_facts(s: Snapshot, bank: Frames | None) -> dict[str, Any]:
    """With the oldest schema that says all of a memory with ``bank``: a studio that knows no newer
    one would take such a file for a damaged one, or several walks for one."""
    world = {"id": s.world.id, "hash": s.world.hash, "name": s.world.name, "licence": s.licence}
    facts = {
        "world": world, "preset": s.preset, "rank": s.rank, "chunks": s.chunks, "steps": s.steps,
    }
    zeros = sorted(name for name, a in _moments(s).items() if _zero(a))
    facts["schema"] = SCHEMA if s.quiet_below else 2 if zeros or several(bank) else 1
    if s.quiet_below:
        facts["quiet_below"] = s.quiet_below
    return {**facts, "zeros": zeros} if zeros else facts


def _moments(s: Snapshot) -> dict[str, np.ndarray]:
    return {f"exp_avg/{n}": a for n, a in s.exp_avg.items()} | {
        f"exp_avg_sq/{n}": a for n, a in s.exp_avg_sq.items()
    }


def _zero(a: np.ndarray) -> bool:
    """Every bit: -0.0 is not."""
    return not np.ascontiguousarray(a).view(np.uint8).any()


def snapshot_arrays(s: Snapshot) -> dict[str, np.ndarray]:
    arrays = {f"adapter/{n}": a for n, a in s.weights.items()}
    arrays |= {name: a for name, a in _moments(s).items() if not _zero(a)}
    arrays["step"] = np.array([s.adam_step], np.int64)
    arrays["generator"] = s.generator
    arrays["opening"] = s.opening
    arrays["home"] = s.home
    if s.bank is not None:
        arrays |= frame_arrays("bank", s.bank)
    return arrays | frame_arrays("context", s.context)


def snapshot_of(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> Snapshot:
    """Put together what ``snapshot_arrays`` and ``snapshot_facts`` took apart, checked."""
    groups: dict[str, dict[str, np.ndarray]] = {"adapter": {}, "exp_avg": {}, "exp_avg_sq": {}}
    for name, array in arrays.items():
        group, slash, rest = name.partition("/")
        if slash and group in groups and array.dtype == np.float32:
            groups[group][rest] = array
    for name in _zeros(facts):
        group, _, rest = name.partition("/")
        if group not in ("exp_avg", "exp_avg_sq") or rest not in groups["adapter"]:
            raise MemoryRefused("The memory is damaged: its optimiser is not whole.")
        groups[group].setdefault(rest, np.zeros_like(groups["adapter"][rest]))
    shapes = [{n: a.shape for n, a in group.items()} for group in groups.values()]
    step, generator = arrays.get("step"), arrays.get("generator")
    opening = arrays.get("opening")
    if not shapes[0] or shapes[0] != shapes[1] or shapes[0] != shapes[2]:
        raise MemoryRefused("The memory is damaged: its adapter is not whole.")
    if step is None or step.shape != (1,) or step.dtype != np.int64 or step[0] < 0:
        raise MemoryRefused("The memory is damaged: its optimiser is not whole.")
    if generator is None or generator.ndim != 1 or generator.dtype != np.uint8:
        raise MemoryRefused("The memory is damaged: its generator is not whole.")
    if opening is None or opening.ndim != 1 or opening.dtype != np.float64:
        raise MemoryRefused("The memory is damaged: its opening is not there.")
    if not all(np.isfinite(a).all() for group in groups.values() for a in group.values()):
        raise MemoryRefused("The memory is damaged: it has values that are not numbers.")
    home = arrays.get("home", np.zeros(3))
    if home.shape != (3,) or home.dtype != np.float64:
        raise MemoryRefused("The memory is damaged: it does not say where it began.")
    info = snapshot_info(facts)
    return Snapshot(
        world=info.world, preset=info.preset, rank=info.rank, weights=groups["adapter"],
        exp_avg=groups["exp_avg"], exp_avg_sq=groups["exp_avg_sq"], adam_step=int(step[0]),
        generator=generator, opening=opening, context=frames_of("context", arrays),
        chunks=info.chunks, steps=info.steps,
        licence=text_of(facts.get("world", {}).get("licence", "")),
        bank=frames_of("bank", arrays) if "bank/z" in arrays else None, home=home,
        quiet_below=_quiet_below(facts),
    )


def _quiet_below(facts: Mapping[str, Any]) -> float:
    found = facts.get("quiet_below", 0.0)
    if type(found) not in (int, float) or not 0 <= found <= 1:
        raise MemoryRefused("The memory is damaged: it does not say at which noise it is used.")
    return float(found)


def _zeros(facts: Mapping[str, Any]) -> list[str]:
    found = facts.get("zeros", [])
    if type(found) is not list or not all(type(name) is str for name in found):
        raise MemoryRefused("The memory is damaged: its optimiser is not whole.")
    return found


def snapshot_info(facts: Mapping[str, Any]) -> SnapshotInfo:
    """Raises MemoryRefused where a fact is missing or of the wrong kind."""
    try:
        world = facts["world"]
        ref = WorldRef(text_of(world["id"]), text_of(world["hash"]), text_of(world["name"]))
        numbers = [facts["rank"], facts["chunks"], facts["steps"]]
        if any(type(n) is not int or not 0 <= n < 2**31 for n in numbers):
            raise ValueError("a count is not a number")
        return SnapshotInfo(
            ref, preset_named(text_of(facts["preset"])), numbers[0], numbers[1], numbers[2], facts
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MemoryRefused("The memory is damaged: it does not say what it is.") from error


def text_of(value: Any, longest: int = 2000) -> str:
    """``value`` as one clean line; raises ValueError where it is no text."""
    if type(value) is not str:
        raise ValueError("expected a text")
    return " ".join("".join(c if c.isprintable() else " " for c in value[:longest]).split())


def check_format(header: Header, format: str, schema: int, what: str) -> None:
    if header.facts.get("format") != format:
        raise MemoryRefused(f"This file is not a {what} of SlowFast Studio. Choose another file.")
    if type(header.facts.get("schema")) is not int or header.facts["schema"] > schema:
        raise MemoryRefused(
            f"This {what} was made by a newer version of the studio. Update the studio to use it."
        )


def check_world(facts: Mapping[str, Any], world_hash: str | None, name: str = "") -> None:
    """Raises MemoryRefused with the reason where the memory belongs to another world."""
    world = snapshot_info(facts).world
    if world_hash is None or world.hash == world_hash:
        return
    this = f"“{name}”" if name else "the one that is used here"
    raise MemoryRefused(
        f"This memory was made with the world “{world.name}” (version {world.hash[:8]}), not with "
        f"{this} (version {world_hash[:8]}). A memory only fits the very world it was made with; "
        "use it in a project of that world, or start a fresh memory."
    )
