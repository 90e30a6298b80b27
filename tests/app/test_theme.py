"""Both palettes can be read: contrast of at least 4.5 to 1 wherever there are words."""

from __future__ import annotations

import pytest

from app import theme


@pytest.mark.parametrize("chosen", [theme.DARK, theme.LIGHT], ids=lambda t: t.name)
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("text", "window"), ("text", "panel"), ("text", "field"), ("text", "raised"),
        ("text", "hover"),
        ("text", "selection"), ("dim", "window"), ("dim", "panel"), ("dim", "field"),
        ("on_accent", "accent"), ("on_accent", "accent_hover"), ("accent", "panel"),
        ("good", "panel"), ("warn", "panel"), ("bad", "panel"),
    ],
)  # fmt: skip
def test_contrast(chosen, ink, ground):
    assert theme.contrast(getattr(chosen, ink), getattr(chosen, ground)) >= 4.5


def test_switching_the_theme_while_it_runs(opened, qapp):
    w = opened.w
    w.settings.set("theme", "light")
    assert theme.current().name == "light"
    assert qapp.palette().window().color().name() == theme.LIGHT.panel
    w.settings.set("theme", "dark")
    assert w.timeline.colours.background.name() == theme.DARK.window
