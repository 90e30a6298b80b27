"""Rows of trajectories become one row an arm: ``result.json``, and a table to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from core.evaluate.arms import TRUTH, Arm
from core.evaluate.bootstrap import Estimate, estimate, normalised, ratio
from core.evaluate.metrics import frechet

#: Measures of which less is better; of all others more is.
LESS = {
    "lpips", "lpips_truth", "scuts", "cuts_per_100", "fvd", "distance", "distance_cells",
    "distance_turn", "distance_blocks", "disturbed", "refused",
}
#: A memory must leave this share of the contrast and of the motion that there is without one.
LIVELY = 0.95
#: From fewer trajectories no claim is judged: an interval of two or three says nothing.
LEAST = 10
_ROUNDS_FVD = 100

Values = Mapping[int, Mapping[str, Any]]  # trajectory → its row


def column(rows: Values, name: str, numbers: Sequence[int]) -> np.ndarray:
    return np.array([rows[n].get(name, np.nan) for n in numbers], np.float64)


def measures(rows: Values) -> list[str]:
    """Names of the numbers in ``rows``, in their order."""
    found: dict[str, None] = {}
    for row in rows.values():
        found |= {k: None for k, v in row.items() if isinstance(v, float)}
    return [n for n in found if n != "seconds"]


def gain(arm: Values, none: Values, name: str, seed: int) -> tuple[Estimate, float]:
    """How much better ``arm`` is than ``none`` on the same trajectories (above 0 is better,
    whichever way the measure runs), and on what share of them."""
    both = sorted({*arm} & {*none})
    sign = -1.0 if name.removesuffix("_wrong") in LESS else 1.0
    away = sign * (column(arm, name, both) - column(none, name, both))
    finite = away[np.isfinite(away)]
    share = float((finite > 0).mean()) if len(finite) else float("nan")
    return estimate(away, seed=seed), share


def distance_of_videos(arm: Values, truth: Values, seed: int) -> Estimate:
    """FVD against the true videos of the same trajectories, resampled by trajectory. With few
    trajectories it is biased upwards: compare arms of one run only."""
    both = [n for n in sorted({*arm} & {*truth}) if arm[n].get("clips") and truth[n].get("clips")]
    if not both:
        return Estimate(*[float("nan")] * 3, 0)
    made, true = ([np.array(rows[n]["clips"]) for n in both] for rows in (arm, truth))

    def of(picks: Sequence[int]) -> float:
        return frechet(*(np.concatenate([part[i] for i in picks]) for part in (made, true)))

    rng = np.random.default_rng([42, seed])
    drawn = [of(rng.integers(0, len(both), len(both))) for _ in range(_ROUNDS_FVD)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Estimate(of(range(len(both))), float(low), float(high), len(both))


def summary(arm: Values, none: Values, truth: Values, seed: int) -> dict[str, Any]:
    """Everything of one arm and one kind of first visit, against the arm without a memory."""
    numbers = sorted(arm)
    found: dict[str, Any] = {"metrics": {}, "gain": {}, "better_than_none": {}}
    for name in measures(arm):
        found["metrics"][name] = estimate(column(arm, name, numbers), seed=seed).as_json()
        if none is not arm and name in measures(none):
            better, share = gain(arm, none, name, seed)
            found["gain"][name] = better.as_json()
            found["better_than_none"][name] = None if share != share else round(share, 4)
    if "src" in found["metrics"]:
        parts = [column(arm, n, numbers) for n in ("src", "src_floor", "src_ceiling")]
        share = estimate(*parts, statistic=normalised, seed=seed)
        found["metrics"]["src_normalised"] = share.as_json()
    if any("clips" in r for r in arm.values()):
        found["metrics"]["fvd"] = distance_of_videos(arm, truth, seed).as_json()
    curves = [row["curves"] for row in arm.values() if "curves" in row]
    if curves:
        found["curves"] = {
            k: np.nanmean([c[k] for c in curves], 0).round(4).tolist() for k in curves[0]
        }
    return found


def controls(
    arm: Values, none: Values, others: Mapping[str, Values], primary: str, seed: int,
    later: Values | None = None,
) -> dict[str, Any]:
    """The three controls of a memory claim, and whether it holds on this run.

    Another episode's memory must not gain (its interval reaches 0 or below), and one's own must
    gain more; at the wrong pose the gain must be smaller (the interval of the difference lies above
    0; where a suite has wrong poses); and pixel spread and flow must stay at ``LIVELY`` of those
    without a memory. ``others``: rows of each arm with another episode's memory. They are judged
    on the trajectories that have them, ``n`` of them. ``later``: rows with the memory of what was
    walked after the first visit alone, in suites where that is remembered: then every arm has it,
    and only what another episode's memory gains over it is its own doing (``over_none`` says both).

    ``claim_holds`` is None, and ``unjudged`` says why, where a control was not run, or fewer than
    ``LEAST`` trajectories have it or the arm itself.
    """
    bare = none if later is None else later
    both = sorted({*arm} & {*none})
    right, _ = gain(arm, none, primary, seed)
    found: dict[str, Any] = {"primary": primary, "gain": right.as_json()}
    held = {"gains": bool(right.low > 0)}
    found["another_episode"], fewest = {}, right.n
    for name, rows in others.items():
        if not rows:
            continue
        theirs, share = gain(rows, bare, primary, seed)
        gates = column(rows, "gate_open", sorted(rows))
        known = gates[np.isfinite(gates)]
        found["another_episode"][name] = {
            "gain": theirs.as_json(),
            "better": None if share != share else round(share, 4),
            "gate_open": round(float(known.mean()), 4) if len(known) else None,
            "over_none": gain(rows, none, primary, seed)[0].as_json(),
        }
        more, _ = gain(arm, rows, primary, seed)
        found["another_episode"][name] |= {"own_over_other": more.as_json(), "n": more.n}
        fewest = min(fewest, theirs.n, more.n)
        innocent = not theirs.low > 0 and more.low > 0
        held["another_episode"] = held.get("another_episode", True) and bool(innocent)
    wrong = f"{primary}_wrong"
    if any(wrong in row for row in arm.values()):
        sides = {
            n: column(arm, n, both) - column(none, n, both) for n in (primary, wrong)
        }
        apart = estimate(sides[primary] - sides[wrong], seed=seed)
        found["wrong_pose"] = {
            "gain": estimate(sides[wrong], seed=seed).as_json(),
            "right_over_wrong": apart.as_json(),
        }
        held["wrong_pose"] = bool(apart.low > 0)
    found["contrast_and_motion"] = {}
    if any("spread" in row for row in arm.values()):
        shares = {
            n: estimate(column(arm, n, both), column(none, n, both), statistic=ratio, seed=seed)
            for n in ("spread", "flow")
        }
        found["contrast_and_motion"] = {n: e.as_json() for n, e in shares.items()}
        held["contrast_and_motion"] = all(e.mean >= LIVELY for e in shares.values())
    found["holds"] = held
    found["unjudged"] = "too few to judge" if fewest < LEAST else ""
    if later is not None:
        found["later"] = gain(later, none, primary, seed)[0].as_json()
    if not others or not bare or not all(others.values()):
        found["unjudged"] = "controls were left out"
    found["claim_holds"] = None if found["unjudged"] else all(held.values())
    return found


def collect(
    rows: Mapping[str, Mapping[str, Any]], arms: Sequence[Arm], labels: Sequence[str],
    visits: Sequence[str], primary: str, seed: int, claims: bool = True,
) -> list[dict[str, Any]]:
    """One row an arm (and world): what ``result.json`` lists under "arms"."""
    table: dict[tuple[str, str, str], dict[int, Mapping[str, Any]]] = {}
    for row in rows.values():
        table.setdefault((row["loop"], row["arm"], row["visit"]), {})[row["trajectory"]] = row
    found = []
    for label in labels:
        for name, arm in [(TRUTH, None), *((a.name, a) for a in arms)]:
            out: dict[str, Any] = {"arm": name, "loop": label}
            if arm is not None:
                out["memory"] = asdict(arm) | {"control": arm.whose != "own"}
            out["visits"] = {}
            for visit in visits:
                mine = table.get((label, name, visit), {})
                none = table.get((label, "none", visit), {})
                truth = table.get((label, TRUTH, visit), {})
                if not mine:
                    continue
                out["visits"][visit] = summary(mine, none or mine, truth, seed)
                spent = [r["seconds"] for r in mine.values() if "seconds" in r]
                out["visits"][visit]["seconds_per_trajectory"] = round(float(np.mean(spent)), 2)
                if claims and arm is not None and arm.remembers and arm.whose == "own":
                    known = {
                        a.name: table.get((label, a.name, visit), {})
                        for a in arms if a.name.startswith(f"{name}:")
                    }
                    later = known.pop(f"{name}:later", None)
                    held = controls(mine, none, known, primary, seed, later)
                    out["visits"][visit]["controls"] = held
            if out["visits"]:
                found.append(out)
    return found


def table(result: Mapping[str, Any], columns: Sequence[str]) -> str:
    """The arms as lines of text: means of ``columns``, gain of the primary measure, verdict."""
    lines = []
    for visit in result["visits"]:
        lines.append(f"first visit {visit}" if len(result["visits"]) > 1 else visit)
        heads = "".join(f"{c:>20}" for c in columns)
        lines.append(f"  {'arm':<22}{heads}{'gain':>24}  claim")
        for row in result["arms"]:
            part = row["visits"].get(visit)
            if part is None:
                continue
            name = row["arm"] + (f" = {row['means']}" if "means" in row else "")
            name += f" ({row['loop']})" if row["loop"] != "as given" else ""
            cells = "".join(f"{_number(part['metrics'].get(c)):>20}" for c in columns)
            better = part["gain"].get(result["primary"])
            span = "" if not better or better["mean"] is None else (
                f"{better['mean']:+.2f} ({better['low']:+.2f} … {better['high']:+.2f})"
            )
            claim = ""
            if "controls" in part:
                held = part["controls"]
                claim = held["unjudged"] or ("holds" if held["claim_holds"] else "does not hold")
                claim += _of_a_part(held)
            lines.append(f"  {name:<22}{cells}{span:>24}  {claim}")
    return "\n".join(lines)


def _of_a_part(held: Mapping[str, Any]) -> str:
    """Where another episode's memory was run on fewer trajectories than the arm's own."""
    fewest = min((o["n"] for o in held["another_episode"].values()), default=held["gain"]["n"])
    whole = held["gain"]["n"]
    return f" (another episode's on {fewest} of {whole})" if fewest < whole else ""


def _number(value: Mapping[str, Any] | None) -> str:
    return "–" if not value or value["mean"] is None else f"{value['mean']:.3f}"
