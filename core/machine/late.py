"""A library that is loaded when something asks for it, and not because it is there.

diffusers, transformers and peft import torchao as soon as they find it. Two tiers use it; that must
not cost every other one its time, its words on a terminal, or, where it can't be loaded, the whole
world. Until it is brought in, others find that it is not installed.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder

LATE = ("torchao",)
#: Those that look for it. One that has found it already must not miss it when it imports more.
SEEKERS = ("diffusers", "transformers", "peft")


def hide() -> None:
    """Before anything else is imported (``core/__init__.py``); after a seeker, nothing is hidden."""
    if any(name in sys.modules for name in SEEKERS):
        return
    for name in LATE:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # Python's own way to say no


def bring(name: str) -> None:
    """From now on ``name`` can be imported, where it is installed."""
    if sys.modules.get(name, name) is None:
        del sys.modules[name]


def has(name: str) -> bool:
    """Whether ``name`` is installed."""
    return PathFinder.find_spec(name) is not None
