"""Train the starter world's autoencoder on frames rendered as it goes. Resumable.

    python -m core.learning.train_autoencoder --out runs/autoencoder --minutes 25
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch

from core.learning.scenes.scene import Scene
from core.learning.scenes.walker import walk
from core.worlds.starter.autoencoder import StarterAutoencoder


class FramePool:
    """A pool of rendered frames, a part of which is replaced before every draw."""

    def __init__(self, size: int, seed: int, first_scene: int):
        self.rng = np.random.default_rng(seed)
        self.scene = first_scene
        self.frames = np.concatenate([self._walk(16) for _ in range(size // 16)])

    def _walk(self, keep: int) -> np.ndarray:
        """``keep`` frames from a walk through a scene not seen before: [keep, 128, 128, 3]."""
        scene = Scene(self.scene)
        self.scene += 1
        poses = walk(scene, 96, self.rng).poses
        return scene.render(poses[self.rng.permutation(len(poses))[:keep]])

    def refresh(self) -> None:
        slot = int(self.rng.integers(len(self.frames) // 16)) * 16
        self.frames[slot : slot + 16] = self._walk(16)

    def crops(self, count: int, side: int) -> torch.Tensor:
        """``count`` random crops on the 8-pixel grid, half of them mirrored: [N, 3, s, s] in ±1."""
        picked = self.rng.integers(len(self.frames), size=count)
        corner = self.rng.integers((128 - side) // 8 + 1, size=(count, 2)) * 8
        crops = np.stack([
            self.frames[i, y : y + side, x : x + side] for i, (y, x) in zip(picked, corner)
        ])
        crops[: count // 2] = crops[: count // 2, :, ::-1]
        return torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 127.5 - 1


def picture_loss(out: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """L1 on pixels, and on their horizontal and vertical differences (edges)."""
    error = out - truth
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return error.abs().mean() + edges


@torch.no_grad()
def measure_latents(net: StarterAutoencoder, pictures: torch.Tensor) -> None:
    """Set the latents' mean and spread from ``pictures``."""
    y = net.raw_encode(pictures)
    net.latent_mean.copy_(y.mean((0, 2, 3)))
    net.latent_std.copy_(y.std((0, 2, 3)))


@torch.no_grad()
def psnr(net: StarterAutoencoder, pictures: torch.Tensor) -> float:
    out = net.decode(net.encode(pictures)).clamp(-1, 1)
    return float(10 * torch.log10(4 / (out - pictures).square().mean((1, 2, 3))).mean())


def train(out: Path, minutes: float, seed: int = 0, batch: int = 32, side: int = 64) -> None:
    """Train for ``minutes`` of wall time; the learning rate falls to zero at the end."""
    torch.manual_seed(seed)
    out.mkdir(parents=True, exist_ok=True)
    net = StarterAutoencoder().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.0, betas=(0.9, 0.99), weight_decay=1e-4)
    state = out / "state.pt"
    done_s, step = 0.0, 0
    held_out = FramePool(96, seed=9, first_scene=10_000_000)
    pool = FramePool(1600, seed=seed, first_scene=20_000_000 + seed * 1_000_000)
    if state.exists():
        saved = torch.load(state, weights_only=True)
        net.load_state_dict(saved["net"])
        optimizer.load_state_dict(saved["optimizer"])
        done_s, step = saved["seconds"], saved["step"]
        pool.scene += step
    else:
        net.set_principal_components(pool.crops(12000, 8))
    test = torch.from_numpy(held_out.frames).permute(0, 3, 1, 2).float() / 127.5 - 1
    began = time.monotonic() - done_s
    log = (out / "log.jsonl").open("a")
    total = 0.0
    while (share := (time.monotonic() - began) / (60 * minutes)) < 1:
        if step % 4 == 0:
            pool.refresh()
        warm = min(1.0, step / 50)
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * warm * 0.5 * (1 + math.cos(math.pi * share))
        x = pool.crops(batch, side).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            y = net.raw_encode(x)
        # A little noise on the latents: the decoder has to forgive what the denoiser gets wrong.
        y = y.float()
        spread = y.detach().std((0, 2, 3), keepdim=True)
        y = y + torch.randn_like(y) * spread * 0.05
        with torch.autocast("cpu", torch.bfloat16):
            picture = net.raw_decode(y)
        loss = picture_loss(picture.float(), x)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        step += 1
        total += float(loss)
        if step % 100 == 0:
            measure_latents(net, test)
            row = {"step": step, "seconds": round(time.monotonic() - began), "loss": total / 100,
                   "psnr": round(psnr(net, test), 2)}
            total = 0.0
            print(json.dumps(row), flush=True)
            log.write(json.dumps(row) + "\n")
            log.flush()
            save(net, out)
            torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(),
                        "seconds": time.monotonic() - began, "step": step}, state)
    measure_latents(net, test)
    save(net, out)
    print("psnr", psnr(net, test))


def save(net: StarterAutoencoder, out: Path) -> None:
    """The autoencoder in the diffusers layout."""
    net.save_pretrained(out / "autoencoder")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/autoencoder"))
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    train(args.out, args.minutes, args.seed)


if __name__ == "__main__":
    main()
