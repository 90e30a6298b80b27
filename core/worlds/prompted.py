"""What prompt-driven video models have in common behind the world protocol.

Such a model knows a prompt and noisy latents. It was never told how far a "walk forward" goes, so
its frames have no poses: a dead reckoning in made-up units would give the bank false addresses, and
a remembered frame of another place does harm. What it remembers is in the adapter, and in the first
frame, which stays in every window (``core.rollout.context.shown``).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.diffusion.flow import FlowMatching
from core.worlds.catalogue import content_hash, description, read_entry
from core.worlds.constants import Constants, Held, counted
from core.worlds.families import FAMILIES
from core.worlds.fitting import Parts
from core.worlds.positions import positions
from core.worlds.prompts import Prompts, prompt_of
from core.worlds.protocol import Address, Geometry, LatentFrame
from core.worlds.quicker import Quicker
from core.worlds.tiers import FULL, Tier
from core.worlds.ways import EXACT


@dataclass(frozen=True)
class Condition:
    """One window's condition: text [L, D], and where each frame stands in time. ``others``: the
    texts of further windows that are alike but for it, one a row of the batch; without any, all
    rows have ``text``. ``held``: what was computed of it (``core.worlds.constants``)."""

    text: Tensor
    positions: tuple[int, ...]
    others: tuple[Tensor, ...] = ()
    held: Held = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Checkpoint:
    """What is known of a checkpoint before its networks are built. ``facts`` as in
    ``core.worlds.families``, with what a ``world.json`` says over them."""

    folder: Path
    facts: dict[str, Any]

    def number(self, name: str, usual: float) -> float:
        return float(self.facts.get(name, usual))

    def geometry(
        self, channels: int, s_stride: int, t_stride: int, patch: int, causal_first: bool
    ) -> Geometry:
        """Raises ValueError where the window's size is not whole in latents and patches, or the
        autoencoder is another one than the catalogue says."""
        entry = read_entry(self.folder)
        if t_stride != entry.t_stride:
            raise ValueError(
                f"its autoencoder codes {t_stride} pictures at a time, not {entry.t_stride}"
            )
        step = s_stride * patch
        if entry.width % step or entry.height % step:
            raise ValueError(
                f"pictures of {entry.width}×{entry.height} are not whole in steps of {step} pixels"
            )
        return Geometry(
            channels=channels, latent_height=entry.height // s_stride,
            latent_width=entry.width // s_stride, s_stride=s_stride, t_stride=t_stride,
            n_past=entry.n_past, n_new=entry.n_new, rate=Fraction(entry.rate),
            causal_first=causal_first,
        )


def checkpoint(folder: Path) -> Checkpoint:
    """Raises WorldError."""
    return Checkpoint(folder, description(folder))


class PromptedWorld(FlowMatching, ABC):
    """A flow-matching video model with noise levels of their own for each frame.

    A family says how its autoencoder and its network are called: ``_latents``, ``_pixels`` and
    ``forward``; and, where it is not flow matching, how noise is added and removed.
    """

    #: These models were trained with a clean first frame, and none of them with a noisy one.
    context_level = 0.0
    #: The first latent frame of a causal autoencoder has another spread than the later ones, so
    #: these must not be held to it.
    holds_contrast = False

    def __init__(
        self, found: Checkpoint, geometry: Geometry, net: nn.Module, prompts: Prompts,
        shift: float = 1.0,
    ):
        self.id, self.name = str(found.facts["id"]), str(found.facts["name"])
        self.hash = content_hash(found.folder)
        self.geometry, self.net, self.prompts = geometry, net, prompts
        self._shift = found.number("shift", shift)
        self._horizon = int(found.number("horizon", 1_000_000))
        self._family = str(found.facts["family"])
        self._together = FAMILIES[self._family].together
        self._constants = Constants()
        self._quicker = Quicker(net, self._family)
        #: Where it computes, and how it was made to fit (``core.worlds.fitting``).
        self.device = next(net.parameters()).device
        self.tier: Tier = FULL

    def parts(self) -> Parts:
        return Parts(self.net, self._autoencoder, self.prompts)

    @property
    @abstractmethod
    def _autoencoder(self) -> nn.Module:
        """Diffusers' own."""

    # ---- pictures -------------------------------------------------------------------------------

    @torch.no_grad()
    def encode(self, frames: np.ndarray) -> Tensor:
        g = self.geometry
        whole = frames.ndim == 4 and len(frames) % g.t_stride == 1 % g.t_stride
        if not whole or frames.shape[1:] != (g.height, g.width, 3) or not len(frames):
            count = f"1 + a multiple of {g.t_stride}" if g.t_stride > 1 else "at least 1"
            raise ValueError(
                f"encode: frames are {frames.shape}; expected [F, {g.height}, {g.width}, 3] uint8, "
                f"F {count}"
            )
        x = torch.from_numpy(np.array(frames, order="C")).to(self.device)
        x = x.permute(3, 0, 1, 2)[None].float() / 127.5 - 1  # [1, 3, F, H, W]
        return self._latents(x)[0].transpose(0, 1).float().contiguous()

    @torch.no_grad()
    def decode(self, z: Tensor, before: Tensor | None = None) -> np.ndarray:
        g = self.geometry
        new = z.to(self.device, torch.float32).transpose(0, 1)[None]
        if before is None or not g.causal_first or not len(before):
            x = self._pixels(new)
        else:
            x = self._continued(new, before.to(self.device, torch.float32).transpose(0, 1)[None])
        x = ((x[0].float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        return x.permute(1, 2, 3, 0).cpu().numpy()

    @abstractmethod
    def _latents(self, x: Tensor) -> Tensor:
        """Pictures [1, 3, P, H, W] in [-1, 1] → normalised latents [1, C, F, h, w]."""

    @abstractmethod
    def _pixels(self, z: Tensor) -> Tensor:
        """Normalised latents [1, C, F, h, w] → pictures [1, 3, P, H, W], about [-1, 1]."""

    def _continued(self, z: Tensor, before: Tensor) -> Tensor:
        """The pictures of ``z`` that come after ``before``: decoded once more with it."""
        pictures = z.shape[2] * self.geometry.t_stride
        return self._pixels(torch.cat([before, z], 2))[:, :, -pictures:]

    # ---- what is asked --------------------------------------------------------------------------

    def addresses(self, last: Address, actions: Sequence[str]) -> list[Address]:
        return [Address(last.time + i) for i in range(1, len(actions) + 1)]

    def apart(self, seen: Sequence[Address], wanted: Sequence[Address]) -> np.ndarray:
        return np.full((len(seen), len(wanted)), math.inf)

    @torch.no_grad()
    def condition(
        self,
        addresses: Sequence[Address],
        present: int,
        actions: Sequence[str] | None,
        scene: str | None,
        context: Sequence[LatentFrame] | None = None,
    ) -> Condition:
        times = [a.time for a in addresses]
        return Condition(
            self.prompts(prompt_of(scene, actions)).to(self.device),
            positions(times, self.geometry.t_stride, self._horizon),
        )

    # ---- diffusion ------------------------------------------------------------------------------

    @abstractmethod
    def forward(self, z: Tensor, u: Tensor, cond: Condition) -> Tensor:
        """See ``World.forward``."""

    def together(self, conds: Sequence[Condition]) -> Condition | None:
        """One condition for a batch of windows that differ in their text; None where calls of their
        own are no slower, or there is no room for a batch (``Family.together``)."""
        first, g = conds[0], self.geometry
        pixels = len(first.positions) * g.latent_height * g.latent_width
        if pixels > self._together or self.tier is not FULL:
            return None
        return Condition(first.text, first.positions, tuple(c.text for c in conds[1:]))

    @contextmanager
    def sampled(self, way: str = EXACT) -> Iterator[None]:
        """See ``Batches.sampled``."""
        with self._quicker.at(EXACT if self.why_not(way) else way):
            yield

    def why_not(self, way: str) -> str:
        """See ``Batches.why_not``."""
        return self._quicker.why_not(way, self.device, self.tier)

    def _remember_text(
        self, projection: nn.Module | None, rope: nn.Module | None, blocks: Iterable[nn.Module]
    ) -> None:
        """What the network makes of a prompt, and of the frames' places, is made once a chunk."""
        read = [b.attn2 for b in blocks]
        keys = [getattr(a, name, None) for a in read for name in ("to_k", "norm_k", "to_v")]
        self._constants.once(m for m in (projection, rope, *keys) if m is not None)

    @contextmanager
    def _text_of(self, cond: Condition, rows: int, tokens: int = 0) -> Iterator[Tensor]:
        """The prompts as the network is given them, [rows, T, D]. ``tokens``: how many it is shown,
        where it was trained with zeros behind each; 0: it is shown no more than there are."""
        texts = (cond.text, *cond.others)
        if torch.is_grad_enabled():  # as in stock diffusers, whose checkpointing calls blocks again
            whole = torch.cat([padded(t, tokens or len(t)) for t in texts])
            yield whole.expand(rows, -1, -1)
            return
        if "text" not in cond.held:
            shown = tokens or max(len(t) for t in texts)
            text, bias = counted(texts, shown) if tokens else masked(texts, shown)
            # In the precision of what it is added to: kernels take no other. A mask's 0 and −inf are
            # exact in it; how often a zero counts is, in bfloat16, within a hundredth.
            cond.held["text"] = text, None if bias is None else bias.to(text.dtype)
        text, bias = cond.held["text"]
        # What is left out for one condition is not what is for another.
        caching, name = self._quicker.caching, str(id(cond.held))
        apart = self.net.cache_context(name) if caching else nullcontext()
        with self._constants.of(cond.held, rows, bias), apart:
            yield text.expand(rows, -1, -1)

    @abstractmethod
    def lora_targets(self) -> str:
        """See ``World.lora_targets``."""


def padded(text: Tensor, tokens: int) -> Tensor:
    """[L, D] → [1, tokens, D], zeros behind."""
    return nn.functional.pad(text, (0, 0, 0, tokens - len(text)))[None]


def masked(texts: Sequence[Tensor], tokens: int) -> tuple[Tensor, Tensor | None]:
    """[L, D] each → [B, tokens, D], and what hides the zeros behind [B, 1, 1, tokens]; None where
    there are none."""
    features = torch.cat([padded(text, tokens) for text in texts])
    if all(len(text) == tokens for text in texts):
        return features, None
    lengths = torch.tensor([len(text) for text in texts], device=features.device)
    behind = torch.arange(tokens, device=features.device) >= lengths[:, None]
    return features, torch.zeros(behind.shape, device=behind.device).masked_fill(
        behind, -math.inf
    )[:, None, None]


def shift_of(scheduler: dict[str, Any], unsaid: float = 1.0) -> float:
    """How far a flow-matching schedule is bent towards noise: sigma' = s·sigma / (1 + (s-1)·sigma).
    Solvers call it by different names. ``unsaid``: what counts where the scheduler has 1, which is
    what is written for one that was saved without."""
    found = float(scheduler.get("flow_shift", scheduler.get("shift", 1.0)))
    return unsaid if found == 1 else found
