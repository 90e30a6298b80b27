"""What stays the same while a chunk is sampled, computed once for it.

A denoiser is called once or twice a step, always with the same prompt and the same frames at the
same places. Diffusers' networks project the prompt, make its keys and values in every block and the
rotary tables anew in each call. Layers named here remember what they gave, for one condition and as
long as that lives: the next chunk has another one, so weights that were changed in between are
never answered for. With gradients nothing is remembered, and everything is as in stock diffusers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

#: What layers gave for one condition, by layer and the shape of what they were given.
Held = dict[Any, Any]


class Constants:
    """Which condition a network is called for at the moment. Shared by its layers."""

    def __init__(self) -> None:
        self.held: Held | None = None
        self.rows = 1
        self.bias: Tensor | None = None

    @contextmanager
    def of(self, held: Held, rows: int, bias: Tensor | None = None) -> Iterator[None]:
        """Inside the block the layers answer for the condition that ``held`` belongs to: ``rows``
        of a batch, ``bias`` [B, 1, 1, T], in the network's precision, on how much each token of the
        prompt counts."""
        self.held, self.rows, self.bias = held, rows, bias
        try:
            yield
        finally:
            self.held, self.rows, self.bias = None, 1, None

    def once(self, modules: Iterable[nn.Module]) -> None:
        """Each of ``modules`` answers once for a condition. What it is given must depend on that
        alone, with one row, or the same number of equal ones, for each row of the batch."""
        for module in modules:
            _become(module, _Once)
            module.constants = self

    def weigh(self, modules: Iterable[nn.Module]) -> None:
        """Each of ``modules``, attentions to the prompt, heeds ``bias``."""
        for module in modules:
            _become(module, _Weighed)
            module.constants = self


def answers(module: nn.Module, x: Tensor) -> bool:
    """Whether ``module`` has what it gives for ``x`` and will not compute it, nor need its
    weights."""
    held = module.constants.held if isinstance(module, _Once) else None
    return held is not None and not torch.compiler.is_compiling() and module.key(x) in held


class _Once(nn.Module):
    constants: Constants

    def key(self, x: Tensor) -> Any:
        return self, x.shape, x.dtype

    def forward(self, x: Tensor, *args: Any, **named: Any) -> Any:
        # Compiled, a prompt's few keys cost less than a graph in pieces around what was kept.
        if torch.compiler.is_compiling() or self.constants.held is None:
            return super().forward(x, *args, **named)
        held, key = self.constants.held, self.key(x)
        each = len(x) // self.constants.rows  # a UNet gives the prompt to each of its frames
        if key not in held:
            held[key] = super().forward(x[::each], *args, **named)
        found = held[key]
        return found if each == 1 else found.repeat_interleave(each, 0)


class _Weighed(nn.Module):
    constants: Constants

    def forward(self, x: Tensor, text: Any = None, mask: Any = None, *args: Any) -> Any:
        bias = self.constants.bias
        return super().forward(x, text, mask if bias is None else bias, *args)


class _OncePerFrame(nn.Module):
    """Rows of one frame are alike: [B, F·tokens, D], or the first two in one."""

    tokens: int

    def forward(self, x: Tensor, *args: Any, **named: Any) -> Any:
        along = 1 if x.ndim == 3 else 0
        one = x[:, :: self.tokens] if along else x[:: self.tokens]
        out = super().forward(one, *args, **named)
        if isinstance(out, tuple):
            return tuple(t.repeat_interleave(self.tokens, along) for t in out)
        return out.repeat_interleave(self.tokens, along)


def once_per_frame(modules: Iterable[nn.Module], tokens: int) -> None:
    """``modules`` read noise levels, which a network takes for each token and this studio has for
    each frame of ``tokens``."""
    for module in modules:
        _become(module, _OncePerFrame)
        module.tokens = tokens


def counted(texts: Sequence[Tensor], tokens: int) -> tuple[Tensor, Tensor]:
    """Prompts [L, D] for a network that was trained with zeros behind each, up to ``tokens``: the
    few zeros that are left count for all of them. Features [B, T, D] and what is added to
    attention's logits, [B, 1, 1, T]. Exact: equal keys with equal values are one, with the sum of
    their shares."""
    longest = max(len(text) for text in texts)
    shown = min(tokens, -(-(longest + _PARTS) // 8) * 8)  # whole in eights
    features = torch.stack([nn.functional.pad(t, (0, 0, 0, shown - len(t))) for t in texts])
    bias = [
        [0.0] * len(text) + shares(tokens - len(text), shown - len(text)) for text in texts
    ]
    return features, torch.tensor(bias, device=features.device)[:, None, None]


_PARTS = 3  # that a count is said in: what is left out is a millionth of it


def shares(count: int, places: int) -> list[float]:
    """Logits at ``places`` that together weigh as ``count`` at 0, each of them a number that
    bfloat16 has: the logarithm of a count alone would be rounded there by up to a hundredth."""
    if count == places:
        return [0.0] * places
    found, left = [], float(count)
    for _ in range(places):
        if left < 1e-7 * count:
            found.append(-math.inf)
            continue
        part = math.log(left)
        while math.exp(part := float(torch.tensor(part).bfloat16())) > left:
            part -= abs(part) / 128 + 1e-30  # the next one below
        found.append(part)
        left -= math.exp(part)
    return found


def _become(module: nn.Module, kind: type[nn.Module]) -> None:
    """``module`` with the forward of ``kind`` around its own. A class of its own rather than a
    function put over it, so that a copy of the module calls itself; the names of its weights
    stay."""
    module.__class__ = _joined(kind, type(module))


@lru_cache(maxsize=64)
def _joined(kind: type[nn.Module], own: type[nn.Module]) -> type[nn.Module]:
    return type(own.__name__, (kind, own), {"__module__": own.__module__})
