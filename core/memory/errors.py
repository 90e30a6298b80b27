"""What can be wrong with a memory, said so that an artist can act on it."""

from __future__ import annotations


class MemoryRefused(Exception):
    """A memory can't be used: damaged, of another world or of a newer studio.

    ``str(error)`` is a sentence.
    """
