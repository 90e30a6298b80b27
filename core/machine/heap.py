"""What the process does with memory that it has freed: keep it at hand, or give it back.

Two habits of glibc cost dear. It gives the top of its heap back after every large free, so that a
chunk on the processor spends a seventh of its time on getting the same pages again: ``kept``. And a
backward pass leaves gaps in the heap that nothing fits into, so that the process grows by some 20 %
for good: ``returned_at_once``, where thrift is wanted, for it doubles the time of a learning step.
Elsewhere than on glibc all of this does nothing.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_…_THRESHOLD of malloc.h
_AT_HAND = 256 << 20  # bytes at the top of the heap that are kept
_LARGE = 32 << 10  # bytes: larger ones are mapped on their own, and unmapped when freed
_USUAL = 32 << 20  # where glibc's own threshold goes by itself after a few large frees


def kept() -> None:
    """From now on freed memory stays at hand, until ``returned`` asks for it."""
    library = _glibc()
    if library is not None:
        library.mallopt(_TRIM_THRESHOLD, _AT_HAND)
        library.mallopt(_MMAP_THRESHOLD, _USUAL)


@contextmanager
def returned_at_once() -> Iterator[None]:
    library = _glibc()
    if library is None:
        yield
        return
    library.mallopt(_MMAP_THRESHOLD, _LARGE)
    library.malloc_trim(0)
    try:
        yield
    finally:
        library.mallopt(_MMAP_THRESHOLD, _USUAL)
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL(None)
        return library if library.gnu_get_libc_version and library.malloc_trim else None
    except (OSError, AttributeError):
        return None


def returned() -> None:
    """Give freed memory back now."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)
