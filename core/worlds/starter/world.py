"""The starter world: its four networks behind the world protocol."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.diffusion.flow import FlowMatching
from core.memory.start import FILE as START
from core.worlds.catalogue import content_hash
from core.worlds.poses import apart, stepped
from core.worlds.protocol import CONTEXT_LEVEL, Address, Geometry, LatentFrame
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import Condition, StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.expectation import Expectations
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.tiers import FULL, Tier


class StarterWorld(FlowMatching):
    """See ``core.worlds.protocol.World``. Poses are in scene cells, yaw counter-clockwise."""

    context_level = CONTEXT_LEVEL
    holds_contrast = True

    def __init__(
        self,
        autoencoder: StarterAutoencoder,
        net: StarterDenoiser,
        text: StarterTextEncoder,
        depth: StarterDepth,
        *,
        id: str,
        name: str,
        hash: str,
        geometry: Geometry,
        shift: float = 1.0,
        memory_start: Path | None = None,
    ):
        # Channels last in memory: convolutions on a processor run 1.7 times as fast.
        autoencoder, depth = (
            part.to(memory_format=torch.channels_last) for part in (autoencoder, depth)
        )
        self.autoencoder = autoencoder.eval().requires_grad_(False)
        self.net = net.eval().requires_grad_(False)
        self.text = text.eval().requires_grad_(False)
        self.depth = depth.eval().requires_grad_(False)
        self.expectations = Expectations(
            self.autoencoder, self.depth, net.config.field_of_view
        )
        self.id, self.name, self.hash, self.geometry = id, name, hash, geometry
        self._shift = shift
        self.memory_start = memory_start  # what a memory begins with (``core.memory.start``)
        self._features = lru_cache(maxsize=256)(self._read)
        self._motion = lru_cache(maxsize=256)(self.text.motion)

    @property
    def device(self) -> torch.device:
        return self.net.place.device

    @torch.no_grad()
    def encode(self, frames: np.ndarray) -> Tensor:
        g = self.geometry
        if frames.ndim != 4 or frames.shape[1:] != (g.height, g.width, 3) or not len(frames):
            raise ValueError(
                f"encode: frames are {frames.shape}; expected [F, {g.height}, {g.width}, 3] uint8, "
                "F at least 1"
            )
        x = torch.from_numpy(np.ascontiguousarray(frames)).to(self.device)
        x = x.permute(0, 3, 1, 2).float() / 127.5 - 1
        return torch.cat([self.autoencoder.encode(part) for part in x.split(16)]).contiguous()

    @torch.no_grad()
    def decode(self, z: Tensor, before: Tensor | None = None) -> np.ndarray:
        z = z.to(self.device, torch.float32)
        x = torch.cat([self.autoencoder.decode(part) for part in z.split(16)])
        x = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        return x.permute(0, 2, 3, 1).cpu().numpy()

    def addresses(self, last: Address, actions: Sequence[str]) -> list[Address]:
        """Dead reckoning. What moves the camera by nobody knows how much leaves its pose as it is
        (``condition`` then expects nothing)."""
        pose, found = last.pose or (0.0, 0.0, 0.0), []
        for i, text in enumerate(actions, start=1):
            pose = stepped(pose, self._motion(text) or (0.0, 0.0, 0.0))
            found.append(Address(last.time + i, pose))
        return found

    @torch.no_grad()
    def _read(self, text: str) -> Tensor:
        return self.text([text])[0]

    def condition(
        self,
        addresses: Sequence[Address],
        present: int,
        actions: Sequence[str] | None,
        scene: str | None,
        context: Sequence[LatentFrame] | None = None,
    ) -> Condition:
        empty = self._features("")
        action = [self._features(t) for t in actions] if actions else [empty] * len(addresses)
        poses = torch.tensor([a.pose or (0.0, 0.0, 0.0) for a in addresses], dtype=torch.float64)
        walked = poses[None].float().to(self.device)
        # The present is the origin: far from the start, float32 must not blur a step.
        poses[:, :2] -= poses[present, :2].clone()
        times = torch.tensor([a.time - addresses[present].time for a in addresses])
        pose = poses.float().to(self.device)
        expected = None
        if context is not None:
            lost = [self._motion(t) is None for t in (actions or ())[present + 1 :]]
            expected = self._expected(context, seen_from(pose, present, lost), present)
        return Condition(
            action=torch.stack(action)[None],
            scene=self._features(scene or "")[None],
            pose=pose[None],
            time=times[None].float().to(self.device),
            present=present,
            expected=expected,
            walked=walked,
        )

    def _expected(self, context: Sequence[LatentFrame], pose: Tensor, present: int) -> Tensor:
        kept = sources(present)
        z = torch.stack([context[i].z for i in kept]).to(self.device, torch.float32)
        return self.expectations(z[None], pose[kept][None], pose[present + 1 :][None])

    def apart(self, seen: Sequence[Address], wanted: Sequence[Address]) -> np.ndarray:
        return apart(_poses(seen), _poses(wanted))

    def forward(self, z: Tensor, u: Tensor, cond: Condition) -> Tensor:
        return self.net(z, u, cond if len(cond.scene) == len(z) else cond.batch(len(z)))

    def lora_targets(self) -> str:
        return r"blocks\.\d+\.temporal_attn\.(to_q|to_k|to_v|to_out)"


def _poses(addresses: Sequence[Address]) -> np.ndarray:
    unknown = (math.nan,) * 3
    return np.array([a.pose or unknown for a in addresses], np.float64).reshape(-1, 3)


def sources(present: int) -> list[int]:
    """Which context frames new frames may expect to see again: the remembered ones, the oldest
    recent one and the present; those between show nothing that these do not."""
    return [*range(max(0, present - 2)), present] if present else [0]


def seen_from(pose: Tensor, present: int, lost: Sequence[bool]) -> Tensor:
    """Poses [F, 3] as ``Expectations`` takes them: not a number where nothing is known.

    ``lost``: which new frames were led to by a motion that nobody knows; they and those after them
    expect nothing. And where the camera stays all the time, the present alone is expected: what has
    moved before it since must not come back.
    """
    pose = pose.clone()
    after = pose[present + 1 :]
    if bool((pose[sources(present)] == pose[present]).all() and (after == pose[present]).all()):
        pose[:present] = math.nan
    if any(lost):
        after[list(lost).index(True) :] = math.nan
    return pose


def geometry_of(config: dict[str, Any]) -> Geometry:
    """The geometry as ``world.json`` states it."""
    size = int(config["size"]) // 8
    return Geometry(
        channels=int(config["channels"]), latent_height=size, latent_width=size, s_stride=8,
        t_stride=1, n_past=int(config["n_past"]), n_new=int(config["n_new"]),
        rate=Fraction(config["rate"]),
    )


def load(folder: Path, device: torch.device, tier: Tier = FULL) -> StarterWorld:
    """Load from a folder in the diffusers layout; raises OSError or ValueError when it is broken."""
    config = json.loads((folder / "world.json").read_text("utf-8"))
    autoencoder = _part(StarterAutoencoder, folder / "autoencoder")
    net = _part(StarterDenoiser, folder / "transformer")
    text = _part(StarterTextEncoder, folder / "text_encoder")
    depth = _part(StarterDepth, folder / "depth")
    start = folder / START
    return StarterWorld(
        autoencoder.to(device), net.to(device), text.to(device), depth.to(device), id=config["id"],
        name=config["name"], hash=content_hash(folder), geometry=geometry_of(config),
        shift=float(config.get("shift", 1.0)), memory_start=start if start.is_file() else None,
    )


def _part(kind: type[Any], folder: Path) -> Any:
    """One network with all of its weights: diffusers only warns, and fills gaps with noise."""
    network, found = kind.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, use_safetensors=True,
        output_loading_info=True,
    )
    wrong = sorted({*found["missing_keys"], *found["unexpected_keys"]})
    if wrong:
        raise ValueError(f"the weights in {folder.name} are of another version: {wrong[0]}")
    return network


def save(
    folder: Path, autoencoder: StarterAutoencoder, net: StarterDenoiser, text: StarterTextEncoder,
    depth: StarterDepth, **facts: Any,
) -> None:
    """Write the diffusers layout; ``facts`` go into ``world.json`` beside the geometry."""
    folder.mkdir(parents=True, exist_ok=True)
    autoencoder.save_pretrained(folder / "autoencoder")
    net.save_pretrained(folder / "transformer")
    text.save_pretrained(folder / "text_encoder")
    depth.save_pretrained(folder / "depth")
    index = {
        "_class_name": "StarterWorld",
        "autoencoder": ["core.worlds.starter.autoencoder", "StarterAutoencoder"],
        "transformer": ["core.worlds.starter.denoiser", "StarterDenoiser"],
        "text_encoder": ["core.worlds.starter.text", "StarterTextEncoder"],
        "depth": ["core.worlds.starter.depth", "StarterDepth"],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", "utf-8")
    config = {
        "id": "starter", "name": "Starter world", "family": "starter",
        "size": net.config.latent_size * 8, "channels": net.config.latent_channels,
        "n_past": 4, "n_new": 8, "rate": "8", "licence": "Apache-2.0", **facts,
    }
    (folder / "world.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
