"""The colours of the timeline, in one value that a theme can hand over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtGui import QColor


def mix(a: QColor, b: QColor, part: float) -> QColor:
    """``part`` of ``b`` over ``a``."""
    keep = 1.0 - part
    return QColor(
        round(a.red() * keep + b.red() * part),
        round(a.green() * keep + b.green() * part),
        round(a.blue() * keep + b.blue() * part),
    )


@dataclass(frozen=True)
class TimelineColours:
    background: QColor  # behind the lanes
    lane: QColor
    panel: QColor  # ruler and header column
    line: QColor
    grid: QColor  # chunk boundaries
    text: QColor
    dim: QColor
    accent: QColor  # selected, or primary: nothing else
    on_accent: QColor
    video: QColor
    video_text: QColor
    draft: QColor
    stale: QColor
    missing: QColor
    action: QColor
    action_text: QColor
    memory: QColor
    warning: QColor
    marker: QColor

    @classmethod
    def build(
        cls,
        *,
        window: str,
        panel: str,
        line: str,
        text: str,
        dim: str,
        accent: str,
        on_accent: str,
        video: str,
        action: str,
        memory: str,
        warning: str,
    ) -> TimelineColours:
        """Everything else follows from these, so a theme hands over eleven colours."""
        ground, ink = QColor(window), QColor(text)
        dark = ground.lightness() < 128
        quiet_video = mix(ground, QColor(video), 0.55 if dark else 0.45)
        quiet_action = mix(ground, QColor(action), 0.55 if dark else 0.45)
        return cls(
            background=ground,
            lane=mix(ground, QColor(panel), 0.6),
            panel=QColor(panel),
            line=QColor(line),
            grid=mix(ground, QColor(dim), 0.28),
            text=ink,
            dim=QColor(dim),
            accent=QColor(accent),
            on_accent=QColor(on_accent),
            video=quiet_video,
            video_text=ink,
            draft=mix(ground, QColor(video), 0.28),
            stale=mix(ground, QColor(dim), 0.24),
            missing=mix(ground, QColor(warning), 0.4),
            action=quiet_action,
            action_text=ink,
            memory=QColor(memory),
            warning=QColor(warning),
            marker=mix(QColor(text), QColor(warning), 0.55),
        )

    @classmethod
    def dark(cls) -> TimelineColours:
        return cls.build(
            window="#1b1c1f",
            panel="#232428",
            line="#33353b",
            text="#e6e7ea",
            dim="#9a9da6",
            accent="#e8a54b",
            on_accent="#1b1408",
            video="#5c83a6",
            action="#5f9a74",
            memory="#9d8cd0",
            warning="#e0705f",
        )

    @classmethod
    def light(cls) -> TimelineColours:
        return cls.build(
            window="#e4e4e2",
            panel="#f3f3f1",
            line="#cbcbc6",
            text="#202124",
            dim="#5c5f66",
            accent="#a85a0c",
            on_accent="#ffffff",
            video="#6d9cc4",
            action="#6aa981",
            memory="#7a68b3",
            warning="#b3372a",
        )

    @classmethod
    def from_theme(cls, theme: Any) -> TimelineColours:
        """From anything with the attributes of ``app.theme.Theme``."""
        return cls.build(
            window=theme.window,
            panel=theme.panel,
            line=theme.line,
            text=theme.text,
            dim=theme.dim,
            accent=theme.accent,
            on_accent=theme.on_accent,
            video=theme.video,
            action=theme.action,
            memory=theme.memory,
            warning=theme.bad,
        )
