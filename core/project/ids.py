"""Names for new things in a document."""

from __future__ import annotations

import secrets


def new_id() -> str:
    """A short random id: 48 bits, far more than one document ever needs."""
    return secrets.token_hex(6)
