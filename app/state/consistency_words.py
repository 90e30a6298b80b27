"""Drift, cuts and returns in plain sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

if TYPE_CHECKING:
    from app.state.walks import Seen
    from core.consistency import Drift, Verdict

#: From here on a drift is seen, and from here on it is strong.
LITTLE, MUCH = 0.2, 0.5


def tr(text: str, *values: object) -> str:
    made = QCoreApplication.translate("consistency", text)
    for i, value in enumerate(values, 1):
        made = made.replace(f"%{i}", str(value))
    return made


def drift_words(drift: Drift) -> str:
    """What has moved away from the opening, the largest first."""
    found: list[tuple[float, str]] = []
    for ratio, less, more in (
        (drift.sharpness, tr("less sharp"), tr("sharper")),
        (drift.contrast, tr("less contrast"), tr("more contrast")),
    ):
        if abs(ratio - 1) >= 0.1:
            size = round(abs(ratio - 1) * 100)
            found.append((abs(ratio - 1), f"{size} % " + (less if ratio < 1 else more)))
    if drift.colour >= 12:
        found.append((drift.colour / 64, tr("other colours")))
    return ", ".join(words for _, words in sorted(found, reverse=True))


def drift_sentence(drift: Drift) -> str:
    words = drift_words(drift)
    if not words or drift.amount < LITTLE:
        return tr("As at the opening.")
    if drift.amount < MUCH:
        return tr("A little away from the opening: %1.", words)
    return tr("Far from the opening: %1.", words)


def clip_sentences(title: str, seen: Seen, name: Callable[[int], str]) -> list[str]:
    """``name(frame)``: the chunk at a sequence frame."""
    said = [f"{title}: {_small(drift_sentence(seen.verdict.drift))}"]
    for cut in seen.verdict.cuts:
        frame = seen.start + cut
        said.append(
            tr("A cut at frame %1, where it begins.", frame)
            if cut == 0 else tr("A cut at frame %1.", frame)
        )  # fmt: skip
    for back, to in zip(seen.verdict.returns, seen.to):
        frame, where, same = seen.start + back.frame, name(to), round(back.same * 100)
        there = f"{to} ({_small(where)})" if where else str(to)
        said.append(tr("Frame %1 comes back to frame %2: %3 % the same.", frame, there, same))
    return said


def why(verdict: Verdict) -> str:
    """Why a take has its place among the others."""
    said = []
    if verdict.kept is not None:
        said.append(tr("comes back %1 % the same", round(verdict.kept * 100)))
    n = len(verdict.cuts)
    said.append(tr("no cut") if not n else tr("1 cut") if n == 1 else tr("%1 cuts", n))
    said.append(tr("drift %1 %", round(verdict.drift.amount * 100)))
    words = ", ".join(said)
    return words[:1].upper() + words[1:]


def why_shortly(verdict: Verdict) -> str:
    """The same beside a small picture: what is not so is left out."""
    said = []
    if verdict.kept is not None:
        said.append(tr("%1 % same", round(verdict.kept * 100)))
    if n := len(verdict.cuts):
        said.append(tr("1 cut") if n == 1 else tr("%1 cuts", n))
    said.append(tr("drift %1 %", round(verdict.drift.amount * 100)))
    return " · ".join(said)


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]
