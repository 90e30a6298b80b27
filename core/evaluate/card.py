"""What a world's card says of its memory, from the results of ``core.evaluate``.

    python -m core.evaluate.card resources/worlds/starter runs/revisit/result.json …

writes what was measured into the world's README.md, in place of what it said of the same before, and
its checksums anew.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.machine.checksums import write_sums
from core.project.atomic import write_atomic
from core.worlds.catalogue import content_hash

TITLE = "## What it remembers"
_TEXT = """Agreement (PSNR) when a walk comes back to where it was: with the truth where the first visit was a
camera's (real), with what was shown there before where it was the world's own (generated). A memory
must gain at the right pose only, by its own walk only, and neither grey out nor slow down the picture.
Another walk's memory is held against remembering nothing but what is walked after the first visit.
LPIPS is a local stand-in. `core.evaluate revisit`, scenes held out.

{remembered}
"""
_ASKED = """What it is asked for besides: `core.evaluate` {suites}, scenes held out.

{asked}
"""
_HEAD = """| memory | first visit | walks | without → with, dB | gain [95 %] | wrong pose | another walk's | flow, spread | LPIPS |
|---|---|---|---|---|---|---|---|---|"""
_HEAD_ASKED = """| measured | memory | walks | without | with [95 %] |
|---|---|---|---|---|"""

#: Of each suite but ``revisit``: the measure, what it says, how it is written.
_MEASURES = {
    "long": (
        ("sharpness_kept", "sharpness of chunk {chunks} over chunk 1", "{:.0%}"),
        ("spread_kept", "contrast of chunk {chunks} over chunk 1", "{:.0%}"),
        ("psnr", "{chunks} chunks, two laps: agreement with the first, dB", "{:.1f}"),
        ("scuts", "{chunks} chunks: scene cuts", "{:.2f}"),
    ),
    "actions": (("obeyed", "phrasings obeyed that it was never taught", "{:.1%}"),),
    "planning": (
        ("distance", "a way back planned in the model, first visit {visit}: distance at its end, cells", "{:.2f}"),
        ("reached", "a way back planned in the model, first visit {visit}: waypoint reached", "{:.0%}"),
    ),
}

Result = dict[str, Any]
Key = tuple[str, str]  # the first two cells of a table's row


class CardError(Exception):
    """A card can't be written; the message says why."""


def remembered(results: Sequence[Result]) -> str:
    """A Markdown table: a row for each memory and kind of first visit in ``results`` (each a
    ``result.json`` of ``core.evaluate revisit``), its gain and its three controls; "–" where a
    control was not run. Empty where no memory was measured."""
    return _table(_HEAD, dict(_rows_remembered(results)))


def section(results: Sequence[Result], before: str = "") -> str:
    """The card's part on memory with what ``results`` of any suites measured, and what the part
    ``before`` said that they do not measure. Empty where there is nothing to say."""
    said = _said(before)
    mine = {k: v for k, v in said.items() if v.count("|") == _HEAD.splitlines()[0].count("|")}
    asked = {k: v for k, v in said.items() if k not in mine}
    mine |= dict(_rows_remembered(results))
    asked |= dict(_rows_asked(results))
    parts = [_TEXT.format(remembered=_table(_HEAD, mine))] if mine else []
    if asked:
        suites = {r["suite"] for r in results} | {*re.findall(r"`([a-z]+)`", before)}
        named = ", ".join(f"`{name}`" for name in _MEASURES if name in suites)
        parts.append(_ASKED.format(suites=named, asked=_table(_HEAD_ASKED, asked)))
    return f"{TITLE}\n" + "\n".join(parts) if parts else ""


def renewed(card: str, results: Sequence[Result]) -> str:
    """``card`` with its part on memory told anew from ``results``. Raises CardError."""
    start = card.find(TITLE)
    if start < 0:
        raise CardError(f"The card has no part “{TITLE}”: publish the world first.")
    end = card.find("\n## ", start + 1)
    end = len(card) if end < 0 else end + 1
    told = section(results, card[start:end])
    return card[:start] + told + "\n" * (end < len(card)) + card[end:] if told else card


def _said(part: str) -> dict[Key, str]:
    """The rows of all tables in ``part``, without their heads, by their first two cells."""
    rows = [line for line in part.splitlines() if line.startswith("| ")]
    heads = {_HEAD.splitlines()[0], _HEAD_ASKED.splitlines()[0]}
    return {_key(row): row for row in rows if row not in heads}


