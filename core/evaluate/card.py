"""What a world's card says of its memory, from the results of ``revisit``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_HEAD = """| memory | first visit | walks | without → with, dB | gain [95 %] | wrong pose | another walk's | flow, spread | LPIPS |
|---|---|---|---|---|---|---|---|---|"""


def remembered(results: Sequence[dict[str, Any]]) -> str:
    """A Markdown table: a row for each memory and kind of first visit in ``results`` (each a
    ``result.json`` of ``core.evaluate revisit``), its gain and its three controls; "–" where a
    control was not run. Empty where no memory was measured."""
    rows = [
        _row(arm, visit, found, _none(result, arm["loop"], visit))
        for result in results for arm in result["arms"] for visit, found in arm["visits"].items()
        if "controls" in found and "means" not in arm
    ]
    return "\n".join([_HEAD, *rows]) if rows else ""


def _none(result: dict[str, Any], loop: str, visit: str) -> dict[str, Any]:
    """The same world without a memory."""
    return next(
        arm["visits"][visit] for arm in result["arms"] if (arm["arm"], arm["loop"]) == ("none", loop)
    )


def _row(arm: dict[str, Any], visit: str, found: dict[str, Any], none: dict[str, Any]) -> str:
    held, mine, bare = found["controls"], found["metrics"], none["metrics"]
    gain, lively = held["gain"], held["contrast_and_motion"]
    others = [o["gain"]["mean"] for name, o in held["another_episode"].items() if "forced" not in name]
    forced = [o["gain"]["mean"] for name, o in held["another_episode"].items() if "forced" in name]
    another = f"{others[0]:+.2f}" if others else "–"
    if forced:
        another += f", forced {forced[0]:+.2f}"
    less = mine["lpips"]["mean"] / bare["lpips"]["mean"] - 1
    cells = (
        arm["arm"], visit, gain["n"],
        f"{bare['psnr']['mean']:.1f} → {mine['psnr']['mean']:.1f}",
        f"{gain['mean']:+.2f} [{gain['low']:.2f}, {gain['high']:.2f}]",
        f"{held['wrong_pose']['gain']['mean']:+.2f}", another,
        f"{lively['flow']['mean']:.0%}, {lively['spread']['mean']:.0%}", f"{less:+.0%}",
    )
    return f"| {' | '.join(map(str, cells))} |"
