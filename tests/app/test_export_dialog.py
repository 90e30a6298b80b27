"""The export dialog names the file that will be written, and says so where one is replaced."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.dialogs.export import ExportDialog


@pytest.fixture
def dialog(opened, qtbot, tmp_path: Path):
    made = ExportDialog(opened.p, tmp_path)
    qtbot.addWidget(made)
    return made


def type_path(dialog, qtbot, text: str) -> str:
    """What the dialog says of it."""
    dialog.path.clear()
    qtbot.keyClicks(dialog.path, text)
    return dialog._note.text().splitlines()[0]


@pytest.mark.parametrize("ending", ["", ".mp4", ".MP4"])
def test_what_is_replaced_is_said_however_it_is_typed(dialog, qtbot, tmp_path, ending):
    there = tmp_path / f"film{ending or '.mp4'}"
    there.write_bytes(b"a film")
    words = type_path(dialog, qtbot, str(tmp_path / f"film{ending}"))
    assert words.startswith(f"{there.name} exists and will be replaced")
    dialog.go.click()
    assert dialog.wish.path == there
    assert "exists" not in type_path(dialog, qtbot, str(tmp_path / "film 2"))


def test_home_and_bare_names_have_a_folder(dialog, qtbot, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / "film.mp4").write_bytes(b"a film")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    assert "film.mp4 exists" in type_path(dialog, qtbot, "~/film")
    dialog.go.click()
    assert dialog.wish.path == home / "film.mp4"
    type_path(dialog, qtbot, "walk.v2")  # beside the project, wherever the studio was started
    dialog.go.click()
    assert dialog.wish.path == tmp_path / "walk.v2.mp4"


@pytest.mark.parametrize("text", ["", "/", "{0}/", "{0}/none/film", "~nobody at all/film", "{1}"])
def test_what_is_no_file_is_not_begun(dialog, qtbot, tmp_path, text):
    taken = tmp_path / "a folder.mp4"
    taken.mkdir()
    words = type_path(dialog, qtbot, text.format(tmp_path, taken))
    assert words == "Choose a file in a folder that exists." and not dialog.go.isEnabled()
    dialog.go.click()
    assert dialog.wish is None


def test_a_name_beyond_all_length_is_no_accident(dialog, qtbot, tmp_path):
    dialog.path.setText(str(tmp_path / ("x" * 300)))
    assert "recipe" in dialog._note.text()


def test_the_suggested_file_fits_whatever_the_project_is_called(opened, qtbot, tmp_path):
    for name, file in (
        ("Walk 1/2", "Walk 1 2.mp4"),
        ("Where?", "Where.mp4"),
        ("..", "Untitled.mp4"),
    ):
        dialog = ExportDialog(replace(opened.p, name=name), tmp_path)
        qtbot.addWidget(dialog)
        assert dialog.path.text() == str(tmp_path / file) and dialog.go.isEnabled()
