"""What the doctor found, for a person and for a program."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]

WIDTH = 96


@dataclass(frozen=True)
class Check:
    id: str
    title: str
    status: Status
    detail: str  # what was found and what it means
    remedy: str = ""  # what to do, where there is something to do


@dataclass(frozen=True)
class WorldVerdict:
    """Whether this machine can run a world, and why (not)."""

    world: str
    runs: bool
    reason: str


@dataclass(frozen=True)
class Report:
    checks: tuple[Check, ...]
    worlds: tuple[WorldVerdict, ...]
    advice: str = ""  # which world fits best

    @property
    def exit_code(self) -> int:
        """0: the studio can run. 1: something that it needs is missing."""
        return 1 if any(check.status == "fail" for check in self.checks) else 0

    def find(self, id: str) -> Check:
        return next(check for check in self.checks if check.id == id)

    def to_text(self) -> str:
        lines = ["This machine"]
        for check in self.checks:
            lines += _block(f"{check.status:<5} {check.title:<13} ", check.detail)
            if check.remedy:
                lines += _block(" " * 20 + "-> ", check.remedy)
        lines += ["", "Worlds it can run"]
        for verdict in self.worlds:
            lines += _block(
                f"{'yes' if verdict.runs else 'no':<5} {verdict.world}: ", verdict.reason, 6
            )
        if self.advice:
            lines += _block(" " * 6 + "-> ", self.advice)
        lines += ["", self._verdict()]
        return "\n".join(lines)

    def _verdict(self) -> str:
        failed = [check.title for check in self.checks if check.status == "fail"]
        if failed:
            return f"The studio cannot run yet. To mend: {', '.join(failed)}."
        warned = [check.title for check in self.checks if check.status == "warn"]
        return "The studio can run" + (
            f"; see the notes on {', '.join(warned)}." if warned else "."
        )

    def to_json_dict(self) -> dict:
        return {"exit_code": self.exit_code, **asdict(self)}


def _block(head: str, text: str, indent: int | None = None) -> list[str]:
    """Wrapped below its own beginning; commands on lines of their own stay whole."""
    pad = " " * (len(head) if indent is None else indent)
    lines: list[str] = []
    for part in text.splitlines() or [""]:
        lead = head if not lines else pad
        lines += textwrap.wrap(
            part,
            WIDTH,
            initial_indent=lead,
            subsequent_indent=pad,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [lead.rstrip()]
    return lines
