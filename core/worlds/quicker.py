"""Quicker ways of sampling than computing everything as it stands (``core.worlds.ways``).

*A cache*: diffusers' first-block cache computes the first block of a step; where that gives nearly
what it gave a step ago, the other blocks are taken to give the same as well. It changes pictures.

*Compiled blocks*: torch compiles the blocks that diffusers says repeat (as its
``compile_repeated_blocks`` does, which has no way back), so all of them share what was compiled for
one. Sums may be taken in another order, no more.

Either is put in when a chunk begins and taken out when that ends: a learning step, and the losses
that judge it, run through the network as it stands. What was compiled is kept for the next chunk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from core.machine.exhausted import out_of_memory
from core.worlds.tiers import Tier
from core.worlds.ways import CACHE, COMPILED, why_not

log = logging.getLogger(__name__)

#: How much the first block's change may differ from the last one's, of its own size.
THRESHOLD = 0.05
#: What torch compiles with.
BACKEND = "inductor"
#: Variants of a block that may be compiled: windows and prompts of other lengths, an adapter on or
#: off or of another strength. Beyond them a chunk is computed as it stands.
_VARIANTS = 64


class Quicker:
    """The quicker ways of one network. ``caching``: whether its blocks may be left out now."""

    def __init__(self, net: Any, family: str):
        self._net, self._family = net, family
        self._regions: list[_Region] = []
        self._failed = ""
        self.caching = False

    def why_not(self, way: str, device: torch.device, tier: Tier) -> str:
        """Why a chunk is sampled exactly instead, as the end of a sentence; "" where it is not. To
        be asked before a chunk and after it: only then is it known whether torch can compile."""
        found = why_not(way, self._family, device.type, tier)
        return found or (self._failed if way == COMPILED else "")

    @contextmanager
    def at(self, way: str) -> Iterator[None]:
        """Inside the block the network is sampled in this way, which must be possible."""
        if way == CACHE:
            with self._cached():
                yield
        elif way == COMPILED:
            with self._compiled():
                yield
        else:
            yield

    @contextmanager
    def _cached(self) -> Iterator[None]:
        from diffusers import FirstBlockCacheConfig

        self._net.enable_cache(FirstBlockCacheConfig(THRESHOLD))
        self.caching = True
        try:
            yield
        finally:
            self.caching = False
            self._net.disable_cache()

    @contextmanager
    def _compiled(self) -> Iterator[None]:
        if not self._regions:
            names = self._net._repeated_blocks
            blocks = [m for m in self._net.modules() if type(m).__name__ in names]
            self._regions = [_Region(block, self._give_up) for block in blocks]
        for region in self._regions:
            region.put_in()
        try:
            yield
        finally:
            for region in self._regions:
                region.take_out()

    def _give_up(self, error: Exception) -> None:
        if self._failed:
            return
        log.warning("compiling failed", exc_info=error)
        self._failed = f"torch could not compile it here ({_first_line(error)})"
        for region in self._regions:
            region.take_out()


class _Region:
    """A block with its compiled double. Where that fails, the block itself answers."""

    def __init__(self, block: nn.Module, give_up: Callable[[Exception], None]):
        self._block, self._own, self._give_up = block, block.forward, give_up
        # Whole or not at all: a block in pieces is hardly quicker, and nobody would hear of it.
        self._double = torch.compile(
            block.forward, backend=BACKEND, fullgraph=True, recompile_limit=_VARIANTS
        )

    def put_in(self) -> None:
        self._block.forward = self

    def take_out(self) -> None:
        self._block.__dict__.pop("forward", None)

    def __call__(self, *args: Any, **named: Any) -> Any:
        try:
            return self._double(*args, **named)
        except Exception as error:  # compilers raise anything
            if out_of_memory(error):
                raise
            found = self._own(*args, **named)  # where this fails too, compiling was not the reason
            self._give_up(error)
            return found


def _first_line(error: Exception) -> str:
    error = getattr(error, "inner_exception", None) or error  # torch wraps what a backend raised
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {said}"[:200] if said else type(error).__name__
