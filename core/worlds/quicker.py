"""A quicker way of sampling that is not exact: off, unless a person asks for it.

Diffusers' first-block cache computes the first block of a step; where that gives nearly what it
gave a step ago, the other blocks are taken to give the same as well. It changes pictures, so it is
never on by itself, and a film made with it is made again the same only with it. It is put in when a
chunk begins and taken out when that ends: a learning step, and the losses that judge it, never see
it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.worlds.catalogue import WorldError
from core.worlds.families import FAMILIES

#: "cache" switches it on.
VARIABLE = "SLOWFAST_SAMPLING"
EXACT, CACHE = "exact", "cache"
#: How much the first block's change may differ from the last one's, of its own size.
THRESHOLD = 0.05


def wanted() -> str:
    """What a person asked for; raises WorldError for what does not exist."""
    found = os.environ.get(VARIABLE) or EXACT
    if found not in (EXACT, CACHE):
        raise WorldError(
            f"{VARIABLE} is {found!r}, which is no way of sampling. Known: {EXACT}, {CACHE}. "
            "Nothing was lost; set it anew and generate again."
        )
    return found


@contextmanager
def sampling_cache(net: Any, family: str) -> Iterator[bool]:
    """Inside the block ``net`` may leave out what hardly changes, where that is asked for and
    ``family`` allows it; says whether it does."""
    if wanted() != CACHE or not FAMILIES[family].caches:
        yield False
        return
    from diffusers import FirstBlockCacheConfig

    net.enable_cache(FirstBlockCacheConfig(THRESHOLD))
    try:
        yield True
    finally:
        net.disable_cache()
