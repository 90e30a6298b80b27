"""The slow adapter of a project in the window: chosen, shown, removed, refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.dialogs.new_project import NewProjectDialog
from app.state.worlds import Worlds
from app.widgets.pixmaps import Pixmaps
from core.project import queries, staleness
from core.worlds.catalogue import read_entry
from tests.rollout.test_adopting import write_adapter


@pytest.fixture
def adapter(tmp_path, tiny_world_dir) -> Path:
    return write_adapter(tmp_path / "garden.safetensors", tiny_world_dir)


def choose(h, path: Path) -> None:
    before = h.w.document.project
    h.w.notices.clear()
    h.w.slow_adapters.choose(path)
    h.until(lambda: h.w.document.project is not before or h.w.notices.current is not None)
    h.settle()


def test_choose_make_remove_undo(opened, adapter):
    h = opened
    panel, remove = h.w.worlds_panel, h.w.actions_table["slow_adapter_remove"]
    h.w.show_panel("worlds")
    assert panel.adapter.isVisible() and panel.adapter_name.text() == "none"
    assert not remove.isEnabled()
    h.trigger("auto_accept")
    h.w.generation.pending = ("walk forward", 1.0)
    h.trigger("generate")
    h.wait_idle()
    plain = h.p.world

    choose(h, adapter)
    assert h.p.slow_adapter.name == panel.adapter_name.text() == "garden"
    assert h.p.world.name.endswith("with garden")
    assert "with garden" in h.w.status_line.world.text()
    assert "marked as stale" in h.w.notices.current.kept and remove.isEnabled()
    first = queries.chosen_take(h.p, next(iter(h.p.chunks)))
    assert queries.is_stale(h.p, first.id)
    h.trigger("generate")  # remade, with it
    h.wait_idle()
    again = queries.chosen_take(h.p, first.chunk)
    assert again.id != first.id and again.world_hash == h.p.world.hash != plain.hash

    adapter.unlink()  # the project has its own
    h.trigger("slow_adapter_remove")
    h.settle()
    assert h.p.world == plain and h.p.slow_adapter is None and not remove.isEnabled()
    assert queries.is_stale(h.p, again.id)
    h.w.document.undo()
    assert not staleness.stale_takes(h.p).get(again.id)
    h.w.generation.choose_take(first.id)  # the version of before
    h.trigger("slow_adapter_remove")
    assert not queries.is_stale(h.p, first.id)


def test_what_does_not_fit_is_refused_and_nothing_changes(
    opened, adapter, tmp_path, other_world_dir, picture_file
):
    h, before = opened, opened.p
    foreign = write_adapter(tmp_path / "foreign.safetensors", other_world_dir)
    for path in (foreign, picture_file, tmp_path / "gone.safetensors"):
        choose(h, path)
        assert h.p is before and "slow adapter" in h.w.notices.current.text
        assert h.w.notices.current.kept == "The project is as it was."
    choose(h, adapter)
    now = h.p
    choose(h, adapter)
    assert h.p is now and "already" in h.w.notices.current.text


def film_with_it(h, adapter: Path) -> dict:
    """The recipe of a project with the adapter, which is closed then."""
    from core.rollout.recipe import recipe_of

    choose(h, adapter)
    recipe = recipe_of(h.p, h.w.document.path)
    h.trigger("close")
    return recipe


def open_film(h, film: Path, recipe: dict) -> None:
    h.w.notices.clear()
    h.w.films.open(film, recipe)
    h.until(lambda: h.w.document.project is not None)
    h.settle()


def test_a_film_finds_its_slow_adapter_in_the_projects(opened, adapter, tmp_path):
    h = opened
    recipe = film_with_it(h, adapter)
    adapter.unlink()  # the project has its own
    open_film(h, tmp_path / "elsewhere" / "film.mp4", recipe)
    assert h.p.slow_adapter.name == "garden" and h.p.world.hash == recipe["world"]["hash"]
    assert "“garden” was found" in h.w.notices.current.kept


def test_a_film_says_which_slow_adapter_is_missing(opened, adapter, tmp_path, settings):
    h = opened
    recipe = film_with_it(h, adapter)
    settings.set("projects_folder", str(tmp_path / "empty"))
    settings._store.setValue("recents", "[]")
    open_film(h, tmp_path / "elsewhere" / "film.mp4", recipe)
    assert h.p.slow_adapter is None and h.p.world.hash == recipe["world"]["hash"]
    notice = h.w.notices.current
    assert notice.level == "warning" and "slow adapter “garden”" in notice.text
    fixes = dict(notice.fixes)
    assert set(fixes) == {"Choose…", "Go on without it"}
    fixes["Go on without it"]()
    h.settle()
    assert h.p.world.hash == recipe["slow_adapter"]["base"]["hash"]
    h.w.document.undo()
    choose(h, adapter)
    assert h.p.slow_adapter.name == "garden" and h.p.world.hash == recipe["world"]["hash"]


def test_a_file_that_is_dropped_is_chosen(opened, adapter):
    opened.w.take_files([adapter])
    opened.until(lambda: opened.p.slow_adapter is not None)
    assert "source" not in {a.kind for a in opened.p.assets.values() if a.name == "garden"}


def test_with_one_world_it_is_offered_once_a_file_is_there(hand, qtbot, tmp_path, tiny_world_dir, adapter):
    d = NewProjectDialog([], tmp_path / "projects", 1.0, Pixmaps(), worlds=[read_entry(tiny_world_dir)])
    qtbot.addWidget(d)
    d.show()
    assert not d.adapter.isVisible()
    d.take_files([adapter])
    hand.until(lambda: d.adapter.path is not None)
    assert d.adapter.isVisible()


def test_a_new_project_begins_with_it(hand, qtbot, tmp_path, tiny_world_dir, other_world_dir,
                                      adapter, picture_file):
    h = hand
    h.w.projects._worlds = h.w.worlds = Worlds([tiny_world_dir, other_world_dir])
    entries = [read_entry(tiny_world_dir), read_entry(other_world_dir)]
    d = NewProjectDialog([], tmp_path / "projects", 1.0, Pixmaps(), worlds=entries)
    qtbot.addWidget(d)
    d.show()
    d.choose_file(picture_file)
    h.until(d.create.isEnabled)
    d.world.setCurrentIndex(0)
    d.adapter.use(picture_file)
    h.until(lambda: bool(d.message.text()))
    assert "slow adapter" in d.message.text() and d.adapter.path is None
    d.adapter.use(adapter)
    h.until(lambda: d.adapter.path is not None)
    assert d.adapter.name.text() == "garden" and d.message.text() == ""
    d.world.setCurrentIndex(1)  # another world: it is looked at again, and does not fit
    h.until(lambda: d.adapter.path is None)
    assert "only the very world it was trained on" in d.message.text()
    d.world.setCurrentIndex(0)
    d.adapter.use(adapter)
    d.create.click()  # too early
    assert d.isVisible() and d.result_value is None and "still being read" in d.message.text()
    h.until(lambda: d.adapter.path is not None)
    d.create.click()
    h.w.projects.create(d.result_value)
    h.until(lambda: h.w.document.project is not None)
    h.settle()
    assert h.p.slow_adapter.name == "garden" and h.p.start is not None
    assert h.w.document.path(h.p.slow_adapter.asset).is_relative_to(h.w.document.folder)
    h.w.notices.clear()
    h.w.projects._compare_world(h.p)
    h.w.background.wait()
    h.settle()
    assert h.w.notices.current is None  # it is the world that is installed
