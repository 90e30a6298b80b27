"""A starter world with few and random weights that behaves like one: its latents have about unit
variance, and what it makes depends on the past, on the action and on the noise."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

VERBS = ("hold", "forward", "turn_left", "turn_right")
MOTIONS = ((0.0, 0.0, 0.0), (0.25, 0.0, 0.0), (0.0, 0.0, 0.2), (0.0, 0.0, -0.2))


def picture(size: int = 64, seed: int = 0) -> np.ndarray:
    """A colourful picture with edges and gradients: uint8 [size, size, 3]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    waves = [np.sin(2 * math.pi * (a * x + b * y + c)) for a, b, c in rng.uniform(-3, 3, (3, 3))]
    rgb = np.stack(waves, -1) * 70 + 128
    for _ in range(5):
        top, left = rng.integers(0, size - size // 4, 2)
        rgb[top : top + size // 4, left : left + size // 5] = rng.uniform(0, 255, 3)
    return rgb.clip(0, 255).astype(np.uint8)


def build_tiny_world(
    folder: Path, *, seed: int = 7, size: int = 64, dim: int = 64, layers: int = 2,
    width: int = 16, heads: int = 2, verbs: tuple[str, ...] = VERBS,
    motions: tuple[tuple[float, float, float], ...] = MOTIONS, rate: str = "8",
) -> Path:
    """Write it to ``folder`` and return ``folder``."""
    import torch

    from core.worlds.starter.autoencoder import StarterAutoencoder
    from core.worlds.starter.denoiser import StarterDenoiser
    from core.worlds.starter.depth import StarterDepth
    from core.worlds.starter.text import StarterTextEncoder
    from core.worlds.starter.world import save

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        autoencoder = StarterAutoencoder(latent_channels=12, width=width)
        net = StarterDenoiser(
            latent_channels=12, latent_size=size // 8, dim=dim, layers=layers, heads=heads,
            text_features=32,
        )
        depth = StarterDepth(latent_channels=12, width=8)
        text = StarterTextEncoder(
            buckets=256, width=16, features=32, styles=("a house", "a street"), verbs=verbs,
            motions=motions,
        )
        depth = StarterDepth(latent_channels=12, width=8)
        _fill(net, autoencoder)
        text.met.fill_(True)
        with torch.no_grad():  # each verb is heard where it is named
            named = text([verb.replace("_", " ") for verb in verbs])
            text.verb.weight[: len(verbs)] = named
            text.verb.weight[len(verbs) :] = 0
        _measure(autoencoder, size)
    save(folder, autoencoder, net, text, depth, id="tiny", name="Tiny world", rate=rate)
    return folder


def _fill(*networks) -> None:
    """Random numbers where training starts from zero: nothing may be constant."""
    import torch

    with torch.no_grad():
        for network in networks:
            for parameter in network.parameters():
                if parameter.ndim > 1 and not parameter.any():
                    parameter.normal_(std=0.6 / parameter[0].numel() ** 0.5)


def _measure(autoencoder, size: int) -> None:
    """Latents of unit variance, from the principal components of pictures."""
    import torch

    pictures = np.stack([picture(size, seed) for seed in range(8)])
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    patches = x.unfold(2, 8, 8).unfold(3, 8, 8).permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, 8, 8)
    autoencoder.set_principal_components(patches)
    with torch.no_grad():
        y = autoencoder.raw_encode(x)
        autoencoder.latent_mean.copy_(y.mean((0, 2, 3)))
        autoencoder.latent_std.copy_(y.std((0, 2, 3)).clamp_min(1e-3))
