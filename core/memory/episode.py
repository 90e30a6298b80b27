"""An episode: a memory saved under a name, with what it was learned from. One ``.sfep`` file.

A safetensors file with the snapshot's tensors, a bank of latent frames with their addresses and a
thumbnail. It may come from anybody: no pickle, no paths, bounded header, every fact checked.
Torch is not needed here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from core.memory.bank import thinned
from core.memory.errors import MemoryRefused
from core.memory.frames import Frames, frame_arrays, frames_of
from core.memory.snapshot import (
    SCHEMA,
    Snapshot,
    check_format,
    check_world,
    load_snapshot,
    save_snapshot,
    snapshot_arrays,
    snapshot_facts,
    snapshot_info,
    snapshot_of,
    text_of,
)
from core.memory.tensors import Header, TensorFileError, read_arrays, write_arrays
from core.project.model import ActionPart, MergedFrom, WorldRef

FORMAT = "slowfast-episode"
SUFFIX = ".sfep"
MAX_THUMBNAIL = 256 << 10  # bytes
MAX_LEARNED = 10_000  # chunks listed
MAX_MERGED = 16  # episodes that one was merged from
MAX_WEIGHT = 1.5  # of each of them, as the strength of a memory goes
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True)
class Learned:
    """One chunk that the memory learned."""

    actions: tuple[ActionPart, ...]
    scene: str
    seed: int
    frames: int


@dataclass(frozen=True)
class EpisodeInfo:
    """What a list shows of an episode."""

    name: str
    created: str  # ISO 8601, UTC
    world: WorldRef
    licence: str
    preset: str
    rank: int
    chunks: int
    steps: int
    frames: int  # in the bank
    learned: tuple[Learned, ...]
    thumbnail: bytes  # JPEG, may be empty
    merged: tuple[MergedFrom, ...] = ()


@dataclass(frozen=True)
class Episode:
    """``bank``: every latent frame of the walk with its address, for remembering whole frames."""

    info: EpisodeInfo
    snapshot: Snapshot
    bank: Frames


def save_episode(
    path: str | os.PathLike,
    snapshot: Snapshot | str | os.PathLike,
    *,
    name: str,
    bank: Frames,
    thumbnail: bytes = b"",
    learned: Sequence[Learned] = (),
    created: str = "",
    merged: Sequence[MergedFrom] = (),
) -> EpisodeInfo:
    """Write ``path`` whole; raises TensorFileError or MemoryRefused."""
    if not isinstance(snapshot, Snapshot):
        snapshot = load_snapshot(snapshot)
    clean = text_of(name, 200)
    if not clean:
        raise MemoryRefused("Give the episode a name.")
    if len(thumbnail) > MAX_THUMBNAIL:
        raise MemoryRefused("The episode's picture is too large to keep with it.")
    rows = [
        {"actions": [[a.text, a.frames] for a in one.actions], "scene": one.scene,
         "seed": one.seed, "frames": one.frames}
        for one in list(learned)[-MAX_LEARNED:]
    ]
    bank = thinned(bank)
    facts = {
        "format": FORMAT, **snapshot_facts(snapshot, bank), "name": clean,
        "created": created or datetime.now(UTC).isoformat(timespec="seconds"), "learned": rows,
    }
    if merged:
        facts["merged"] = [[text_of(one.name, 200), one.weight] for one in merged]
    # The snapshot's own bank may be of several walks, this one of one: nothing of that stays.
    arrays = snapshot_arrays(replace(snapshot, bank=None)) | frame_arrays("bank", bank)
    arrays["thumbnail"] = np.frombuffer(thumbnail, np.uint8)
    write_arrays(path, arrays, facts)
    return _info(facts, len(bank), thumbnail)


def load_episode(path: str | os.PathLike, world_hash: str | None = None) -> Episode:
    """Read it; raises MemoryRefused with the reason where it is of another world or damaged."""
    arrays, header = _read(path)
    check_world(header.facts, world_hash)
    bank = frames_of("bank", arrays)
    info = _info(header.facts, len(bank), _thumbnail(arrays))
    return Episode(info, snapshot_of(arrays, header.facts), bank)


def peek_episode(path: str | os.PathLike) -> EpisodeInfo:
    """Name, picture and what it was learned from, without reading the memory itself."""
    arrays, header = _read(path, ["thumbnail", "bank/time"])
    return _info(header.facts, len(arrays.get("bank/time", ())), _thumbnail(arrays))


def refusal(path: str | os.PathLike, world: WorldRef) -> str | None:
    """Why the episode can't be used with ``world``, as a sentence; None when it can."""
    try:
        _, header = _read(path, [])
        check_world(header.facts, world.hash, world.name)
    except MemoryRefused as error:
        return str(error)
    return None


