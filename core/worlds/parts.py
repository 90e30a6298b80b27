"""The parts of a checkpoint in the diffusers layout, each read from its own sub-folder.

Only safetensors and JSON are read, only from the disk: nothing is unpickled, run or fetched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.worlds.tiers import FULL, Tier


def dtype_for(device: torch.device) -> torch.dtype:
    """What networks compute in: bfloat16 on CUDA; elsewhere it is slow or not there."""
    return torch.bfloat16 if device.type == "cuda" else torch.float32


@dataclass(frozen=True)
class Place:
    """Where the parts of a world are read to, and in what precision its denoiser and text encoder
    are. ``net``: the denoiser's first place; ``device``: where it computes, and the autoencoder."""

    device: torch.device
    net: torch.device
    text: torch.device
    dtype: torch.dtype


def place(device: torch.device, tier: Tier = FULL) -> Place:
    """What ``tier`` says about ``device``. What becomes smaller, or stays away, is read to the
    processor first; ``core.worlds.fitting.apply_tier`` does the rest."""
    cpu = torch.device("cpu")
    return Place(
        device=device, net=cpu if tier.quantised or tier.offload else device,
        text=cpu if tier.text_apart else device,
        dtype=dtype_for(device) if tier.weights == "own" else torch.bfloat16,
    )


def network(kind: type[Any], folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """One network of diffusers or transformers with all of its weights, frozen, in eval mode.

    Raises OSError or ValueError. Libraries only warn where weights are missing, and fill the gaps
    with noise.
    """
    found, told = kind.from_pretrained(
        folder, dtype=dtype, local_files_only=True, use_safetensors=True, output_loading_info=True
    )
    missing = sorted(told["missing_keys"]) or [str(m[0]) for m in told.get("mismatched_keys", ())]
    if missing:
        raise ValueError(f"the weights in {folder.name} are of another version: {missing[0]}")
    module: nn.Module = found
    return module.to(device).eval().requires_grad_(False)


def tokenizer(kind: type[Any], folder: Path) -> Any:
    """A tokenizer of transformers; raises OSError or ValueError."""
    if not folder.is_dir():
        raise OSError(f"the folder {folder.name} is not there")
    return kind.from_pretrained(folder, local_files_only=True)


def config(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object ``name`` in ``folder``; raises OSError or ValueError."""
    found = json.loads((folder / name).read_text("utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{folder.name}/{name} is not an object")
    return found


def same(what: str, found: Any, wanted: Any) -> None:
    """Raises ValueError where a checkpoint is built otherwise than its family's code expects."""
    if found != wanted:
        raise ValueError(f"{what} is {found!r}; this version runs {wanted!r}")
