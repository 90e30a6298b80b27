"""What `run` opens: a window, a command of main.py, or the sample film."""

import pytest

from installers import launch


@pytest.mark.parametrize(
    ("arguments", "window"),
    [
        ([], True),
        (["--theme", "dark"], True),
        (["./my project"], True),
        (["render", "start.png"], False),
        (["doctor"], False),
        (["--help"], False),
    ],
)
def test_which_arguments_want_a_window(arguments, window):
    assert launch.wants_window(arguments) is window


def test_an_existing_project_wants_a_window(tmp_path, monkeypatch):
    (tmp_path / "walk").mkdir()
    monkeypatch.chdir(tmp_path)
    assert launch.wants_window(["walk"])


def test_an_earlier_film_is_not_overwritten(tmp_path):
    first = launch.free_name(tmp_path)
    assert first.name == "sample-walk.mp4"
    first.touch()
    assert launch.free_name(tmp_path).name == "sample-walk-2.mp4"


def test_the_film_lies_where_the_person_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert launch.film_folder() == tmp_path


def test_a_whole_run_is_shared_among_processes():
    assert launch.shared([], screen=False)[0] == "-n"
    assert launch.shared(["-q", "--durations=5"], screen=False)


@pytest.mark.parametrize("arguments", [["tests/project"], ["-k", "stale"], ["--pdb"], ["-n0"], ["-n", "3"]])
def test_a_part_of_it_is_not(arguments):
    assert launch.shared(arguments, screen=False) == []


def test_windows_on_a_screen_are_not():
    assert launch.shared([], screen=True) == []
