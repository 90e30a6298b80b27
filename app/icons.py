"""One icon family (Material Design Icons through qtawesome), in the theme's colours."""

from __future__ import annotations

from PySide6.QtGui import QIcon

from app import theme

_cache: dict[tuple[str, str, str], QIcon] = {}


def icon(name: str, colour: str | None = None) -> QIcon:
    """``name`` without prefix, such as "play"; ``colour`` overrides the theme's text colour."""
    t = theme.current()
    key = (name, colour or t.text, t.name)
    if key not in _cache:
        import qtawesome  # costs 50 ms: only when the first icon is wanted

        _cache[key] = qtawesome.icon(
            f"mdi6.{name}", color=colour or t.text, color_disabled=t.dim, color_active=colour or t.text
        )
    return _cache[key]
