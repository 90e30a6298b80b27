"""Worlds that know prompts and nothing else: what is asked of them in words, and read once.

A prompt-driven model has one text for a whole window, so a chunk's actions are told in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

#: One text → features [tokens, D] on the network's device, without padding.
Reader = Callable[[str], Tensor]

#: Words an action is given as; "walk forward" is then something that the camera does.
_MOTIONS = (
    "advance", "approach", "back", "climb", "drift", "drive", "fly", "follow", "glide", "go",
    "hold", "lean", "look", "move", "orbit", "pan", "pass", "pause", "pull", "push", "reach",
    "rise", "roll", "rotate", "run", "sidestep", "stand", "stay", "step", "stop", "strafe",
    "swing", "take", "tilt", "track", "turn", "walk", "wait", "zoom",
)
_LONGEST = 2000  # characters of a prompt


def t5_reader(words: Any, encoder: Any, tokens: int) -> Reader:
    """Reads with a tokenizer and a T5 encoder, at most ``tokens`` tokens."""
    of = next(encoder.parameters())

    @torch.no_grad()
    def read(prompt: str) -> Tensor:
        found = words([prompt], truncation=True, max_length=tokens, return_tensors="pt")
        found = found.to(of.device)
        out = encoder(found.input_ids, attention_mask=found.attention_mask)
        return out.last_hidden_state[0].to(of.dtype)

    return read


def prompt_of(scene: str | None, actions: Sequence[str] | None) -> str:
    """What is asked of a window. ``actions``: one text a frame, "" for none; said once each, in
    their order, for as long as they last together.

    >>> prompt_of("a stone hall", ["walk forward", "walk forward", "turn left"])
    'a stone hall; the camera walks forward, then turns left'
    """
    said: list[str] = []
    for text in actions or ():
        clean = " ".join(text.split())
        if clean and (not said or said[-1] != clean):
            said.append(clean)
    parts: list[str] = []
    moving = False  # whether the camera was the last one to do something
    for text in said:
        does = _third_person(text)
        if does is None:
            parts.append(text)
        else:
            parts.append(does if moving else f"the camera {does}")
        moving = does is not None
    told = ", then ".join(parts)
    place = " ".join((scene or "").split()).rstrip(".;,")
    return "; ".join(part for part in (place, told) if part)[:_LONGEST]


def _third_person(text: str) -> str | None:
    """"walk forward" → "walks forward"; None where it does not begin with a motion."""
    word, space, rest = text.partition(" ")
    word = word.lower()
    if word not in _MOTIONS:
        return None
    if re.search(r"(s|x|z|ch|sh|o)$", word):
        word += "es"
    elif re.search(r"[^aeiou]y$", word):
        word = word[:-1] + "ies"
    else:
        word += "s"
    return word + space + rest


class Prompts:
    """Reads each prompt once, and keeps what it read.

    ``load`` reads the text encoder from the disk: often the largest part of a world, and needed
    for a moment only. ``release`` gives it up; it comes back for a prompt that is not known yet.
    With ``keep`` False it is given up after every reading.
    """

    def __init__(self, load: Callable[[], Reader], *, keep: bool = True, known: int = 512):
        self._load, self.keep = load, keep
        self._reader: Reader | None = load()  # at once: a broken encoder is found when loading
        self._known = lru_cache(maxsize=known)(self._read)

    def __call__(self, prompt: str) -> Tensor:
        """Features [tokens, D]."""
        return self._known(prompt)

    @property
    def loaded(self) -> bool:
        """Whether the text encoder is in memory."""
        return self._reader is not None

    def release(self) -> None:
        """Give the text encoder up; what was read stays."""
        self._reader = None

    def _read(self, prompt: str) -> Tensor:
        if self._reader is None:
            self._reader = self._load()
        found = self._reader(prompt)
        if not self.keep:
            self.release()
        return found
