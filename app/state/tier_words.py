"""Words about the ways a world is made to fit into memory, the same wherever they are chosen."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from core.worlds.preflight import Option, size
from core.worlds.tiers import AUTO, IDS, missing, tier


def tr(text: str) -> str:
    return QCoreApplication.translate("tiers", text)


@dataclass(frozen=True)
class TierRow:
    """A line of the menu. ``why`` says what is against it; "" nothing."""

    id: str
    words: str
    chosen: bool
    possible: bool = True
    why: str = ""


CHOICES = (AUTO, *IDS)


def name(id: str) -> str:
    return {
        AUTO: tr("Automatic"), "full": tr("Full size"), "bf16": tr("bf16 with checkpointing"),
        "tiled": tr("bf16, pictures in tiles"), "int8": tr("int8 weights"),
        "fp8": tr("fp8 weights"), "offload": tr("Offload: layers moved in and out"),
    }[id]


def brief(id: str) -> str:
    """For the one line under Generate."""
    return {
        "full": tr("Full size"), "bf16": tr("bf16"), "tiled": tr("bf16, tiled"),
        "int8": tr("int8"), "fp8": tr("fp8"), "offload": tr("Offload"),
    }.get(id, id)


def sentence(id: str) -> str:
    """What it means, in one sentence."""
    return {
        AUTO: tr("The fastest way that fits into this machine's memory; the studio looks before "
                 "every job and goes lower when memory runs out."),
        "full": tr("Everything stays on the graphics card as it is: the fastest, and it needs the "
                   "most memory."),
        "bf16": tr("Numbers of half the size, the text is read on the processor, and learning "
                   "keeps less at a time, so it takes somewhat longer."),
        "tiled": tr("As bf16, and pictures are made tile by tile, which needs less memory at the "
                    "end of a chunk."),
        "int8": tr("The model's weights take one byte each: half of bf16, a little less exact; "
                   "what is learned stays exact."),
        "fp8": tr("As int8 with another kind of number, which newer cards compute with."),
        "offload": tr("The model waits in the machine's memory, and each layer comes to the card "
                      "when it is needed: the least graphics memory, and the slowest."),
    }[id]  # fmt: skip


def lacking(id: str) -> str:
    """Why this installation can't use it; "" where it can."""
    if id == AUTO or not missing(tier(id)):
        return ""
    return tr("Needs the library torchao, which is not installed.")


def short(id: str, options: tuple[Option, ...], there: int | None) -> str:
    """"bf16 · 9.1 GB of 24.0 GB"; "" where no tier is known."""
    peak = next((one.peak for one in options if one.id == id), None)
    if not id or peak is None:
        return brief(id)
    needs = size(peak) if there is None else (
        tr("%1 of %2").replace("%1", size(peak)).replace("%2", size(there))
    )
    return f"{brief(id)} · {needs}"


def rows(options: tuple[Option, ...], chosen: str) -> tuple[TierRow, ...]:
    """The lines of the menu for a world whose ways have these needs."""
    found = [TierRow(AUTO, tr("Automatic"), chosen == AUTO)]
    for one in options:
        words = f"{name(one.id)}  ·  {size(one.peak)}"
        why = lacking(one.id)
        if not why and one.fits is False:
            words += "  ·  " + tr("more than there is")
            why = tr("It may run out of memory; then the studio goes lower and says so.")
        found.append(TierRow(one.id, words, chosen == one.id, not lacking(one.id), why))
    return tuple(found)
