"""A film is opened as a project, and what it says then."""

from __future__ import annotations

from core.rollout.recipe import recipe_of
from tests.app.test_slow_adapters import open_film


def test_a_film_says_what_generate_will_not_bring_back(opened, tmp_path):
    recipe = recipe_of(opened.p, opened.w.document.path)
    opened.trigger("close")
    open_film(opened, tmp_path / "film.mp4", recipe)
    told = opened.w.notices.current
    assert (told.level, told.kept) == ("info", "Press Generate to make it again.")
    opened.trigger("close")
    opened.until(lambda: opened.w.document.project is None)
    open_film(opened, tmp_path / "film.mp4", {**recipe, "cut": True, "episodes": True})
    told, said = opened.w.notices.current, opened.w.notices.current.kept
    assert told.level == "warning" and "load it first" in said and "whole and in a row" in said
