"""A phrase book: what the controls and the places of one domain are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Said before and after a phrase. Most often nothing is.
MANNERS = ("", "", "", "", "slowly ", "quietly ", "now ", "then ", "please ", "gently ")
ENDINGS = ("", "", "", "", " slowly", " now", " a little", " for a while", " again", " please")


@dataclass(frozen=True)
class Book:
    """Control name → ways to say it, some of them held out of training; place → its names.

    No phrase means two controls, and none is both in ``phrases`` and in ``held_out``.
    """

    phrases: Mapping[str, tuple[str, ...]]
    held_out: Mapping[str, tuple[str, ...]]
    places: Mapping[str, tuple[str, ...]]
    manners: tuple[str, ...] = MANNERS
    endings: tuple[str, ...] = ENDINGS
