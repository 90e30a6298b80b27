"""A learning step uses the room that sampling has left, and gives its own back at once.

glibc keeps freed memory in its heap, where a backward pass leaves gaps that nothing fits into: the
process would grow by some 20 % for good. Elsewhere than on glibc this does nothing.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
_LARGE = 32 << 10  # bytes: larger ones are mapped on their own, and unmapped when freed
_USUAL = 32 << 20  # where glibc's own threshold goes by itself after a few large frees


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
