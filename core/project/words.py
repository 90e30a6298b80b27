"""Text an artist typed, made fit for a document."""

from __future__ import annotations

from core.project.errors import EditError


def one_line(text: str, limit: int, what: str) -> str:
    """Without line breaks, control characters and spaces at the ends; at most ``limit`` long."""
    if not isinstance(text, str):
        raise EditError(f"{what} must be text.")
    # Half of a surrogate pair (a broken paste) could never be written to a file again.
    clean = "".join(c if c.isprintable() else " " for c in text if not "\ud800" <= c <= "\udfff")
    clean = " ".join(clean.split())
    if len(clean) > limit:
        raise EditError(f"{what} is too long: {len(clean)} characters, at most {limit}.")
    return clean
