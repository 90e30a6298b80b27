"""When a memory's claim holds, on made-up rows."""

from __future__ import annotations

from typing import Any

import pytest

from core.evaluate.arms import arm_of, with_controls
from core.evaluate.card import remembered
from core.evaluate.report import LEAST, collect, table


def _rows(arm: str, walks: int, gain: float) -> dict[str, dict[str, Any]]:
    """Rows of ``arm`` that are better than without a memory by about ``gain``, and half as much at
    the wrong pose."""
    found = {}
    for i in range(walks):
        value = 20 + i % 3 + gain * (1 + 0.1 * (i % 2))
        found[f"{i}/as given/{arm}/real"] = {
            "trajectory": i, "loop": "as given", "arm": arm, "visit": "real", "psnr": value,
            "psnr_wrong": value - gain / 2, "spread": 40.0 + i, "flow": 2.0 + i, "seconds": 1.0,
        }
    return found


def _judged(rows: dict[str, dict[str, Any]], arms) -> tuple[dict[str, Any], str]:
    """(what is said of the memory, its line in the table)."""
    found = collect(rows, arms, ["as given"], ["real"], "psnr", 0)
    said = table({"visits": ["real"], "arms": found, "primary": "psnr"}, ["psnr"])
    line = next(line for line in said.splitlines() if line.startswith("  bank  "))
    return next(row for row in found if row["arm"] == "bank")["visits"]["real"]["controls"], line


@pytest.fixture
def own() -> dict[str, dict[str, Any]]:
    return _rows("none", 2 * LEAST, 0.0) | _rows("bank", 2 * LEAST, 3.0)


def test_a_claim_holds_where_every_control_does(own) -> None:
    arms = with_controls(["bank"])
    others = _rows("bank:other", 2 * LEAST, -0.5) | _rows("bank:other-forced", 2 * LEAST, -1.0)
    others |= _rows("bank:later", 2 * LEAST, 0.0)
    held, line = _judged(own | others, arms)
    assert held["claim_holds"] is True and line.endswith("  holds")
    assert held["another_episode"]["bank:other"]["n"] == 2 * LEAST
    held, line = _judged(own | others | _rows("bank:other", 2 * LEAST, 1.0), arms)
    assert held["claim_holds"] is False and line.endswith("does not hold")
    assert held["holds"]["another_episode"] is False


def test_what_is_walked_after_the_first_visit_is_not_counted_as_anothers(own) -> None:
    """Every arm but that without a memory has it: only what is gained over it is another's doing."""
    def judged(later: float, other: float) -> dict[str, Any]:
        rows = {
            "bank:later": later, "bank:other": other, "bank:other-forced": -1.0,
        }
        found = own | {k: r for n, g in rows.items() for k, r in _rows(n, 2 * LEAST, g).items()}
        return _judged(found, with_controls(["bank"]))[0]

    held = judged(1.0, 1.0)
    other = held["another_episode"]["bank:other"]
    assert held["claim_holds"] is True and other["gain"]["mean"] == 0
    assert held["later"]["mean"] == other["over_none"]["mean"] == pytest.approx(1.05)
    held = judged(1.0, 1.5)
    assert held["claim_holds"] is False and held["holds"]["another_episode"] is False
    held = judged(4.0, 3.9)  # one's own must still be better than another's
    assert held["claim_holds"] is False


def test_without_its_controls_no_claim_is_judged(own) -> None:
    for arms, rows in (
        ([arm_of("none"), arm_of("bank")], own),  # --no-controls
        (with_controls(["bank"]), own | _rows("bank:other", 2 * LEAST, -0.5)),  # one of three
        (with_controls(["bank"]), own | _rows("bank:other", 2 * LEAST, -0.5)  # not that from then on
         | _rows("bank:other-forced", 2 * LEAST, -0.5)),
    ):
        held, line = _judged(rows, arms)
        assert held["claim_holds"] is None and held["holds"]["gains"]
        assert held["unjudged"] == "controls were left out" and held["unjudged"] in line


def test_controls_of_a_part_of_the_walks_are_judged_on_that_part(own) -> None:
    arms = with_controls(["bank"])

    def run(part: int):
        forced = _rows("bank:other-forced", 2 * LEAST, -1.0) | _rows("bank:later", 2 * LEAST, 0.0)
        return _judged(own | _rows("bank:other", part, -0.5) | forced, arms)

    held, line = run(LEAST + 1)
    assert held["claim_holds"] is True and held["gain"]["n"] == 2 * LEAST
    assert {n: o["n"] for n, o in held["another_episode"].items()} == {
        "bank:other": LEAST + 1, "bank:other-forced": 2 * LEAST,
    }
    assert f"holds (another episode's on {LEAST + 1} of {2 * LEAST})" in line
    held, line = run(LEAST - 1)
    assert held["claim_holds"] is None and "too few to judge" in line


def test_a_card_compares_a_memory_with_its_own_world() -> None:
    def mean(x: float) -> dict:
        return {"mean": x, "low": x, "high": x, "n": 12}

    def arm(name: str, world: str, psnr: float) -> dict:
        found = {"metrics": {"psnr": mean(psnr), "lpips": mean(1 / psnr)}}
        if name != "none":
            found["controls"] = {
                "gain": mean(2), "another_episode": {}, "wrong_pose": {"gain": mean(0)},
                "contrast_and_motion": {"flow": mean(1), "spread": mean(1)},
            }
        return {"arm": name, "loop": world, "visits": {"real": found}}

    result = {"suite": "revisit", "arms": [arm("none", "a", 20), arm("none", "b", 30), arm("bank", "b", 32)]}
    assert "30.0 → 32.0" in remembered([result])
