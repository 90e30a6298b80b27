"""A world's card says what was measured of its memory, and keeps what was not measured again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.evaluate.card import TITLE, main, renewed, section
from core.evaluate.options import Options, suite_of
from core.evaluate.run import take_run
from core.machine.checksums import write_sums, wrong_files
from core.worlds.catalogue import RESOURCES


@pytest.fixture(scope="module")
def runs(tiny_world_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of runs on the tiny world by suite."""
    found = {}
    for name, given in (("revisit", {"visits": "real", "patterns": "turn_around"}), ("actions", {})):
        found[name] = tmp_path_factory.mktemp(name)
        take_run(Options(
            suite_of(name, **given), {"as given": tiny_world_dir}, ("none", "bank"), 1, 2,
            found[name], controls=False, videos=0, plots=False, reader_scenes=1,
        ), lambda line: None)
    return found


@pytest.fixture
def results(runs: dict[str, Path]) -> dict[str, dict[str, Any]]:
    return {k: json.loads((v / "result.json").read_text("utf-8")) for k, v in runs.items()}


def _lines(text: str) -> list[list[str]]:
    return [[c.strip() for c in line.split("|")[1:-1]] for line in text.splitlines() if line[:2] == "| "]


def test_each_suite_has_its_rows(results) -> None:
    head, row, head_asked, asked = _lines(section([results["revisit"], results["actions"]]))
    assert len(row) == len(head) and row[:3] == ["bank", "real", "1"] and row[6] == "–"
    held = next(a for a in results["revisit"]["arms"] if a["arm"] == "bank")["visits"]["real"]
    assert row[4].startswith(f"{held['controls']['gain']['mean']:+.2f} [")
    obeyed = {
        a["arm"]: a["visits"]["real"]["metrics"]["obeyed"]["mean"] for a in results["actions"]["arms"]
    }
    assert len(asked) == len(head_asked) and asked[1:3] == ["bank", "1"]
    assert asked[3] == f"{obeyed['none']:.1%}" and asked[4].startswith(f"{obeyed['bank']:.1%} [")


def test_what_was_not_measured_again_stays(results) -> None:
    before = f"# A world\n\n{section([results['revisit']])}\n## Known limits\n- small\n"
    assert "actions" not in before
    both = renewed(before, [results["actions"]])
    assert both.startswith("# A world\n\n") and both.endswith("\n\n## Known limits\n- small\n")
    assert _lines(both)[:2] == _lines(before) and len(_lines(both)) == 4
    assert renewed(both, [results["revisit"]]) == both == renewed(both, [])
    changed = json.loads(json.dumps(results["revisit"]).replace('"bank"', '"adapter"'))
    assert [line[0] for line in _lines(renewed(both, [changed]))] == [
        "memory", "bank", "adapter", "measured", "phrasings obeyed that it was never taught",
    ]


def test_a_card_of_other_suites_alone_keeps_its_title(results) -> None:
    card = renewed(f"# A world\n\n{TITLE}\n", [results["actions"]])
    assert card.startswith(f"# A world\n\n{TITLE}\n") and len(_lines(card)) == 2
    assert renewed(card, []) == card
    results["actions"]["settings"]["task"] = "put-back"
    assert renewed(f"{TITLE}\n", [results["actions"]]) == f"{TITLE}\n"


def test_the_shipped_card_is_as_this_writes_it() -> None:
    card = (RESOURCES / "worlds" / "starter" / "README.md").read_text("utf-8")
    assert renewed(card, []) == card and TITLE in card


def test_only_results_of_this_world_are_told(
    tiny_world_dir: Path, runs: dict[str, Path], tmp_path: Path, capsys
) -> None:
    world = shutil.copytree(tiny_world_dir, tmp_path / "world")
    card, result = world / "README.md", str(runs["actions"] / "result.json")
    card.write_text("# A world\n", "utf-8")
    write_sums(world)
    assert main([str(world), result]) == 1 and "publish the world first" in capsys.readouterr().err
    card.write_text(f"# A world\n\n{TITLE}\n", "utf-8")
    assert main([str(world), str(runs["revisit"] / "result.json"), result]) == 0
    assert len(_lines(card.read_text("utf-8"))) == 4 and not wrong_files(world)
    told = card.read_text("utf-8")
    assert main([str(world), str(world / "world.json")]) == 1
    assert "no result" in capsys.readouterr().err
    entry = json.loads((world / "world.json").read_text("utf-8"))
    (world / "world.json").write_text(json.dumps({**entry, "steps": 3}), "utf-8")
    assert main([str(world), result]) == 1
    assert "another world" in capsys.readouterr().err and card.read_text("utf-8") == told
