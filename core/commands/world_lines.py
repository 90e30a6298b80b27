"""A world in the terminal: what it is, its licence, what it needs."""

from __future__ import annotations

import textwrap
from typing import Any

from core.models.offers import Offer
from core.models.overview import Item
from core.models.sizes import size

_WIDTH, _PAD = 96, "    "
_STATES = {
    "embedded": "comes with the studio",
    "installed": "installed",
    "lost": "its folder is not there any more",
    "partly": "partly fetched",
    "offered": "not fetched",
}
_COMMERCIAL = {
    "yes": "commercial use: yes", "limited": "commercial use: with limits",
    "no": "commercial use: no",
}  # fmt: skip


def row(item: Item, fits: list[dict]) -> dict[str, Any]:
    """For programs."""
    one = item.offer
    return {
        "id": item.id, "name": item.name, "state": item.state,
        "folder": str(item.folder) if item.folder else None, "bytes_on_disk": item.disk,
        "what": one.what if one else "", "licence": vars(one.licence) if one else None,
        "about_gb": one.about_gb if one else None, "page": one.page if one else "", "needs": fits,
    }  # fmt: skip


def lines(item: Item, fits: list[str]) -> list[str]:
    """For people; ``fits`` say what it needs beside what is here. The last line is empty."""
    one = item.offer
    state = _STATES[item.state]
    if item.state == "partly" and item.begun is not None:
        state = f"{size(item.begun.done)} of {size(item.begun.total)} fetched"
    elif item.disk:
        state = f"{state}, {size(item.disk)} on disk"
    found = [f"{item.id}: {item.name} ({state})"]
    if one is not None:
        found += [one.what, *licence_lines(one)]
        if item.state == "offered":
            found.append(f"To fetch: about {one.about_gb:.0f} GB.")
        found += fits
    if item.folder is not None:
        found.append(f"In {item.folder}")
    return [found[0], *(part for line in found[1:] for part in _wrapped(line)), ""]


def _wrapped(line: str) -> list[str]:
    """Indented, and broken between words where it is long."""
    options = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.wrap(line, _WIDTH, initial_indent=_PAD, subsequent_indent=_PAD, **options)


def licence_lines(one: Offer) -> list[str]:
    """What may be done with it, and where that is written."""
    found = one.licence
    return [
        f"Licence: {found.name}, {_COMMERCIAL[found.commercial]}. {found.summary}",
        f"Regions: {found.region} The licence: {found.url}",
    ]
