"""Train the starter world's reading of depth on latents of rendered walks.

    python -m core.learning.train_depth --data runs/data --out runs/depth --minutes 10
    python -m core.learning.train_depth --more-scenes 1400 --from runs/depth/depth --out runs/depth2
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from core.learning.data import HELD_OUT, WALKS, make_walk
from core.learning.scenes.scene import Scene
from core.learning.shards import FIRST_PERSON, facts_of, walks_of
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.depth import StarterDepth

#: Of ``more_scenes``: the first seed, scenes a shard, frames walked in each, and every how many of
#: them is kept.
MORE, SCENES, FRAMES, APART = 1_000_000, 8, 24, 3


def nearness_of(data: Path, out: Path, every: int) -> None:
    """Render the nearness of every ``every``-th frame of the first-person shards in ``data``, each
    into a file of its own. Resumable."""
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(data.glob("*.safetensors")):
        facts = facts_of(path)
        if facts["source"] != FIRST_PERSON or (out / path.name).exists():
            continue
        latents, near = [], []
        for i, walk in enumerate(walks_of(path)):
            # Shards of "walks-1" are named by their number, and say no scene.
            seed = int(walk.scene.removeprefix("seed ") or int(path.stem) * WALKS + i)
            latents.append(walk.latents[::every])
            near.append(torch.from_numpy(Scene(seed).nearness(walk.poses[::every])).half())
        keep(out / path.name, torch.cat(latents), torch.cat(near))


def keep(path: Path, latents: Tensor, near: Tensor) -> None:
    """Write latents [N, C, h, w] and nearness [N, H, W], whole or not at all."""
    temporary = path.with_suffix(".tmp")
    save_file({"latents": latents.contiguous(), "near": near.contiguous()}, temporary)
    temporary.replace(path)


def more_scenes(autoencoder: StarterAutoencoder, out: Path, count: int) -> None:
    """Frames and their nearness of scenes that no walk of the data goes through, the first with
    seed ``MORE``: depth asks for many places, and for few frames of each. Resumable."""
    out.mkdir(parents=True, exist_ok=True)
    for first in range(0, count, SCENES):
        path = out / f"more-{first // SCENES:05d}.safetensors"
        if path.exists():
            continue
        latents, near = [], []
        for seed in range(MORE + first, MORE + min(count, first + SCENES)):
            walk = make_walk(autoencoder, seed, "explore", FRAMES)
            latents.append(walk.latents[::APART])
            near.append(torch.from_numpy(Scene(seed).nearness(walk.poses[::APART])).half())
        keep(path, torch.cat(latents), torch.cat(near))


def read(folder: Path) -> tuple[Tensor, Tensor]:
    """All latents [N, C, h, w] and nearness [N, H, W] of a folder."""
    latents, near = [], []
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            latents.append(file.get_tensor("latents"))
            near.append(file.get_tensor("near"))
    return torch.cat(latents), torch.cat(near)


def depth_loss(found: Tensor, near: Tensor) -> Tensor:
    """What a step would move a pixel wrongly by, and the same for edges."""
    def edges(x: Tensor) -> Tensor:
        return torch.cat([(x[:, 1:] - x[:, :-1]).flatten(1), (x[..., 1:] - x[..., :-1]).flatten(1)], 1)

    relative = (torch.log(found + 0.05) - torch.log(near + 0.05)).abs().mean()
    return F.l1_loss(found, near) + 0.3 * relative + F.l1_loss(edges(found), edges(near))


@torch.no_grad()
def held_out(net: StarterDepth, autoencoder: StarterAutoencoder, scenes: int) -> dict[str, float]:
    """Mean error on scenes that were not trained on."""
    absolute, relative = [], []
    for i in range(scenes):
        walk = make_walk(autoencoder, HELD_OUT + 500 + i, "explore", 24)
        near = torch.from_numpy(Scene(HELD_OUT + 500 + i).nearness(walk.poses[::4]))
        found = net(walk.latents[::4].float())
        absolute.append(float((found - near).abs().mean()))
        relative.append(float(((found - near).abs() / near.clamp_min(0.1)).mean()))
    return {"error": round(float(np.mean(absolute)), 4), "relative": round(float(np.mean(relative)), 4)}


def train(args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    autoencoder = StarterAutoencoder.from_pretrained(args.autoencoder).eval()
    nearness_of(args.data, args.out / "near", args.every)
    more_scenes(autoencoder, args.out / "near", args.more_scenes)
    latents, near = read(args.out / "near")
    net = StarterDepth(latents.shape[1])
    if args.start is not None:
        net.load_state_dict(StarterDepth.from_pretrained(args.start).float().state_dict())
    net = net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=0.01)
    began, step = time.monotonic(), 0
    while (share := (time.monotonic() - began) / 60 / args.minutes) < 1:
        rate = min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = args.rate * rate
        picked = torch.randint(len(latents), (32,))
        z, d = latents[picked].float(), near[picked].float()
        # Frames in a context are never quite clean, and a generated one is paler than a real one.
        z = z * (1 - 0.2 * torch.rand(len(z), 1, 1, 1)) + torch.randn_like(z) * 0.15 * torch.rand(len(z), 1, 1, 1)
        with torch.autocast("cpu", torch.bfloat16):
            found = net(z)
        loss = depth_loss(found.float(), d)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 200 == 0:
            print(json.dumps({"step": step, "loss": round(float(loss.detach()), 4)}), flush=True)
    print(json.dumps({"step": step, **held_out(net.eval(), autoencoder, args.look_scenes)}), flush=True)
    net.save_pretrained(args.out / "depth")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--autoencoder", type=Path, default=Path("runs/autoencoder/autoencoder"))
    parser.add_argument("--out", type=Path, default=Path("runs/depth"))
    parser.add_argument("--every", type=int, default=4)
    parser.add_argument("--more-scenes", type=int, default=0, metavar="N",
                        help="scenes to look at beside those that the walks in --data go through")
    parser.add_argument("--from", dest="start", type=Path, metavar="DIR",
                        help="weights to begin with")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--look-scenes", type=int, default=12, metavar="N",
                        help="held-out scenes that it is measured on at the end")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
