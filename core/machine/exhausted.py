"""Whether something failed because memory ran out. Knows the errors by name, without torch."""

from __future__ import annotations

import errno

#: What torch's allocators say: the card's, the processor's on Linux and macOS, and on Windows.
_SAID = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")


def out_of_memory(error: BaseException | None) -> bool:
    """True for Python's own MemoryError, torch's OutOfMemoryError, a failed allocation on the
    processor (a RuntimeError), and the system's ENOMEM; also where another error came of one."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            return True
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return True
        if isinstance(error, RuntimeError) and any(w in str(error).lower() for w in _SAID):
            return True
        error = error.__cause__
    return False
