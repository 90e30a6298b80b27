"""Walks through rendered scenes, encoded once and kept in shards. Resumable.

    python -m core.learning.data --autoencoder runs/autoencoder/autoencoder --out runs/data \\
        --walks 1200 --worker 0/2

A shard holds WALKS walks: latents [W, T, C, h, w] float16, poses [W, T, 3], verbs [W, T] (verb i
led to frame i; the first is "hold"), and styles [W]. Scenes with seeds from HELD_OUT on are never
trained on.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from core.learning.language import PHRASES
from core.learning.scenes.scene import STYLES, Scene
from core.learning.scenes.walker import walk
from core.worlds.starter.autoencoder import StarterAutoencoder

WALKS, FRAMES = 8, 112
HELD_OUT = 10_000_000
VERBS = tuple(PHRASES)
_KINDS = ("explore", "explore", "retrace", "loop", "turns", "explore")


@dataclass(frozen=True)
class WalkData:
    """One walk: pictures are only there where they were rendered now."""

    latents: torch.Tensor  # [T, C, h, w]
    poses: np.ndarray  # [T, 3]
    verbs: np.ndarray  # [T]
    style: int
    pictures: np.ndarray | None = None  # [T, H, W, 3] uint8


@torch.no_grad()
def encode(net: StarterAutoencoder, pictures: np.ndarray) -> torch.Tensor:
    """uint8 [N, H, W, 3] → latents [N, C, h, w] float32."""
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    return torch.cat([net.encode(part) for part in x.split(16)]).contiguous()


def make_walk(net: StarterAutoencoder, seed: int, kind: str, frames: int = FRAMES) -> WalkData:
    """Walk through the scene of ``seed``, rendered and encoded."""
    scene = Scene(seed)
    path = walk(scene, frames - 1, np.random.default_rng([7, seed]), kind)
    pictures = scene.render(path.poses)
    verbs = np.array([VERBS.index("hold")] + [VERBS.index(v) for v in path.verbs], np.uint8)
    return WalkData(
        encode(net, pictures), path.poses, verbs, STYLES.index(scene.style), pictures
    )


def build(
    net: StarterAutoencoder, out: Path, shards: range, walks: int = WALKS, frames: int = FRAMES
) -> None:
    """Make those of ``shards`` that are not there yet, of ``walks`` walks each."""
    out.mkdir(parents=True, exist_ok=True)
    for shard in shards:
        path = out / f"{shard:05d}.safetensors"
        if path.exists():
            continue
        seeds = range(shard * walks, (shard + 1) * walks)
        made = [make_walk(net, s, _KINDS[s % len(_KINDS)], frames) for s in seeds]
        tensors = {
            "latents": torch.stack([m.latents for m in made]).half(),
            "poses": torch.from_numpy(np.stack([m.poses for m in made])),
            "verbs": torch.from_numpy(np.stack([m.verbs for m in made])),
            "styles": torch.tensor([m.style for m in made]),
        }
        temporary = path.with_suffix(".tmp")
        save_file(tensors, temporary, metadata={"format": "walks-1"})
        os.replace(temporary, path)
        print(f"{path.name} {sum(1 for _ in out.glob('*.safetensors'))} shards", flush=True)


def read_walks(folder: Path) -> Iterator[WalkData]:
    """All walks of a folder of shards."""
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            latents, poses = file.get_tensor("latents"), file.get_tensor("poses").numpy()
            verbs, styles = file.get_tensor("verbs").numpy(), file.get_tensor("styles")
        for i in range(len(latents)):
            yield WalkData(latents[i], poses[i], verbs[i], int(styles[i]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--autoencoder", type=Path, default=Path("runs/autoencoder/autoencoder"))
    parser.add_argument("--out", type=Path, default=Path("runs/data"))
    parser.add_argument("--walks", type=int, default=1200)
    parser.add_argument("--worker", default="0/1", help="which of how many workers this is")
    args = parser.parse_args()
    torch.set_num_threads(1)
    worker, workers = (int(x) for x in args.worker.split("/"))
    net = StarterAutoencoder.from_pretrained(args.autoencoder).eval()
    build(net, args.out, range(worker, args.walks // WALKS, workers))


if __name__ == "__main__":
    main()
