"""A thing is moved and put back: what is asked for, what is filmed, and how a plan is judged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.evaluate.options import Options, suite_of
from core.evaluate.put_back import PutBack, texts, unlike, weights
from core.evaluate.run import take_run
from core.evaluate.tables import CONTROLS, Table, table_of
from core.learning.language import BOOKS
from core.learning.sources import SourceUnavailable
from tests.builders.tiny_world import build_tiny_world

PHRASES = BOOKS["robot"].phrases


@pytest.fixture(scope="module")
def robot_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worlds") / "robot"
    verbs = tuple(PHRASES)
    return build_tiny_world(
        folder, layers=1, verbs=verbs, motions=((0.0, 0.0, 0.0),) * len(verbs), rate="2"
    )


@pytest.fixture(scope="module")
def table() -> Table:
    try:
        found = table_of(10_000_003, 8, 64, every=4)
    except SourceUnavailable as error:
        pytest.skip(str(error))
    assert found is not None
    return found


def _options(world: Path, out: Path, suite, names=("bank",)) -> Options:
    return Options(suite, {"as given": world}, names, 1, 2, out, videos=1, plots=False)


def _quiet(line: str) -> None:
    pass


@pytest.mark.parametrize("plan", [("rest",), ("put_back_red",), ("push_left_red", "carry_blue")])
def test_a_plan_is_said_in_whole_chunks_and_ends_with_rest(plan) -> None:
    said = texts(plan, 8)
    assert len(said) % 8 == 0 and said[-6:] == [PHRASES["rest"][0]] * 6
    fewer = texts(plan, 8, every=4)
    assert len(fewer) % 8 == 0 and fewer[-2:] == [PHRASES["rest"][0]] * 2
    assert len(fewer) < len(said) or plan == ("rest",)
    order = list(dict.fromkeys(said))
    assert order == list(dict.fromkeys(PHRASES[name][0] for name in (*plan, "rest")))
    assert list(dict.fromkeys(fewer)) == order


def test_what_must_change_counts_most() -> None:
    goal = np.full((64, 64, 3), 90, np.uint8)
    now = goal.copy()
    now[30:34, 10:14] = 200
    weight = weights(goal, now)
    assert weight.mean() == pytest.approx(1, abs=1e-4)
    assert weight[32, 12] > 20 and weight[5, 50] == pytest.approx(0.2, abs=1e-3)
    assert (weights(goal, goal) == 1).all()
    elsewhere = goal.copy()
    elsewhere[50:58, 40:48] = 200  # four times as large, and where nothing must change
    assert unlike(goal, goal, weight) == 0 < unlike(elsewhere, goal, weight)
    assert unlike(elsewhere, goal, weight) < unlike(now, goal, weight)


def test_a_table_is_lived_again_exactly(table: Table) -> None:
    assert len(table.pictures) % 8 == 1 and len(table.actions) == 4 * len(table.pictures) - 3
    assert table.actions[-4:] == ("rest",) * 4
    assert set(table.actions) <= set(CONTROLS) and table.undoing in table.commands()
    stayed = table.distances(table.after(()))
    away = 100 * np.linalg.norm(table.away - table.home)
    assert stayed["distance"] == pytest.approx(away, abs=1e-6) and away > 10
    assert not stayed["reached"] and stayed["disturbed"] < 0.5


def test_ends_are_told_apart_by_their_pictures(table: Table) -> None:
    """Were the model's imagination the truth, the undoing would be chosen, and it puts back."""
    goal, now = table.pictures[0], table.pictures[-1]
    weight, ends = weights(goal, now), {}
    for name in (table.undoing, f"carry_{table.colour}", f"push_left_{table.colour}"):
        ended = table.after((name,), 64)
        ends[name] = unlike(ended.pictures[-1], goal, weight), table.distances(ended)
    assert min(ends, key=lambda name: ends[name][0]) == table.undoing
    assert ends[table.undoing][1]["distance"] < 1 and ends[table.undoing][1]["reached"]
    assert ends[f"carry_{table.colour}"][1]["distance"] > 5


def test_put_back_measures_how_far_the_thing_ends(
    robot_world: Path, tmp_path: Path, table: Table
) -> None:
    def suite() -> PutBack:
        found = suite_of("planning", candidates=3, task="put-back")
        assert isinstance(found, PutBack)
        return found

    result = take_run(_options(robot_world, tmp_path, suite()), _quiet)
    found = {row["arm"]: row["visits"]["real"] for row in result["arms"]}
    assert list(found) == ["truth", "none", "bank", "bank:other", "bank:other-forced"]
    assert found["truth"]["metrics"]["distance"]["mean"] < 1
    rows = [json.loads(x) for x in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()]
    for row in rows[1:]:
        assert row["distance_best_tried"] <= row["distance"] and row["plans"] == 3
        assert row["plan"] in CONTROLS and row["score"] <= row["score_of_undoing"]
    # Without memory the same past is seen, with one the opening too.
    scores = {row["arm"]: row["score_of_undoing"] for row in rows[1:]}
    assert scores["none"] != scores["bank"] != scores["bank:other-forced"]
    assert list(tmp_path.glob("*.mp4"))
    before = (tmp_path / "rows.jsonl").read_bytes()
    take_run(_options(robot_world, tmp_path, suite()), _quiet)
    assert (tmp_path / "rows.jsonl").read_bytes() == before


def test_a_plan_may_have_several_commands(robot_world: Path, tmp_path: Path, table: Table) -> None:
    suite = PutBack(candidates=2, longest=2)
    take_run(_options(robot_world, tmp_path, suite, ("none",)), _quiet)
    rows = [json.loads(x) for x in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()]
    assert rows[1]["plans"] in (2, 4)


def test_a_world_is_asked_only_for_what_it_knows(
    tiny_world_dir: Path, robot_world: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="needs a robot world"):
        take_run(_options(tiny_world_dir, tmp_path / "a", PutBack()), _quiet)
    for name in ("planning", "revisit"):
        with pytest.raises(ValueError, match="planning --task put-back"):
            take_run(_options(robot_world, tmp_path / "b", suite_of(name)), _quiet)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="at least 2"):
        suite_of("planning", candidates=1, task="put-back")
