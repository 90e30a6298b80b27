"""Text an artist typed, made fit for a document."""

from __future__ import annotations

from core.project.errors import EditError


def tidy(text: str) -> str:
    """Without line breaks, control characters and spaces at the ends: as it will be kept."""
    # Half of a surrogate pair (a broken paste) could never be written to a file again.
    clean = "".join(c if c.isprintable() else " " for c in text if not "\ud800" <= c <= "\udfff")
    return " ".join(clean.split())


def one_line(text: str, limit: int, what: str) -> str:
    """``text`` made tidy; raises EditError where it is then longer than ``limit``."""
    if not isinstance(text, str):
        raise EditError(f"{what} must be text.")
    clean = tidy(text)
    if len(clean) > limit:
        raise EditError(f"{what} is too long: {len(clean)} characters, at most {limit}.")
    return clean
