"""A chunk's latents on disk: one safetensors file with z, when each frame is, and where."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.memory.snapshot import Frames
from core.memory.tensors import TensorFileError, read_arrays, write_arrays

if TYPE_CHECKING:
    import torch

    from core.worlds.protocol import Address, LatentFrame

FORMAT = "slowfast-latents"
SCHEMA = 1


def save_latents(
    path: str | os.PathLike, z: torch.Tensor, addresses: Sequence[Address], world_hash: str = ""
) -> None:
    """z [F, C, h, w] and one address a frame; raises TensorFileError."""
    time, pose = address_arrays(addresses)
    arrays = {"z": z.detach().float().cpu().numpy(), "time": time, "pose": pose}
    facts = {"format": FORMAT, "schema": SCHEMA, "world": world_hash}
    write_arrays(path, arrays, facts)


def read_latents(path: str | os.PathLike) -> Frames:
    """The whole file as arrays, without torch; raises TensorFileError."""
    arrays, header = read_arrays(path)
    z, time, pose = (arrays.get(n) for n in ("z", "time", "pose"))
    if header.facts.get("format") != FORMAT or z is None or time is None or pose is None:
        raise TensorFileError(f"{os.path.basename(path)} does not hold the latents of a chunk.")
    if header.facts.get("schema") != SCHEMA:
        raise TensorFileError(
            f"{os.path.basename(path)} was made by another version of the studio. Update it."
        )
    if z.ndim != 4 or z.dtype != np.float32 or time.shape != z.shape[:1] or (
        pose.shape != (len(z), 3)
    ):
        raise TensorFileError(f"{os.path.basename(path)} is damaged: its frames are not whole.")
    return Frames(z, time, pose)


def load_latents(
    path: str | os.PathLike, start: int = 0, stop: int | None = None
) -> list[LatentFrame]:
    """Frames [start, stop), shown clean; raises TensorFileError where they are not all there."""
    frames = read_latents(path)
    stop = len(frames) if stop is None else stop
    if not 0 <= start < stop <= len(frames):
        raise TensorFileError(
            f"{os.path.basename(path)} has frames 0 to {len(frames)}, not {start} to {stop}."
        )
    return latent_frames(frames[start:stop])


def latent_frames(frames: Frames, level: float = 0.0) -> list[LatentFrame]:
    import torch

    from core.worlds.protocol import LatentFrame

    addresses = _addresses(frames.time, frames.pose)
    return [LatentFrame(z, a, level) for z, a in zip(torch.from_numpy(frames.z), addresses)]


def read_addresses(path: str | os.PathLike) -> list[Address]:
    """The addresses alone; raises TensorFileError."""
    arrays, _ = read_arrays(path, ["time", "pose"])
    time, pose = arrays.get("time"), arrays.get("pose")
    if time is None or pose is None or pose.shape != (len(time), 3):
        raise TensorFileError(f"{os.path.basename(path)} does not hold the latents of a chunk.")
    return _addresses(time, pose)


def _addresses(time: np.ndarray, pose: np.ndarray) -> list[Address]:
    from core.worlds.protocol import Address

    found = []
    for when, where in zip(time, pose):
        known = tuple(float(v) for v in where)
        found.append(Address(int(when), known if all(map(math.isfinite, known)) else None))
    return found


def frames_from(frames: Sequence[LatentFrame]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(z, time, pose) as ``Frames`` takes them."""
    z = np.stack([f.z.detach().float().cpu().numpy() for f in frames])
    return z, *address_arrays([f.address for f in frames])


def address_arrays(addresses: Sequence[Address]) -> tuple[np.ndarray, np.ndarray]:
    time = np.array([a.time for a in addresses], np.int64)
    pose = np.array([a.pose or (math.nan,) * 3 for a in addresses], np.float64)
    return time, pose
