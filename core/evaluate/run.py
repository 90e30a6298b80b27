"""One run: every trajectory, world, arm and first visit once; then the report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.evaluate import pictures, report
from core.evaluate.actions import Actions
from core.evaluate.adherence import reader
from core.evaluate.arms import DEFAULT, TRUTH, Arm, ArmError, default_arm, meant, with_controls
from core.evaluate.bench import Bench
from core.evaluate.domains import check_hears
from core.evaluate.features import network
from core.evaluate.long import Long
from core.evaluate.planning import Planning
from core.evaluate.put_back import PutBack
from core.evaluate.revisit import PATTERNS, Revisit
from core.evaluate.rows import Rows
from core.evaluate.trajectories import Trajectory
from core.learning.shards import FIRST_PERSON
from core.project.model import Sampling
from core.worlds.catalogue import load_world, read_entry
from core.worlds.protocol import World

_STAND_IN = "LPIPS, SRC and FVD are taken with a stand-in: compare them within this run only."
SUITES = ("revisit", "long", "actions", "planning")
TASKS = ("waypoint", "put-back")  # of planning


class Suite(Protocol):
    """What a suite measures. ``primary`` is what a memory claims to better."""

    name: str
    visits: Sequence[str]
    primary: str
    domain: str  # whose words it speaks: a key of ``core.learning.language.BOOKS``
    claims: bool  # whether a memory claims to better it: then the controls are run and judged
    walks_on: bool  # whether what is walked after the first visit is remembered
    columns: Sequence[str]  # shown in tables and plots

    def facts(self) -> dict[str, Any]:
        """What else must be the same for a run to go on."""

    def trajectory(self, bench: Bench, number: int) -> Trajectory:
        """Number ``number`` of this run."""

    def measure(
        self, bench: Bench, walked: Trajectory, arm: Arm | None, visit: str
    ) -> tuple[dict[str, Any], np.ndarray | None]:
        """(row, video to show or None) of one arm; None measures the true video."""


@dataclass(frozen=True)
class Options:
    """``worlds``: label → folder. Labels stand in the rows under "loop"."""

    suite: Suite
    worlds: dict[str, Path]
    arms: Sequence[str]
    trajectories: int
    seed: int
    out: Path
    features: str = "stand-in"
    controls: bool = True
    videos: int = 3
    device: str = "cpu"
    plots: bool = True
    reader_scenes: int = 8
    slow_adapter: Path | None = None  # merged into the weights of the worlds


def suite_of(
    name: str, *, patterns: str = "", chunks: int = 40, candidates: int = 16, visits: str = "",
    task: str = "waypoint", longest: int = 1,
) -> Suite:
    """The suite called ``name``; raises ValueError."""
    if name == "revisit":
        chosen = tuple(p for p in patterns.split(",") if p) or PATTERNS
        if unknown := {*chosen} - {*PATTERNS}:
            raise ValueError(f"unknown pattern {', '.join(unknown)}; use {', '.join(PATTERNS)}")
        suite: Suite = Revisit(chosen)
    elif name == "long":
        suite = Long(chunks)
    elif name == "actions":
        suite = Actions()
    elif name == "planning":
        if task not in TASKS:
            raise ValueError(f"unknown task {task!r}; use {', '.join(TASKS)}")
        suite = Planning(candidates) if task == "waypoint" else PutBack(
            candidates, longest
        )
    else:
        raise ValueError(f"unknown suite {name!r}; use {', '.join(SUITES)}")
    if visits:
        asked = tuple(v for v in visits.split(",") if v)
        if unknown := {*asked} - {*suite.visits}:
            raise ValueError(f"{name} has no first visit {', '.join(unknown)}; it has "
                             f"{', '.join(suite.visits)}")
        suite.visits = asked
    return suite


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
    worlds = {
        k: load_world(folder, options.device, options.slow_adapter)
        for k, folder in options.worlds.items()
    }
    for world in worlds.values():
        check_hears(world, suite.domain, suite.name)
    drawn_as = {k: _sampling(folder) for k, folder in options.worlds.items()}
    facts = {
        "suite": suite.name, "seed": options.seed, "features": net.name,
        "worlds": {k: w.hash for k, w in worlds.items()}, **suite.facts(),
        "sampling": {k: {"steps": s.steps, "guidance": s.guidance} for k, s in drawn_as.items()},
    }
    rows = Rows(out, facts)
    todo = [
        (number, label, arm, visit)
        for number in range(options.trajectories) for visit in suite.visits
        for label in worlds for arm in [None, *arms]
        if _key(number, label, arm, visit) not in rows
    ]
    if todo:
        _measure(options, arms, worlds, drawn_as, net, rows, todo, say)
    kept = {
        k: r for k, r in rows.rows.items()
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
    shown = [_shown(a.name, label, len(worlds)) for label in worlds for a in arms]
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


def _sampling(folder: Path) -> Sampling:
    """How a new project of the world draws a chunk."""
    entry = read_entry(folder)
    return Sampling(entry.steps, entry.guidance)


def _key(number: int, label: str, arm: Arm | None, visit: str) -> str:
    return f"{number}/{label}/{arm.name if arm else TRUTH}/{visit}"


def _shown(name: str, label: str, worlds: int) -> str:
    return name if worlds == 1 else f"{name} {label}"


def _measure(
    options: Options, arms: list[Arm], worlds: dict[str, World], drawn_as: dict[str, Sampling],
    net: Any, rows: Rows, todo: list[tuple[int, str, Arm | None, str]],
    say: Callable[[str], None],
) -> None:
    say(f"{len(todo)} measurements to make, {len(rows.rows)} are there")
    size = next(iter(worlds.values())).geometry.width
    verbs = reader(size, options.reader_scenes) if options.suite.domain == FIRST_PERSON else None
    benches = {
        k: Bench(w, net, verbs, drawn_as[k], options.seed) for k, w in worlds.items()
    }
    suite, spent, walked = options.suite, {}, None
    for done, (number, label, arm, visit) in enumerate(todo):
        began, bench = time.perf_counter(), benches[label]
        if walked is None or walked.number != number:
            walked = suite.trajectory(bench, number)
        row, video = suite.measure(bench, walked, arm, visit)
        seconds = time.perf_counter() - began
        key = _key(number, label, arm, visit)
        name = arm.name if arm else TRUTH
        if video is not None and number < options.videos:
            shown = name if arm is None else _shown(name, label, len(worlds))
            pictures.keep_video(options.out, walked.name, visit, shown, video)
        rows.add(key, {
            "trajectory": number, "pattern": walked.pattern, "style": walked.style,
            "scene": walked.scene, "loop": label, "arm": name, "visit": visit,
            "seconds": seconds, **row,
        })
        spent.setdefault((name, visit), []).append(seconds)
        usual = [float(np.mean(sum(spent.values(), [])))]
        left = sum(
            float(np.mean(spent.get((a.name if a else TRUTH, v), usual)))
            for _, _, a, v in todo[done + 1 :]
        )
        say(f"{done + 1}/{len(todo)} {walked.name} {name} {visit} {seconds:.1f} s, "
            f"{left / 60:.0f} min left")


