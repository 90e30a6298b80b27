"""Feature networks behind LPIPS, SRC and FVD: pluggable, each with its name in the output.

The usual ones (AlexNet for LPIPS, ResNet-18 for SRC, I3D for FVD) need a download. The stand-in
needs none: fixed filters, no learned weights. Its numbers order arms within one run; they must not
be compared with published ones, and everything that is written says so by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch.nn import functional as F

CLIP = 16  # frames of one clip for FVD


class Features(Protocol):
    """What the measures ask of a network. Frames are uint8 [F, H, W, 3]."""

    name: str  # as it stands in the output

    def image(self, frames: np.ndarray) -> np.ndarray:
        """One vector a frame [F, D]: SRC is their cosine."""

    def maps(self, frames: np.ndarray) -> list[torch.Tensor]:
        """Feature maps [F, C, h, w] at some depths: LPIPS compares them place by place."""

    def clip(self, frames: np.ndarray) -> np.ndarray:
        """One vector [D] of one clip: FVD compares their distribution."""


class FeatureError(Exception):
    """A feature network is not known or can't be loaded; the message says what to do."""


class StandIn:
    """Colours and oriented detail at three scales: cosine-transform filters, nothing learned."""

    name = "stand-in: 4×4 DCT filters at 3 scales, nothing learned"

    def __init__(self) -> None:
        k = np.arange(4)
        basis = np.cos(np.pi * (2 * k[None] + 1) * k[:, None] / 8)
        basis /= np.linalg.norm(basis, axis=1, keepdims=True)
        filters = np.einsum("iy,jx->ijyx", basis, basis).reshape(16, 4, 4)[1:]
        self._filters = torch.from_numpy(filters).float()[:, None]
        i, j = np.divmod(np.arange(1, 16), 4)
        self._band = torch.from_numpy(np.maximum(i, j) - 1)  # three bands of frequency

    def _planes(self, frames: np.ndarray) -> torch.Tensor:
        """Luma and two colour differences, about −1 to 1: [F, 3, H, W]."""
        x = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 127.5 - 1
        r, g, b = x.unbind(1)
        return torch.stack([(r + 2 * g + b) / 4, (r - b) / 2, (2 * g - r - b) / 4], 1)

    def _detail(self, planes: torch.Tensor) -> list[torch.Tensor]:
        """Filter responses of the luma at full, half and quarter size."""
        found = []
        for _ in range(3):
            found.append(F.conv2d(planes[:, :1], self._filters, stride=2))
            planes = F.avg_pool2d(planes, 2)
        return found

    @torch.no_grad()
    def image(self, frames: np.ndarray) -> np.ndarray:
        planes = self._planes(frames)
        colour = F.adaptive_avg_pool2d(planes, 4).flatten(1)
        parts = [colour / (colour.norm(dim=1, keepdim=True) + 0.2)]
        for detail in self._detail(planes)[1:]:
            energy = F.adaptive_avg_pool2d(detail.abs().sqrt(), 4)
            energy = (energy - energy.mean((2, 3), keepdim=True)).flatten(1)
            parts.append(energy / (energy.norm(dim=1, keepdim=True) + 0.2))
        return torch.cat(parts, 1).numpy()

    @torch.no_grad()
    def maps(self, frames: np.ndarray) -> list[torch.Tensor]:
        planes = self._planes(frames)
        return [*self._detail(planes), F.avg_pool2d(planes, 4)]

    @torch.no_grad()
    def clip(self, frames: np.ndarray) -> np.ndarray:
        planes = self._planes(frames)
        parts = [planes.mean((2, 3)), planes.std((2, 3))]
        for detail in self._detail(planes):
            energy = (detail.square().mean((2, 3)) + 1e-4).sqrt()
            parts += [torch.log(energy[:, self._band == b].mean(1, keepdim=True)) for b in range(3)]
        still = torch.cat(parts, 1)
        moved = (planes[1:] - planes[:-1]).abs()
        change = torch.log(F.adaptive_avg_pool2d(moved, 2).flatten(1) + 0.01)
        return torch.cat([still.mean(0), still.std(0), change.mean(0), change.std(0)]).numpy()


class ResNet18:
    """ResNet-18 learned on ImageNet, as the paper's SRC uses it. Downloads its weights once.

    Its FVD is of frame features over a clip, not of I3D.
    """

    name = "microsoft/resnet-18 (ImageNet)"

    def __init__(self, where: str = "microsoft/resnet-18") -> None:
        try:
            from transformers import ResNetModel

            self._net = ResNetModel.from_pretrained(where).eval()
        except Exception as error:  # the hub raises many types
            raise FeatureError(
                f"ResNet-18 can't be loaded ({error}). Connect to the internet once, or use "
                "--features stand-in."
            ) from error

    @torch.no_grad()
    def _run(self, frames: np.ndarray) -> tuple[np.ndarray, list[torch.Tensor]]:
        x = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        x = F.interpolate((x - mean[:, None, None]) / std[:, None, None], size=(224, 224),
                          mode="bilinear", align_corners=False)
        found = [self._net(part, output_hidden_states=True) for part in x.split(16)]
        pooled = torch.cat([f.pooler_output.flatten(1) for f in found]).numpy()
        depths = range(len(found[0].hidden_states))
        return pooled, [torch.cat([f.hidden_states[d] for f in found]) for d in depths]

    def image(self, frames: np.ndarray) -> np.ndarray:
        return self._run(frames)[0]

    def maps(self, frames: np.ndarray) -> list[torch.Tensor]:
        return self._run(frames)[1]

    def clip(self, frames: np.ndarray) -> np.ndarray:
        pooled = self.image(frames)
        return np.concatenate([pooled.mean(0), np.abs(np.diff(pooled, axis=0)).mean(0)])


NETWORKS: dict[str, Callable[[], Features]] = {"stand-in": StandIn, "resnet-18": ResNet18}


def network(name: str) -> Features:
    """The network called ``name``; raises FeatureError."""
    if name not in NETWORKS:
        raise FeatureError(f"There are no features {name!r}. Known: {', '.join(NETWORKS)}.")
    return NETWORKS[name]()


def lpips(net: Features, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Perceptual distance [F] as LPIPS takes it (Zhang et al. 2018), with equal weights: squared
    difference of maps that have unit length over channels; mean over places and depths."""
    away = []
    for x, y in zip(net.maps(a), net.maps(b)):
        x, y = (m / (m.norm(dim=1, keepdim=True) + 0.1) for m in (x, y))
        away.append((x - y).square().sum(1).mean((1, 2)))
    return torch.stack(away).mean(0).numpy()


def cosine(net: Features, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """100 × cosine of image features [F]: what SRC averages over matched poses."""
    x, y = net.image(a), net.image(b)
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    return 100 * (x * y).sum(1) / np.maximum(lengths, 1e-9)


def clips(net: Features, frames: np.ndarray, length: int = CLIP) -> list[list[float]]:
    """Features of the clips of ``length`` that ``frames`` is cut into (one, if it is shorter)."""
    starts = range(0, max(1, len(frames) - length + 1), length)
    return [[round(float(v), 5) for v in net.clip(frames[s : s + length])] for s in starts]
