"""What the model does on scenes it never saw, while it trains: numbers, and a sheet of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.evaluate.first_person import context_of, continue_walk, next_chunk, pictures, plain_texts
from core.learning.data import HELD_OUT, make_walk
from core.learning.scenes.scene import STYLES
from core.media.cv import cv2
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.denoiser import StarterDenoiser
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.text import StarterTextEncoder
from core.worlds.starter.world import StarterWorld, geometry_of


class HeldOut:
    """A few walks through held-out scenes, rendered once."""

    def __init__(
        self, autoencoder: StarterAutoencoder, text: StarterTextEncoder, depth: StarterDepth,
        out: Path, walks: int = 16,
    ):
        self.autoencoder, self.text, self.depth, self.out = autoencoder, text, depth, out
        self.walks = [make_walk(autoencoder, HELD_OUT + i, "explore", 48) for i in range(walks)]

    def measure(self, net: StarterDenoiser) -> dict[str, float]:
        """Next-chunk PSNR beside its two references; writes ``sheet.png`` (truth above, made below)."""
        geometry = geometry_of({"size": net.config.latent_size * 8, "rate": "8",
                                "channels": net.config.latent_channels, "n_past": 4, "n_new": 8})
        world = StarterWorld(self.autoencoder, net, self.text, self.depth, id="starter", name="", hash="",
                             geometry=geometry)
        found = next_chunk(world, self.walks)
        rows = []
        for i, walk in enumerate(self.walks[:6]):
            now = 8
            made = continue_walk(world, context_of(walk, now, 4),
                                 plain_texts(walk.verbs[now + 1 : now + 9]), STYLES[walk.style], i)
            truth = walk.pictures[now + 1 : now + 9]
            for frames in (truth, pictures(world, made)):
                rows.append(np.concatenate([walk.pictures[now], *frames[1::2]], 1))
        cv2.imwrite(str(self.out / "sheet.png"), np.concatenate(rows, 0)[..., ::-1])
        return {
            "psnr": round(found["psnr"], 2), "repeat": round(found["psnr_repeat_last"], 2),
            "wrong": round(found["psnr_wrong_actions"], 2),
            "first": found["per_frame"][0], "last": found["per_frame"][-1],
        }
