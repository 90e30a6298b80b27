"""A path as people type it."""

from __future__ import annotations

import os
from pathlib import Path


def typed_path(text: str) -> Path | None:
    """``~`` is the home folder; None where nothing is named. One of somebody unknown stays as it
    is, and is found missing like any other."""
    text = text.strip()
    return Path(os.path.expanduser(text)) if text and "\0" not in text else None