def episode_to_snapshot(
    path: str | os.PathLike, snapshot: str | os.PathLike, world_hash: str | None = None
) -> Snapshot:
    """Write the episode's memory as a snapshot, as a task takes it."""
    episode = load_episode(path, world_hash)
    found = replace(episode.snapshot, bank=episode.bank)
    save_snapshot(snapshot, found)
    return found


def export_name(name: str) -> str:
    """A file name for an episode called ``name``: no folders, nothing that a system refuses."""
    kept = "".join(c if c.isalnum() or c in " -_()" else "-" for c in text_of(name, 80))
    return (kept.strip(" -.") or "episode") + SUFFIX


def export_episode(path: str | os.PathLike, target: str | os.PathLike) -> None:
    """A whole, checked copy of the episode for somebody else; raises MemoryRefused."""
    arrays, header = _read(path)
    _info(header.facts, 0, b"")
    snapshot_of(arrays, header.facts)
    try:
        write_arrays(Path(target), arrays, header.facts)
    except TensorFileError as error:
        raise MemoryRefused(str(error)) from error


def _read(
    path: str | os.PathLike, names: list[str] | None = None
) -> tuple[dict[str, np.ndarray], Header]:
    try:
        arrays, header = read_arrays(path, names)
    except TensorFileError as error:
        raise MemoryRefused(f"The episode can't be read: {error}") from error
    check_format(header, FORMAT, SCHEMA, "saved episode")
    return arrays, header


def _thumbnail(arrays: Mapping[str, np.ndarray]) -> bytes:
    picture = arrays.get("thumbnail")
    if picture is None or picture.dtype != np.uint8 or picture.size > MAX_THUMBNAIL:
        return b""
    data = picture.tobytes()
    return data if data.startswith(_JPEG) else b""


def _info(facts: Mapping[str, Any], frames: int, thumbnail: bytes) -> EpisodeInfo:
    base = snapshot_info(facts)
    try:
        rows = facts["learned"]
        if type(rows) is not list or len(rows) > MAX_LEARNED:
            raise ValueError("what it was learned from is no list")
        return EpisodeInfo(
            name=text_of(facts["name"], 200) or "Episode", created=text_of(facts["created"], 40),
            world=base.world, licence=text_of(facts["world"].get("licence", "")),
            preset=base.preset, rank=base.rank, chunks=base.chunks, steps=base.steps,
            frames=frames, learned=tuple(_learned(row) for row in rows), thumbnail=thumbnail,
            merged=_merged(facts.get("merged", [])),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MemoryRefused(
            "The episode is damaged: it does not say what it was learned from. Use a copy of it."
        ) from error


def _learned(row: Any) -> Learned:
    numbers = [row["seed"], row["frames"], *(frames for _, frames in row["actions"])]
    if any(type(n) is not int or not 0 <= n < 2**63 for n in numbers):
        raise ValueError("a count is not a number")
    actions = tuple(ActionPart(text_of(text), frames) for text, frames in row["actions"])
    return Learned(actions, text_of(row["scene"]), row["seed"], row["frames"])


def _merged(rows: Any) -> tuple[MergedFrom, ...]:
    if type(rows) is not list or len(rows) > MAX_MERGED:
        raise ValueError("what it was merged from is no list")
    found = tuple(MergedFrom(text_of(name, 200), weight) for name, weight in rows)
    if any(type(s.weight) not in (int, float) or not 0 <= s.weight <= MAX_WEIGHT for s in found):
        raise ValueError("a weight is out of range")
    return found
