"""What the model does on scenes it never saw: numbers, and a sheet of pictures to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.diffusion.sampler import sample
from core.diffusion.window import Window
from core.learning.data import HELD_OUT, VERBS, WalkData, make_walk
from core.learning.language import PHRASES
from core.learning.scenes.scene import STYLES
from core.media.cv import cv2
from core.worlds.protocol import Address, LatentFrame
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.starter.world import StarterWorld, geometry_of


def psnr(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Per frame, dB: uint8 [F, H, W, 3] twice → [F]."""
    error = ((a.astype(np.float32) - b) ** 2).mean((1, 2, 3))
    return 10 * np.log10(255**2 / np.maximum(error, 1e-3))


def plain_texts(walk: WalkData, start: int, stop: int) -> list[str]:
    """The simplest phrasing of each frame's verb."""
    return [PHRASES[VERBS[v]][0] for v in walk.verbs[start:stop]]


class HeldOut:
    """A few walks through held-out scenes, rendered once."""

    def __init__(
        self, autoencoder: StarterAutoencoder, text: StarterTextEncoder, out: Path, walks: int = 16
    ):
        self.autoencoder, self.text, self.out = autoencoder, text, out
        self.walks = [make_walk(autoencoder, HELD_OUT + i, "explore", 48) for i in range(walks)]

    def world(self, net: StarterDenoiser) -> StarterWorld:
        geometry = geometry_of(
            {"size": 128, "channels": net.config.latent_channels, "n_past": 4, "n_new": 8,
             "rate": "8"}
        )
        return StarterWorld(
            self.autoencoder, net, self.text, id="starter", name="", hash="", geometry=geometry
        )

    def chunk(
        self, world: StarterWorld, walk: WalkData, now: int, actions: list[str], past: int = 4,
        steps: int = 4,
    ) -> np.ndarray:
        """Eight new frames after frame ``now`` as pictures, dead reckoned from the actions."""
        context = [
            LatentFrame(walk.latents[i], Address(i, tuple(walk.poses[i])), 0.02)
            for i in range(now - past + 1, now + 1)
        ]
        addresses = world.addresses(context[-1].address, actions)
        window = Window(context, addresses, actions, STYLES[walk.style])
        z = sample(world, window, steps=steps, guidance=1.0,
                   generator=torch.Generator().manual_seed(now))
        return world.decode(z.transpose(0, 1))

    def measure(self, net: StarterDenoiser) -> dict[str, float]:
        """Next-chunk PSNR, the same for repeating the last frame and for another walk's actions."""
        world = self.world(net)
        right, repeat, wrong, rows = [], [], [], []
        for i, walk in enumerate(self.walks):
            now = 10 + i % 12
            truth = walk.pictures[now + 1 : now + 9]
            made = self.chunk(world, walk, now, plain_texts(walk, now + 1, now + 9))
            other = self.walks[(i + 1) % len(self.walks)]
            misled = self.chunk(world, walk, now, plain_texts(other, now + 1, now + 9))
            right.append(psnr(made, truth))
            wrong.append(psnr(misled, truth))
            repeat.append(psnr(np.repeat(walk.pictures[now : now + 1], 8, 0), truth))
            if i < 6:
                rows += [np.concatenate([walk.pictures[now], *truth[1::2]], 1),
                         np.concatenate([walk.pictures[now], *made[1::2]], 1)]
        sheet = np.concatenate(rows, 0)
        cv2.imwrite(str(self.out / "sheet.png"), sheet[..., ::-1])
        return {
            "psnr": round(float(np.mean(right)), 2), "repeat": round(float(np.mean(repeat)), 2),
            "wrong": round(float(np.mean(wrong)), 2),
            "first": round(float(np.mean([r[0] for r in right])), 2),
            "last": round(float(np.mean([r[-1] for r in right])), 2),
        }
