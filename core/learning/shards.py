"""Shards: a few recordings in one safetensors file, written whole or not at all, read in parts.

A shard ("walks-2") holds its recordings one after the other along the first axis:

    latents   float16 [N, C, h, w]    or, kept as they are,   pictures   uint8 [N, H, W, 3]
    poses     float64 [N, 3]          not a number where the camera's pose is not known
    actions   uint8 [N]               numbers of names; number i led to frame i

and its facts as JSON under "shard": source, whether it is held out, the names of the actions,
frames a second (8 where it is not said), and for each recording its frames, place, scene and kind.
Shards of "walks-1" (first-person walks of one length, latents alone) are read too.
"""

from __future__ import annotations

import errno
import json
import os
import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from core.learning.language import PHRASES
from core.learning.scenes.styles import STYLES
from core.learning.sources.source import FPS, Recording
from core.media.errors import cannot_write
from core.media.files import remove

VERBS = tuple(PHRASES)
FIRST_PERSON = "first-person"


class ShardError(Exception):
    """A shard cannot be used. ``str(error)`` names it and says what to do."""


@dataclass(frozen=True)
class WalkData:
    """One recording. Latents or pictures are only there where they were kept or made now."""

    latents: torch.Tensor | None  # [T, C, h, w]
    poses: np.ndarray | None  # [T, 3]; None: not known
    verbs: np.ndarray  # [T], numbers of `names`
    style: int  # number of a first-person style; -1 in other sources, which have `place`
    pictures: np.ndarray | None = None  # [T, H, W, 3] uint8
    names: tuple[str, ...] = VERBS
    source: str = FIRST_PERSON
    place: str = ""
    scene: str = ""
    kind: str = ""
    rate: int = FPS  # frames a second

    @property
    def actions(self) -> tuple[str, ...]:
        """What led to each frame, by name."""
        return tuple(self.names[v] for v in self.verbs)


def write_shard(
    path: Path,
    source: str,
    recordings: Sequence[Recording],
    latents: Sequence[torch.Tensor] | None,
    held_out: bool = False,
    rate: int = FPS,
) -> None:
    """Write ``recordings`` of ``rate`` frames a second: their latents where given, else their
    pictures. Raises MediaError."""
    names = sorted({a for r in recordings for a in r.actions})
    if len(names) > 256:
        raise ShardError(
            f"{path.name} would have {len(names)} different actions; a shard has room for 256. "
            "Use fewer wordings or fewer recordings a shard (--per-shard)."
        )
    frames = [len(r.pictures) for r in recordings]
    unknown = [np.full((n, 3), np.nan) for n in frames]
    poses = [u if r.poses is None else r.poses for r, u in zip(recordings, unknown)]
    tensors = {
        "poses": torch.from_numpy(np.concatenate(poses)),
        "actions": torch.tensor(
            [names.index(a) for r in recordings for a in r.actions], dtype=torch.uint8
        ),
    }
    if latents is None:
        tensors["pictures"] = torch.from_numpy(np.concatenate([r.pictures for r in recordings]))
    else:
        tensors["latents"] = torch.cat([z.half() for z in latents])
    facts = {
        "format": "walks-2", "source": source, "held_out": held_out, "names": names,
        "frames": frames, "places": [r.place for r in recordings],
        "scenes": [r.scene for r in recordings], "kinds": [r.kind for r in recordings],
        "rate": rate,
    }
    # Not named as a shard until it is one: a reader of the folder meets whole shards alone.
    part = path.with_suffix(".tmp")
    try:
        # One entry: several would be written in any order, and shards are compared bit by bit.
        save_file(tensors, part, metadata={"shard": json.dumps(facts, sort_keys=True)})
        os.replace(part, path)
    except (OSError, SafetensorError) as error:
        remove(part)
        told = error if isinstance(error, OSError) else OSError(errno.EIO, str(error))
        raise cannot_write(path, told) from error


def damage(path: Path) -> str:
    """Why a shard cannot be read; empty when it is whole. Reads no more than its head."""
    try:
        with open(path, "rb") as file:
            head = file.read(8)
            if len(head) < 8:
                return "it ends within its head"
            (length,) = struct.unpack("<Q", head)
            if length > 100 << 20:
                return "it is no safetensors file"
            text = file.read(length)
            if len(text) < length:
                return "it ends within its head"
        ends = [t["data_offsets"][1] for k, t in json.loads(text).items() if k != "__metadata__"]
        there, told = path.stat().st_size - 8 - length, max(ends, default=0)
        if there != told:
            return f"it has {there} of {told} bytes"
        facts_of(path)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError, ShardError) as error:
        return str(error)
    return ""


def facts_of(path: Path) -> dict[str, Any]:
    """What a shard says of itself; of "walks-1" only format and source. Raises ShardError."""
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise ShardError(
            f"{path} cannot be read ({error}). Build again: damaged shards are made anew."
        ) from error
    if told.get("format") == "walks-1":
        return {"format": "walks-1", "source": FIRST_PERSON, "held_out": False}
    facts = json.loads(told.get("shard", "{}"))
    if facts.get("format") != "walks-2":
        raise ShardError(f"{path} is no shard of walks; take it out of the folder.")
    return facts


def read_walks(
    folder: Path, sources: Collection[str] | None = (FIRST_PERSON,)
) -> Iterator[WalkData]:
    """The recordings of a folder of shards, one in memory at a time.

    First-person walks alone unless ``sources`` names others (None: all). Those of other sources
    have names and a place of their own, and some no poses. Raises ShardError for a damaged shard.
    """
    for path in sorted(Path(folder).glob("*.safetensors")):
        if sources is None or facts_of(path)["source"] in sources:
            yield from walks_of(path)


def walks_of(path: Path) -> Iterator[WalkData]:
    """The recordings of one shard. Raises ShardError."""
    facts = facts_of(path)
    yield from (_read_first if facts["format"] == "walks-1" else _read)(path, facts)


def _read(path: Path, facts: dict[str, Any]) -> Iterator[WalkData]:
    source, names = facts["source"], tuple(facts["names"])
    own = source == FIRST_PERSON
    # First-person walks keep the numbers that training knows.
    table = np.array([VERBS.index(n) for n in names] if own else range(len(names)), np.uint8)
    with safe_open(path, "pt") as file:
        there, begin = set(file.keys()), 0
        for frames, place, scene, kind in zip(*(facts[k] for k in (
                "frames", "places", "scenes", "kinds"))):
            def part(key: str, a: int = begin, b: int = begin + frames) -> torch.Tensor | None:
                return file.get_slice(key)[a:b] if key in there else None

            poses, pictures = part("poses").numpy(), part("pictures")
            yield WalkData(
                part("latents"), None if np.isnan(poses).any() else poses,
                table[part("actions").numpy()], STYLES.index(place) if own else -1,
                None if pictures is None else pictures.numpy(), VERBS if own else names,
                source, place, scene, kind, int(facts.get("rate", FPS)),
            )
            begin += frames


def _read_first(path: Path, facts: dict[str, Any]) -> Iterator[WalkData]:
    with safe_open(path, "pt") as file:
        styles = file.get_tensor("styles").tolist()
        parts = [file.get_slice(key) for key in ("latents", "poses", "verbs")]
        for i, style in enumerate(styles):
            latents, poses, verbs = (p[i] for p in parts)
            yield WalkData(
                latents, poses.numpy(), verbs.numpy(), style, place=STYLES[style],
            )
