"""One run: every trajectory, world, arm and first visit once; then the report."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.evaluate import pictures, report
from core.evaluate.arms import DEFAULT, TRUTH, ArmError, default_arm, meant, with_controls
from core.evaluate.domains import check_hears
from core.evaluate.features import Features, network
from core.evaluate.measuring import Task, loaded, measured, sampling_of, shown_as
from core.evaluate.options import Options
from core.evaluate.rows import Rows
from core.worlds.catalogue import read_entry
from core.worlds.protocol import World

_STAND_IN = "LPIPS, SRC and FVD are taken with a stand-in: compare them within this run only."


def take_run(options: Options, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Measure what is not measured yet, write ``result.json``, plots and videos; returns the
    result. Raises WorldError, ArmError, FeatureError, RunRefused; ValueError where a world does not
    fit the suite; SourceUnavailable where what draws its scenes is missing."""
    suite, out = options.suite, options.out
    usual = _usual(options)
    arms = with_controls(meant(options.arms, usual), suite.walks_on)
    if not (options.controls and suite.claims):
        arms = [a for a in arms if a.whose == "own"]
    net = network(options.features)
    worlds = loaded(options)
    for world in worlds.values():
        check_hears(world, suite.domain, suite.name)
    drawn_as = {k: sampling_of(folder) for k, folder in options.worlds.items()}
    facts = {
        "suite": suite.name, "seed": options.seed, "features": net.name,
        "worlds": {k: w.hash for k, w in worlds.items()}, **suite.facts(),
        "sampling": {k: {"steps": s.steps, "guidance": s.guidance} for k, s in drawn_as.items()},
    }
    rows = Rows(out, facts)
    asked = [
        Task(number, label, arm, visit)
        for number in range(options.trajectories) for visit in suite.visits
        for label in worlds for arm in [None, *arms]
    ]
    if todo := [task for task in asked if task.key not in rows]:
        _measure(options, worlds, net, rows, todo, say)
    # In the order of trajectories, whoever measured which of them first: intervals are drawn so.
    kept = {
        k: r for k, r in sorted(rows.rows.items(), key=lambda found: found[1]["trajectory"])
        if r["trajectory"] < options.trajectories and r["visit"] in suite.visits
    }
    result = {
        "suite": suite.name, "trajectories": options.trajectories, "seed": options.seed,
        "features": net.name,
        "note": _STAND_IN if "stand-in" in net.name else "",
        "worlds": facts["worlds"], "sampling": facts["sampling"],
        "primary": suite.primary, "visits": list(suite.visits),
        "interval": "95 % bootstrap over trajectories", "settings": suite.facts(),
        "arms": report.collect(kept, arms, list(worlds), suite.visits, suite.primary, options.seed,
                               suite.claims),
    }
    if DEFAULT in options.arms:  # said once more under the name that it was asked for by
        result["arms"] += [
            {**row, "arm": DEFAULT, "means": usual} for row in result["arms"] if row["arm"] == usual
        ]
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    say(report.table(result, suite.columns))
    drawn = pictures.plots(out, result, suite.columns) if options.plots else []
    if options.plots and not drawn:
        say("No plots: install the evaluate extra (matplotlib) for them.")
    rate = next(iter(worlds.values())).geometry.rate
    shown = [shown_as(a.name, label, len(worlds)) for label in worlds for a in arms]
    films = pictures.side_by_side(out, [TRUTH, *shown], rate)
    say(f"{out / 'result.json'}, {len(drawn)} plots, {len(films)} videos")
    return result


def _usual(options: Options) -> str:
    """The arm that "default" means here. Raises ArmError where the worlds differ in it."""
    found = {}
    for label, folder in options.worlds.items():
        entry = read_entry(folder)
        found[label] = default_arm(entry.fast_learning, entry.places)
    if DEFAULT in options.arms and len(set(found.values())) > 1:
        said = ", ".join(f"{arm} for {label}" for label, arm in found.items())
        raise ArmError(f"“default” is not the same for these worlds ({said}): name the arms.")
    return next(iter(found.values()))


def _measure(
    options: Options, worlds: dict[str, World], net: Features, rows: Rows, todo: Sequence[Task],
    say: Callable[[str], None],
) -> None:
    say(f"{len(todo)} measurements to make, {len(rows.rows)} are there")
    spent: dict[tuple[str, str], list[float]] = {}
    left = {task.key: task for task in todo}
    for task, row in measured(options, worlds, net, todo):
        rows.add(task.key, row)
        del left[task.key]
        spent.setdefault((task.arm_name, task.visit), []).append(row["seconds"])
        usual = [float(np.mean(sum(spent.values(), [])))]
        seconds = sum(
            float(np.mean(spent.get((one.arm_name, one.visit), usual))) for one in left.values()
        ) / min(options.workers, len({one.number for one in left.values()}) or 1)
        say(f"{len(todo) - len(left)}/{len(todo)} {task.number:03d}-{row['pattern']} "
            f"{task.arm_name} {task.visit} {row['seconds']:.1f} s, {seconds / 60:.0f} min left")
