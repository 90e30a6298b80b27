"""Whole runs on the tiny world: every arm and control is in the result, and a run goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.evaluate import planning, walking
from core.evaluate.arms import ArmError, arm_of, arms, default_arm, meant, with_controls
from core.evaluate.bench import Bench
from core.evaluate.card import remembered
from core.evaluate.features import network
from core.evaluate.options import Options, suite_of
from core.evaluate.rows import Rows, RunRefused
from core.evaluate.run import take_run
from core.project.memory_use import has_adapter, has_bank, usual_memory
from core.project.model import MemoryUse, Sampling
from core.worlds.catalogue import load_world, read_entry


def _options(world: Path, out: Path, suite, names=("none", "both"), **changes) -> Options:
    given = {"trajectories": 1, "videos": 1, "reader_scenes": 1, "plots": False, **changes}
    return Options(suite, {"as given": world}, names, seed=2, out=out, **given)


def _quiet(line: str) -> None:
    pass


def _shown(result: dict) -> dict[str, dict]:
    return {row["arm"]: row["visits"] for row in result["arms"]}


def test_arms_are_data() -> None:
    assert {"none", "paper", "adapter", "bank", "both", "original-objective", "whole-history",
            "single-frame"} <= set(arms())
    assert arm_of("bank:other").whose == "other" and not arm_of("none").remembers
    assert [a.name for a in with_controls(["paper", "bank"])] == [
        "none", "paper", "paper:later", "paper:other",
        "bank", "bank:later", "bank:other", "bank:other-forced",
    ]
    assert [a.name for a in with_controls(["bank"], walks_on=False)] == [
        "none", "bank", "bank:other", "bank:other-forced",
    ]
    assert [arm_of(f"bank{w}").takes_over for w in ("", ":later", ":other", ":other-forced")] == [
        False, False, True, True,
    ]
    with pytest.raises(ArmError, match="no arm"):
        arm_of("luck")


def test_the_default_arm_is_what_a_new_project_uses() -> None:
    assert default_arm(fast_learning=True, places=True) == "bank"
    assert default_arm(fast_learning=True, places=False) == "both"
    assert default_arm(fast_learning=False, places=False) == "none"
    assert meant(["none", "default", "bank", "default:other"], "bank") == [
        "none", "bank", "bank:other",
    ]
    for places in (True, False):
        arm = arm_of(default_arm(True, places))
        use = MemoryUse(usual_memory(True, places))
        assert (arm.preset is not None, arm.bank) == (has_adapter(use), has_bank(use))


def test_default_is_said_under_both_names(tiny_world_dir: Path, tmp_path: Path) -> None:
    """An older run's "default" were both memories, and its rows still count as theirs."""
    suite = suite_of("actions")

    def run(*names: str) -> dict:
        said.clear()
        return take_run(_options(tiny_world_dir, tmp_path, suite, names), said.append)

    said: list[str] = []
    run("none", "both")
    rows = tmp_path / "rows.jsonl"
    old = rows.read_text().replace('"both"', '"default"').replace("/both/", "/default/")
    assert old.count('"default"') == 1
    rows.write_text(old)
    again = run("none", "both")  # nothing is measured anew, and the file stays as it is
    assert rows.read_text() == old and "both" in _shown(again)

    entry = read_entry(tiny_world_dir)
    assert default_arm(entry.fast_learning, entry.places) == "bank"
    result = run("none", "default")
    assert said[0].startswith("1 measurements to make")
    found = {row["arm"]: row for row in result["arms"]}
    assert list(found) == ["truth", "none", "bank", "default"]
    assert found["default"]["means"] == "bank"
    assert found["default"]["visits"] == found["bank"]["visits"]
    assert any("default = bank" in line for line in "\n".join(said).splitlines())


