"""Saved memories at a terminal: listed, looked at, merged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import main
from core.memory.episode import load_episode
from core.project import edits
from core.project.model import EpisodeRef
from core.project.store import ProjectStore
from tests.memory.test_merging import made, written_to
from tests.project.parts import empty


@pytest.fixture
def here(capsys):
    def command(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main.main(["episodes", *map(str, arguments)])
        except SystemExit as stop:
            code = stop.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def files(tmp_path) -> list[Path]:
    return [written_to(tmp_path, made(name, i)) for i, name in enumerate(("Hall", "Kitchen"), 1)]


def test_merge_and_look_at_it(here, files, tmp_path):
    out = tmp_path / "both.sfep"
    code, said, told = here("merge", *files, "--weights", ".7,.3", "--out", out, "--name", "Both")
    assert (code, said.strip()) == (0, str(out))
    assert "“Hall” (70 %), “Kitchen” (30 %)" in told
    first = out.read_bytes()
    out.unlink()
    here("merge", *files, "--weights", ".7,.3", "--out", out, "--name", "Both")
    assert out.read_bytes() == first  # the same command, the same file

    code, said, _ = here("info", out)
    assert code == 0 and "Both: 4 chunks learned, 12 frames remembered" in said
    assert "Merged from “Hall” (70 %), “Kitchen” (30 %)." in said and "1. walk (8); Hall" in said
    row = json.loads(here("info", out, "--json")[1])
    assert row["merged"] == [{"name": "Hall", "weight": 0.7}, {"name": "Kitchen", "weight": 0.3}]


def test_without_weights_each_has_an_even_share(here, files, tmp_path):
    code, said, _ = here("merge", *files, "--out", tmp_path / "all.sfep")
    info = load_episode(said.strip()).info
    assert code == 0 and info.name == "all" and [s.weight for s in info.merged] == [0.5, 0.5]


def test_what_does_not_work_is_said_and_nothing_is_written(here, files, tmp_path):
    out = tmp_path / "both.sfep"
    for arguments, exit_code, words in (
        (["merge", files[0], "--out", out], 1, "two episodes"),
        (["merge", *files, "--weights", "0,0", "--out", out], 1, "All weights are 0"),
        (["merge", *files, "--weights", ".5", "--out", out], 1, "2 episodes and 1 weights"),
        (["merge", *files, "--weights", "x", "--out", out], 2, "write weights like"),
        (["merge", *files, "--out", tmp_path / "both.zip"], 2, "must end in .sfep"),
        (["merge", *files, "--out", tmp_path / "no" / "both.sfep"], 1, "There is no folder"),
        (["merge", *files, "--out", files[0]], 2, "left as it is"),
        (["merge", files[0], tmp_path / "gone.sfep", "--out", out], 1, "not there any more"),
        (["info", tmp_path / "gone.sfep"], 1, "not there any more"),
        (["list", tmp_path], 1, "is not a project"),
    ):
        before = files[0].read_bytes()
        code, _, told = here(*arguments)
        assert (code, "Traceback" in told) == (exit_code, False), told
        assert words in told and not out.exists() and files[0].read_bytes() == before


def test_a_projects_episodes_are_listed_while_it_is_open(here, files, tmp_path):
    folder = tmp_path / "walk"
    with ProjectStore.create(folder, empty()) as store:
        assert "no saved episodes" in here("list", folder)[1]
        target = store.episodes() / "a.sfep"
        target.write_bytes(files[0].read_bytes())
        refs = [
            EpisodeRef("a", "My hall", "episodes/a.sfep", "tiny", "a" * 64, 2, 6, "2026"),
            EpisodeRef("b", "Lost", "episodes/b.sfep", "tiny", "a" * 64, 2, 6, "2026"),
        ]
        store.save(edits.add_episode(edits.add_episode(store.project, refs[0]), refs[1]))
        code, said, _ = here("list", folder)
        assert code == 0 and "My hall: 2 chunks learned, 6 frames remembered" in said
        assert str(target) in said and "Lost: " in said and "not there any more" in said
        rows = json.loads(here("list", folder, "--json")[1])
        assert [r["name"] for r in rows] == ["My hall", "Lost"]
        assert rows[0]["chunks"] == 2 and "not there" in rows[1]["problem"]
