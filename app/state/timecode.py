"""Timecode: HH:MM:SS:FF at the nominal rate, without drop frames.

A rate of 24000/1001 counts 24 frames to a timecode second, as editors do.
"""

from __future__ import annotations

import re
from fractions import Fraction


def nominal(rate: Fraction) -> int:
    """Frames in one timecode second."""
    return max(1, round(rate))


def to_timecode(frame: int, rate: Fraction) -> str:
    sign, frame = ("-", -frame) if frame < 0 else ("", frame)
    seconds, rest = divmod(frame, nominal(rate))
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"


def from_timecode(text: str, rate: Fraction, now: int = 0) -> int | None:
    """The frame a person means, or None.

    "00:01:02:03" and every shorter tail of it ("2:03" is two seconds and three frames),
    "12.5s" seconds, "40f" or a bare "40" frames, and with + or - in front: relative to ``now``.
    """
    text = text.strip().lower().replace(" ", "").replace(";", ":")
    match = re.fullmatch(r"([+-]?)(.+)", text)
    if not match:
        return None
    sign, body = match.groups()
    frames = _absolute(body, rate)
    if frames is None:
        return None
    if sign:
        frames = now + (frames if sign == "+" else -frames)
    return max(0, frames)


def _absolute(body: str, rate: Fraction) -> int | None:
    if match := re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)s", body):
        return round(Fraction(match.group(1)) * rate)
    if match := re.fullmatch(r"(\d+)f?", body):
        return int(match.group(1))
    parts = body.split(":")
    if not 2 <= len(parts) <= 4 or not all(re.fullmatch(r"\d{1,6}", part) for part in parts):
        return None
    hours, minutes, seconds, frames = [0] * (4 - len(parts)) + [int(part) for part in parts]
    return ((hours * 60 + minutes) * 60 + seconds) * nominal(rate) + frames


def short(frame: int, rate: Fraction) -> str:
    """A length or place for a sentence: "4.2 s", "1:05"."""
    seconds = frame / rate
    if seconds < 60:
        return f"{float(seconds):.1f} s"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