def test_revisit_has_every_control_and_goes_on(tiny_world_dir: Path, tmp_path: Path) -> None:
    def run(out: str) -> dict:
        suite = suite_of("revisit", patterns="turn_around")
        return take_run(_options(tiny_world_dir, tmp_path / out, suite, ("bank",)), _quiet)

    result = run("a")
    found = _shown(result)
    assert list(found) == [
        "truth", "none", "bank", "bank:later", "bank:other", "bank:other-forced",
    ]
    assert found["truth"]["real"]["metrics"]["psnr"]["mean"] == pytest.approx(48.13, abs=0.01)
    for visit in ("real", "generated"):
        part = found["bank"][visit]
        assert {"psnr", "ssim", "lpips", "src", "src_normalised", "scuts", "flow", "spread",
                "adherence", "fvd", "psnr_wrong"} <= set(part["metrics"])
        held = part["controls"]
        assert set(held["another_episode"]) == {"bank:other", "bank:other-forced"}
        assert {"wrong_pose", "contrast_and_motion"} <= set(held)
        assert held["claim_holds"] is None  # of one trajectory nothing is claimed
    card = remembered([result]).splitlines()
    assert [line.split(" | ")[:3] for line in card[2:]] == [
        ["| bank", visit, "1"] for visit in ("real", "generated")
    ]
    gain = found["bank"]["real"]["controls"]["gain"]["mean"]
    assert f"{gain:+.2f}" in card[2] and "forced" in card[2]
    assert "stand-in" in result["features"]
    assert list((tmp_path / "a").glob("*.mp4"))

    rows = tmp_path / "a" / "rows.jsonl"
    lines = rows.read_bytes().splitlines(keepends=True)
    rows.write_bytes(b"".join(lines[:-2]) + lines[-2][:40])  # killed while it wrote
    said: list[str] = []
    suite = suite_of("revisit", patterns="turn_around")
    again = take_run(_options(tiny_world_dir, tmp_path / "a", suite, ("bank",)), said.append)
    assert said[0].startswith("2 measurements to make, 10 are there")
    for one in (result, again):
        for row in one["arms"]:
            for part in row["visits"].values():
                part.pop("seconds_per_trajectory")
    assert json.dumps(again) == json.dumps(result)

    with pytest.raises(RunRefused, match="another run: patterns"):
        take_run(_options(tiny_world_dir, tmp_path / "a", suite_of("revisit")), _quiet)


def test_the_ablations_walk(tiny_world_dir: Path, tmp_path: Path) -> None:
    suite = suite_of("long", chunks=6)
    names = ("original-objective", "whole-history", "single-frame")
    result = take_run(
        _options(tiny_world_dir, tmp_path, suite, names, controls=False, plots=True), _quiet
    )
    assert (tmp_path / "generated-measures.png").is_file()
    found = _shown(result)
    assert list(found) == ["truth", "none", *names]
    for name in names:
        held = found[name]["generated"]["metrics"]
        assert held["learned"]["mean"] + held["refused"]["mean"] == 6
        assert found[name]["generated"]["metrics"]["psnr"]["mean"] != (
            found["none"]["generated"]["metrics"]["psnr"]["mean"]
        )
        assert len(found[name]["generated"]["curves"]["spread"]) == 6


def test_actions_asks_in_words_not_read(tiny_world_dir: Path, tmp_path: Path) -> None:
    result = take_run(_options(tiny_world_dir, tmp_path, suite_of("actions"), ("bank",)), _quiet)
    found = _shown(result)
    assert list(found) == ["truth", "none", "bank"]
    assert found["truth"]["real"]["metrics"]["obeyed"]["mean"] == 1
    assert {"obeyed", "obeyed_trained", "adherence"} <= set(found["bank"]["real"]["metrics"])
    assert "controls" not in found["bank"]["real"]


def test_chunks_are_drawn_as_the_world_says(
    tiny_world_dir: Path, tmp_path: Path, monkeypatch
) -> None:
    """And a run of before that was said, which drew all alike, goes on where that is the same."""
    world = shutil.copytree(tiny_world_dir, tmp_path / "world")
    entry = json.loads((world / "world.json").read_text())

    def run(out: str, folder: Path = world) -> dict:
        options = _options(folder, tmp_path / out, suite_of("actions"), ("none",))
        return take_run(options, _quiet)

    asked, make = [], walking.make_chunk

    def look(world, adapter, context, parts, scene, seed, sampling):
        asked.append(sampling)
        return make(world, adapter, context, parts, scene, seed, sampling)

    monkeypatch.setattr(walking, "make_chunk", look)
    (world / "world.json").write_text(json.dumps({**entry, "steps": 2, "guidance": 1.5}))
    result = run("two")
    assert asked and {*asked} == {Sampling(2, 1.5)}
    said = {"as given": {"steps": 2, "guidance": 1.5}}
    facts = tmp_path / "two" / "run.json"
    assert result["sampling"] == json.loads(facts.read_text())["sampling"] == said
    asked.clear()
    run("four", tiny_world_dir)
    assert asked and {*asked} == {Sampling(4, 1.0)}
    asked.clear()
    for out, folder in (("four", tiny_world_dir), ("two", world)):
        facts = tmp_path / out / "run.json"
        facts.write_text(json.dumps(
            {k: v for k, v in json.loads(facts.read_text()).items() if k != "sampling"}
        ))
        if out == "four":
            assert run(out, folder)["sampling"] == {"as given": {"steps": 4, "guidance": 1.0}}
        else:
            with pytest.raises(RunRefused, match="another run: sampling differ"):
                run(out, folder)
    assert not asked  # nothing is measured anew


