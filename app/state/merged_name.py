"""What a memory merged of several is called, as long as nobody names it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QCoreApplication

_LONG = 60


def merged_name(names: Sequence[str]) -> str:
    """“Hall and Kitchen”, “Hall, Kitchen and Garden”; many or long ones are counted."""
    *first, last = names
    if not first:
        return last
    name = _tr("%1 and %2").replace("%1", ", ".join(first)).replace("%2", last)
    if len(name) > _LONG:
        name = _tr("%1 and %2 more").replace("%1", first[0][:50]).replace("%2", str(len(first)))
    return name


def free_name(base: str, taken: Collection[str]) -> str:
    """``base``, with a number where it is taken."""
    name, n = base, 2
    while name in taken:
        name, n = f"{base} {n}", n + 1
    return name


def _tr(text: str) -> str:
    return QCoreApplication.translate("Merging", text)
