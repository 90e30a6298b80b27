"""Words about the ways a chunk is sampled, and which of them a project's world allows."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from core.worlds.ways import CACHE, COMPILED, EXACT, allowed, why_not


def tr(text: str) -> str:
    return QCoreApplication.translate("ways", text)


@dataclass(frozen=True)
class WayRow:
    """A line of the choice. ``why`` says in a sentence why it can't be had; "" where it can."""

    id: str
    name: str
    sentence: str
    chosen: bool
    why: str = ""


def name(id: str) -> str:
    return {
        EXACT: tr("Exact"), CACHE: tr("Quicker: skips small changes"),
        COMPILED: tr("Compiled: for graphics cards"),
    }.get(id, id)


def brief(id: str) -> str:
    """For a take."""
    return {
        EXACT: tr("exact"), CACHE: tr("skipped what hardly changed"), COMPILED: tr("compiled"),
    }.get(id, id)


def sentence(id: str) -> str:
    """What it does, and what it costs."""
    return {
        EXACT: tr("Everything is computed, as the model's authors do it."),
        CACHE: tr("Parts of the model are skipped in steps that change little. The same seed gives "
                  "another picture, and fine detail and small movements can suffer."),
        COMPILED: tr("The model is translated for this machine first. The first chunk takes up "
                     "to minutes longer, as may one after a change of memory or words. Meant for "
                     "graphics cards: on the processor it gains next to nothing. The picture "
                     "stays the same to the eye."),
    }.get(id, "")  # fmt: skip


def rows(family: str, chosen: str) -> tuple[WayRow, ...]:
    """What a world of ``family`` offers, and what is chosen although it does not."""
    ids = allowed(family)
    found = []
    for id in (*ids, *((chosen,) if chosen not in ids else ())):
        why = why_not(id, family)
        if why:
            why = tr("Not possible here: %1. Chunks are sampled exactly.").replace("%1", why)
        found.append(WayRow(id, name(id), sentence(id), id == chosen, why))
    return tuple(found)