@pytest.mark.parametrize("visit", ["real", "generated"])
def test_a_way_back_is_judged_by_what_the_walker_saw(
    tiny_world_dir: Path, visit: str, monkeypatch
) -> None:
    ways = []

    class Noted(planning.Search):
        def __init__(self, bench, walker, way, rng):
            super().__init__(bench, walker, way, rng)
            ways.append((way, planning.decoded(bench.world, walker.frames, 1)))

    monkeypatch.setattr(planning, "Search", Noted)
    suite = suite_of("planning", candidates=4)
    bench = Bench(load_world(tiny_world_dir), network("stand-in"), None, Sampling(1))
    walked = suite.trajectory(bench, 0)
    _, video = suite.measure(bench, walked, arm_of("none"), visit)
    (way, made), = ways
    filmed = bench.shot(walked).pictures
    size = bench.world.geometry.chunk_frames
    assert len(way) == walked.half // size
    for k, picture in enumerate(way[:-1], start=1):
        at = walked.half - k * size
        wanted = filmed[at] if visit == "real" else made[at - 1]
        assert np.array_equal(picture, wanted) and np.array_equal(video[at], wanted)
        assert not np.array_equal(filmed[at], made[at - 1])
    assert np.array_equal(way[-1], filmed[0])  # the camera's


def test_plans_that_were_judged_otherwise_are_made_again(tmp_path: Path) -> None:
    facts = {"suite": "planning", "task": "waypoint", "worlds": {}, "sampling": {}}
    rows = Rows(tmp_path, facts)
    for visit, arm, row in (
        ("real", "bank", {"score": 1.0}), ("generated", "truth", {}),
        ("generated", "bank", {"score": 1.0}),
        ("generated", "none", {"score": 1.0, "judged_by": "what was seen"}),
    ):
        rows.add(f"0/as given/{arm}/{visit}", {"arm": arm, "visit": visit, **row})
    for _ in range(2):
        again = Rows(tmp_path, facts)
        assert len(again.rows) == 3 and "0/as given/bank/generated" not in again
    again.add("0/as given/bank/generated", {
        "arm": "bank", "visit": "generated", "score": 2.0, "judged_by": "what was seen",
    })
    assert Rows(tmp_path, facts).rows["0/as given/bank/generated"]["score"] == 2


def test_controls_that_learned_their_own_first_visit_are_made_again(tmp_path: Path) -> None:
    facts = {"suite": "revisit", "worlds": {}, "sampling": {}}
    rows = Rows(tmp_path, facts)
    taught = {"learned": 8.0, "refused": 0.0}
    for arm, row in (
        ("adapter", taught), ("adapter:other", taught), ("adapter:other-forced", taught),
        ("bank:other", {}), ("both:other", {**taught, "learned_since": 49.0}),
    ):
        rows.add(f"0/as given/{arm}/real", {"arm": arm, "visit": "real", **row})
    assert [row["arm"] for row in Rows(tmp_path, facts).rows.values()] == [
        "adapter", "bank:other", "both:other",
    ]


def test_planning_measures_how_far_a_plan_ends(tiny_world_dir: Path, tmp_path: Path) -> None:
    suite = suite_of("planning", candidates=4, visits="real")
    result = take_run(_options(tiny_world_dir, tmp_path, suite, ("bank",)), _quiet)
    found = _shown(result)
    assert found["truth"]["real"]["metrics"]["distance"]["mean"] == pytest.approx(0, abs=1e-6)
    held = found["bank"]["real"]
    assert held["metrics"]["distance"]["mean"] >= held["metrics"]["distance_best_tried"]["mean"]
    assert "bank:other" in held["controls"]["another_episode"]
