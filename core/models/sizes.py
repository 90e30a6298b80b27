"""Bytes and times as a person reads them."""

from __future__ import annotations

MB, GB = 10**6, 10**9


def size(count: float) -> str:
    """Decimal units, as disks are sold: "512 B", "4.3 MB", "34.2 GB"."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit, name in ((10**3, "kB"), (MB, "MB"), (GB, "GB")):
        if count < unit * 999.5 or unit == GB:
            value = count / unit
            return f"{value:.1f} {name}" if value < 99.95 else f"{value:.0f} {name}"
    raise AssertionError


def duration(seconds: float | None) -> str:
    """"40 s", "12 min", "3 h 05 min"; "" where it is not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
