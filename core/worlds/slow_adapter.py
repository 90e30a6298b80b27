"""A slow adapter: what fine-tuning on a person's own footage adds to a world's weights.

A LoRA on every linear layer of the denoiser's blocks, trained by ``core.learning.train --adapter``
and merged into a world's weights after loading. With it the world is another one: its hash says so,
so that projects and episodes are told apart. On disk it is one safetensors file of float32 with a
JSON value beside it, checked before it is used, for it may come from anybody.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.memory.tensors import Header, TensorFileError, read_arrays, read_header, write_arrays
from core.worlds.catalogue import WorldError

if TYPE_CHECKING:
    import torch

    from core.worlds.protocol import World

FORMAT = "slowfast-slow-adapter"
SCHEMA = 1
_HALVES = ("lora_A.weight", "lora_B.weight")


@dataclass(frozen=True)
class SlowAdapter:
    """``weights`` hold ``LAYER.lora_A.weight`` [rank, in] and ``LAYER.lora_B.weight`` [out, rank],
    float32; a layer gains ``alpha / rank`` B·A. ``world_hash`` is that of the world it was trained
    on, ``about`` what else is told of its training."""

    world_id: str
    world_name: str
    world_hash: str
    rank: int
    alpha: float
    weights: Mapping[str, np.ndarray]
    about: Mapping[str, Any]


def save_slow_adapter(path: str | os.PathLike, adapter: SlowAdapter) -> None:
    """Write the file whole; raises TensorFileError and leaves what was there."""
    facts = {
        "format": FORMAT, "schema": SCHEMA, "rank": adapter.rank, "alpha": adapter.alpha,
        "world": {
            "id": adapter.world_id, "name": adapter.world_name, "hash": adapter.world_hash,
        },
        "about": dict(adapter.about),
    }
    write_arrays(path, adapter.weights, facts)


def load_slow_adapter(path: str | os.PathLike) -> SlowAdapter:
    """Read and check it; raises WorldError with the reason."""
    try:
        arrays, header = read_arrays(path)
    except TensorFileError as error:
        raise WorldError(f"The slow adapter can't be used: {error}") from error
    adapter = _adapter(Path(path), header, arrays)
    if not all(np.isfinite(a).all() for a in arrays.values()):
        raise _damaged(Path(path))
    return adapter


def check_slow_adapter(path: str | os.PathLike, world_hash: str, world_name: str) -> None:
    """Raises WorldError where it is no adapter, or one of another world; reads its header alone."""
    try:
        header = read_header(path)
    except TensorFileError as error:
        raise WorldError(f"The slow adapter can't be used: {error}") from error
    _check_world(Path(path), _adapter(Path(path), header, {}), world_hash, world_name)


def merged_hash(world_hash: str, path: str | os.PathLike) -> str:
    """The hash of a world with the adapter in ``path``, hex; raises WorldError."""
    try:
        inner = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        why = error.strerror or error
        raise WorldError(f"The slow adapter {Path(path).name} can't be read: {why}.") from error
    return hashlib.sha256(f"{world_hash}+{inner}".encode()).hexdigest()


def merged_name(world_name: str, adapter_name: str) -> str:
    """What a world with the adapter is called."""
    return f"{world_name} with {adapter_name}"


def merge_slow_adapter(world: World, path: str | os.PathLike) -> None:
    """Add the adapter in ``path`` to ``world``'s weights; its hash and name say so from then on.
    Raises WorldError and leaves the world as it was where the adapter is not for it."""
    import torch

    adapter = load_slow_adapter(path)
    _check_world(Path(path), adapter, world.hash, world.name)
    layers = dict(world.net.named_modules())
    names = sorted({_layer(name) for name in adapter.weights})
    added: dict[str, torch.Tensor] = {}
    for name in names:
        a, b = (torch.from_numpy(adapter.weights[f"{name}.{half}"]) for half in _HALVES)
        layer = layers.get(name)
        if not isinstance(layer, torch.nn.Linear) or layer.weight.shape != (len(b), a.shape[1]):
            raise _damaged(Path(path))
        added[name] = adapter.alpha / adapter.rank * (b @ a)
    merged = merged_hash(world.hash, path)
    with torch.no_grad():
        for name, change in added.items():
            weight = layers[name].weight
            weight.add_(change.to(weight.device, weight.dtype))
    world.hash, world.name = merged, merged_name(world.name, Path(path).stem)


def _adapter(path: Path, header: Header, weights: Mapping[str, np.ndarray]) -> SlowAdapter:
    """What ``header`` says, checked. Raises WorldError."""
    facts = header.facts
    if facts.get("format") != FORMAT:
        raise WorldError(
            f"{path.name} is no slow adapter. One is made with core.learning.train --adapter."
        )
    if type(facts.get("schema")) is not int or facts["schema"] > SCHEMA:
        raise WorldError(f"{path.name} was made by a newer version of the studio. Update it.")
    try:
        world, rank, alpha = facts["world"], facts["rank"], facts["alpha"]
        texts = [world["id"], world["name"], world["hash"]]
        if any(type(t) is not str for t in texts) or type(rank) is not int or rank < 1:
            raise ValueError
        if type(alpha) not in (int, float) or not 0 < alpha < 1e4 or not header.shapes:
            raise ValueError
        for name, shape in header.shapes.items():
            half = name.removeprefix(f"{_layer(name)}.")
            pair = f"{_layer(name)}.{_HALVES[1 - _HALVES.index(half)]}"
            of_rank = shape[0] if half == _HALVES[0] else shape[-1]
            if len(shape) != 2 or of_rank != rank or header.dtypes[name] != "F32":
                raise ValueError
            if pair not in header.shapes:
                raise ValueError
        return SlowAdapter(*texts, rank, float(alpha), weights, dict(facts.get("about") or {}))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path) from error


def _check_world(path: Path, adapter: SlowAdapter, world_hash: str, world_name: str) -> None:
    if adapter.world_hash != world_hash:
        raise WorldError(
            f"The slow adapter {path.name} was trained on “{adapter.world_name}” (version "
            f"{adapter.world_hash[:8]}), not on “{world_name}” (version {world_hash[:8]}). It fits "
            "only the very world it was trained on: use that one, or train an adapter for this."
        )


def _layer(name: str) -> str:
    """The layer that a tensor belongs to."""
    return name.rpartition(".lora_")[0]


def _damaged(path: Path) -> WorldError:
    return WorldError(
        f"The slow adapter {path.name} is damaged or does not fit the world's layers. Use a copy "
        "of it, or train it again."
    )