def _key(row: str) -> Key:
    first, second = (cell.strip() for cell in row.split("|")[1:3])
    return first, second


def _table(head: str, rows: dict[Key, str]) -> str:
    return "\n".join([head, *rows.values()]) if rows else ""


def _cells(*cells: Any) -> tuple[Key, str]:
    row = f"| {' | '.join(map(str, cells))} |"
    return _key(row), row


def _memories(result: Result) -> Iterator[tuple[dict[str, Any], str, dict[str, Any], dict[str, Any]]]:
    """(arm, first visit, what was found, the same without a memory) of each memory."""
    for arm in result["arms"]:
        if arm["arm"] in ("truth", "none") or ":" in arm["arm"] or "means" in arm:
            continue
        for visit, found in arm["visits"].items():
            none = next(
                other["visits"][visit] for other in result["arms"]
                if (other["arm"], other["loop"]) == ("none", arm["loop"])
            )
            yield arm, visit, found, none


def _rows_asked(results: Sequence[Result]) -> Iterator[tuple[Key, str]]:
    for result in results:
        if result["settings"].get("task", "waypoint") != "waypoint":
            continue  # another question, in centimetres
        for arm, visit, found, none in _memories(result):
            for name, said, form in _MEASURES.get(result["suite"], ()):
                mine, bare = found["metrics"][name], none["metrics"][name]
                with_it, low, high = (_number(form, mine[k]) for k in ("mean", "low", "high"))
                yield _cells(
                    said.format(visit=visit, **result["settings"]), arm["arm"], mine["n"],
                    _number(form, bare["mean"]), f"{with_it} [{low}, {high}]",
                )


def _number(form: str, value: float | None) -> str:
    """"–" where nothing was measured."""
    return "–" if value is None else form.format(value)


def _rows_remembered(results: Sequence[Result]) -> Iterator[tuple[Key, str]]:
    for result in results:
        for arm, visit, found, none in _memories(result):
            if result["suite"] == "revisit" and "controls" in found:
                yield _row(arm, visit, found, none)


def _row(
    arm: dict[str, Any], visit: str, found: dict[str, Any], none: dict[str, Any]
) -> tuple[Key, str]:
    held, mine, bare = found["controls"], found["metrics"], none["metrics"]
    gain, lively = held["gain"], held["contrast_and_motion"]
    others = [o["gain"]["mean"] for name, o in held["another_episode"].items() if "forced" not in name]
    forced = [o["gain"]["mean"] for name, o in held["another_episode"].items() if "forced" in name]
    another = f"{others[0]:+.2f}" if others else "–"
    if forced:
        another += f", forced {forced[0]:+.2f}"
    less = mine["lpips"]["mean"] / bare["lpips"]["mean"] - 1
    return _cells(
        arm["arm"], visit, gain["n"],
        f"{bare['psnr']['mean']:.1f} → {mine['psnr']['mean']:.1f}",
        f"{gain['mean']:+.2f} [{gain['low']:.2f}, {gain['high']:.2f}]",
        f"{held['wrong_pose']['gain']['mean']:+.2f}", another,
        f"{lively['flow']['mean']:.0%}, {lively['spread']['mean']:.0%}", f"{less:+.0%}",
    )


def write(world: Path, results: Sequence[Path]) -> None:
    """Tell the card of the world in ``world`` anew. Raises CardError, and leaves it as it is then;
    OSError."""
    card, here, found = world / "README.md", content_hash(world), []
    for path in results:
        result = json.loads(path.read_text("utf-8"))
        if not isinstance(result, dict) or not {"suite", "worlds", "arms", "settings"} <= {*result}:
            raise CardError(f"{path} is no result of core.evaluate. The card was left as it is.")
        if {*result["worlds"].values()} != {here}:
            raise CardError(f"{path} measured another world than {world}. Its card was left as it is.")
        found.append(result)
    text = renewed(card.read_text("utf-8"), found)
    write_atomic(card, text.encode("utf-8"))
    write_sums(world)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("world", type=Path, help="the world's folder")
    parser.add_argument("results", type=Path, nargs="+", metavar="RESULT.json")
    args = parser.parse_args(arguments)
    try:
        write(args.world, args.results)
    except (CardError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
