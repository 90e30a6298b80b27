"""Whether something failed because memory ran out. Knows the errors by name, without torch."""

from __future__ import annotations

import errno
import signal
from pathlib import Path

#: What torch's allocators say: the card's, the processor's on Linux and macOS, and on Windows.
_SAID = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")

#: How a process ends that the system took memory away from: SIGKILL, as a shell passes it on too,
#: and on Windows STATUS_NO_MEMORY and STATUS_COMMITMENT_LIMIT.
_KILLED = (-getattr(signal, "SIGKILL", 9), 137, 0xC0000017, 0xC000012D)
_COUNTS = Path("/proc/vmstat")


def killed(code: int | None) -> bool:
    """Whether a process that ended with ``code`` may have been ended for its memory."""
    return code in _KILLED


def times_killed(counts: Path = _COUNTS) -> int | None:
    """How often this system has ended a process for its memory since it started (Linux 4.13 and
    later); None where it does not say. Programs that do so on their own do not count here."""
    try:
        for line in counts.read_text("ascii").splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    except (OSError, ValueError):
        pass
    return None


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
