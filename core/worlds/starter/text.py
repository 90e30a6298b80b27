"""The starter world's text encoder: hashed words and word pairs, and a small network over them.

It reads an action as a motion (so that the studio can reckon where a walk leads) and gives the
features that condition the denoiser. Words it never saw fall into buckets shared with others, so
free text is always accepted; ``known`` says how much of it the encoder has met in training.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from torch.nn import functional as F

_WORD = re.compile(r"[a-z0-9]+")
_LONGEST = 400  # characters read of one text


def tokens(text: str) -> list[str]:
    """Words, ordered word pairs and the stems of words: "turn left" → turn, left, turn_left, …"""
    words = _WORD.findall(text.lower()[:_LONGEST])
    pairs = [f"{a}_{b}" for a, b in zip(words, words[1:])]
    stems = [f"~{w[:4]}" for w in words if len(w) > 4]
    return words + pairs + stems


class StarterTextEncoder(ModelMixin, ConfigMixin):
    """Texts → features [N, features]; features → a verb, with its motion, and a scene style [N, S].

    ``motions``: forward, left, turn a frame of each verb; None where it moves the camera, but by
    nobody knows how much. One more is for what is none of the verbs; without it, that asks for
    nothing.
    """

    @register_to_config
    def __init__(
        self, buckets: int = 8192, width: int = 96, features: int = 128, styles: Sequence[str] = (),
        verbs: Sequence[str] = (), motions: Sequence[Sequence[float] | None] = (),
    ):
        super().__init__()
        self.bag = nn.EmbeddingBag(buckets, width, mode="sum")
        nn.init.normal_(self.bag.weight, std=0.1)
        self.hidden = nn.Linear(width, 2 * features)
        self.out = nn.Linear(2 * features, features)
        self.verb = nn.Linear(features, len(verbs) + 1)  # last: not an action this world knows
        self.style = nn.Linear(features, max(1, len(styles)))
        # Which buckets training has filled.
        self.register_buffer("met", torch.zeros(buckets, dtype=torch.bool))

    def buckets(self, text: str) -> list[int]:
        return [zlib.crc32(t.encode()) % self.config.buckets for t in tokens(text)]

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Texts → features [N, features], unit RMS; an empty text gives zeros."""
        ids = [self.buckets(t) for t in texts]
        offsets = torch.tensor([0] + [len(i) for i in ids[:-1]]).cumsum(0)
        flat = torch.tensor([b for i in ids for b in i], dtype=torch.long)
        device = self.bag.weight.device
        summed = self.bag(flat.to(device), offsets.to(device))
        counts = torch.tensor([max(1, len(i)) for i in ids], device=device)
        x = summed / counts[:, None].sqrt()
        x = self.out(F.gelu(self.hidden(x)))
        x = F.rms_norm(x, (x.shape[-1],))
        return x * torch.tensor([float(bool(i)) for i in ids], device=device)[:, None]

    @torch.no_grad()
    def read_verb(self, text: str) -> tuple[str | None, float]:
        """The verb this world hears in ``text`` (None: none it knows), and how sure it is."""
        ids = self.buckets(text)
        if not ids or not bool(self.met[ids].any()):
            return None, 0.0
        chance = self.verb(self([text])).softmax(-1)[0]
        best = int(chance.argmax())
        verbs = self.config.verbs
        return (verbs[best] if best < len(verbs) else None), float(chance[best])

    def motion(self, text: str) -> tuple[float, float, float] | None:
        """Forward, left, turn a frame (world units, radians) that ``text`` asks for; None where it
        moves the camera by an amount that is not known."""
        verb, _ = self.read_verb(text)
        return self.motion_of(verb) if tokens(text) else (0.0, 0.0, 0.0)

    def motion_of(self, verb: str | None) -> tuple[float, float, float] | None:
        """The motion of one of the verbs; None: of what is none of them."""
        motions = self.config.motions
        at = len(self.config.verbs) if verb is None else self.config.verbs.index(verb)
        if at >= len(motions):
            return (0.0, 0.0, 0.0)
        return None if motions[at] is None else tuple(motions[at])
