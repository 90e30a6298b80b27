"""Ways of sampling a chunk: which a world allows, and why not. Imports no torch.

"exact" computes everything, as the model's authors do. "cache" leaves out blocks that hardly change
from step to step, which changes the picture. "compiled" has torch compile the blocks, which gives
the same picture but for the last digits. They are carried out in ``core.worlds.quicker``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import get_args

from core.project.model import SamplingWay
from core.worlds.families import FAMILIES
from core.worlds.tiers import FULL, Tier

EXACT, CACHE, COMPILED = WAYS = get_args(SamplingWay)

#: As the end of "sampled …".
NAMES = {EXACT: "exactly", CACHE: "with blocks left out", COMPILED: "with compiled blocks"}

#: Any of these builds what torch's compiler writes (on a card, what starts its kernels).
_COMPILERS = ("c++", "g++", "clang++", "cl")


def allowed(family: str) -> tuple[str, ...]:
    """The ways that a world of ``family`` has anywhere, "exact" first."""
    known = FAMILIES.get(family)
    there = {EXACT: True, CACHE: known and known.caches, COMPILED: known and known.compiles}
    return tuple(way for way in WAYS if there[way])


def why_not(way: str, family: str, device: str = "", tier: Tier = FULL) -> str:
    """Why a chunk can't be sampled in this way here, as the end of a sentence; "" where it can.
    ``device`` as torch names it, "" where it is not known yet."""
    if way not in WAYS:
        return f"there is no way of sampling called “{way}”; known: {', '.join(WAYS)}"
    if way not in allowed(family):
        return "this world does not allow it"
    if way != COMPILED:
        return ""
    if tier.offload:
        return "the world's layers are moved in and out of the card"
    if device.startswith("cuda") and importlib.util.find_spec("triton") is None:
        return "it needs the library Triton, which is not installed"
    if device and not device.startswith(("cuda", "cpu")):
        return f"torch does not compile for {device}"
    if not compiler():
        return "it needs a C++ compiler, and none was found on this machine"
    return ""


def compiler() -> str:
    """The C++ compiler that torch would take; "" where there is none."""
    named = os.environ.get("CXX", "")
    return next((found for one in (named, *_COMPILERS) if one and (found := shutil.which(one))), "")
