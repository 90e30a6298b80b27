"""What went wrong in words a person can act on."""

from __future__ import annotations

import re
from pathlib import Path


class SetupFailure(Exception):
    """Ends the set-up with a message; everything installed so far is kept."""


NO_NETWORK = (
    "NewConnectionError|Name or service not known|Temporary failure in name resolution|"
    "getaddrinfo failed|Network is unreachable|ConnectTimeout|Read timed out|"
    "No route to host|nodename nor servname|Connection refused|ProxyError|Connection reset"
)

# pattern in pip's output → what it means and what to do; the first that fits is told.
CAUSES = (
    (
        r"No space left on device|Errno 28|WinError 112|not enough space",
        (
            "The disk is full. Free some space and run the same command again; "
            "what is already installed is kept."
        ),
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError",
        (
            "A secure connection could not be verified. Behind a company's proxy, give pip its "
            "certificate: pip config set global.cert /path/to/certificate.pem"
        ),
    ),
    (
        r"407 Proxy Authentication",
        "The proxy wants a password: set HTTPS_PROXY with user and password.",
    ),
    (
        r"THESE PACKAGES DO NOT MATCH THE HASHES|BadZipFile|IncompleteRead|zip.*corrupt",
        ("A download arrived damaged. Run the same command again; if it persists: pip cache purge"),
    ),
    (
        NO_NETWORK,
        (
            "The package index could not be reached: no network, or a proxy is needed "
            "(set HTTPS_PROXY). Run the same command again once you are online; "
            "finished downloads are kept."
        ),
    ),
    (
        r"Permission denied|Errno 13|WinError 5\b|Access is denied|Operation not permitted|"
        r"Read-only file system|Errno 30",
        (
            "A file in .venv or beside it could not be written. On Windows close the studio and "
            "any program that uses .venv. Elsewhere run the command as the owner of the studio's "
            "folder, or copy the folder to where you may write and run it there."
        ),
    ),
    (
        r"is not a supported wheel|No matching distribution found|Could not find a version",
        (
            "The index has no build of this package for your system and Python. Needed is Python "
            "3.11 to 3.14 on 64-bit Linux (glibc 2.34 or newer), Apple silicon or Windows."
        ),
    ),
)


def cause(said: str) -> str | None:
    """What a message means and what to do; None where nobody has thought of it."""
    found = (meaning for pattern, meaning in CAUSES if re.search(pattern, said, re.I))
    return next(found, None)


def no_file(error: OSError, folder: Path) -> str:
    """What to tell where a file of the set-up's own, in ``folder``, can't be used. A full disk does
    not say which file it was."""
    name = error.filename if isinstance(error.filename, str | Path) else f"a file in {folder}"
    meaning = cause(str(error)) or (
        "See that nothing else lies there, and run the same command again; what is already "
        "installed is kept."
    )
    return f"The set-up can't use {name}: {error.strerror or error}.\n{meaning}"


def explain(pip_output: str) -> str:
    if meaning := cause(pip_output):
        return meaning
    errors = re.findall(r"^ERROR: (.+)$", pip_output, re.M)
    return errors[-1] if errors else "pip ended without saying why."
