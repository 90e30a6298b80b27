"""Measures a world's memory on held-out walks, arm by arm, with its controls.

    python -m core.evaluate SUITE --world starter --arms none,paper,default --trajectories 50 \\
        --seed 0 --out DIR

SUITE is revisit, long, actions or planning. DIR/result.json has one row an arm; DIR/rows.jsonl
keeps each finished trajectory, so the same command goes on with an interrupted run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.evaluate.arms import ArmError, arms
from core.evaluate.features import NETWORKS, FeatureError
from core.evaluate.measuring import WorkerDied
from core.evaluate.options import SUITES, TASKS, Options, suite_of
from core.evaluate.rows import RunRefused
from core.evaluate.run import take_run
from core.learning.sources.source import SourceUnavailable
from core.worlds.catalogue import DEFAULT, WorldError, find_world, read_entry

#: Raised with a sentence for whoever typed the command.
REFUSED = (
    ArmError, FeatureError, RunRefused, SourceUnavailable, ValueError, WorkerDied, WorldError,
)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m core.evaluate", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("suite", choices=SUITES)
    made.add_argument("--world", default=DEFAULT, help="an installed world, or a world's folder")
    made.add_argument("--slow-adapter", type=Path, metavar="FILE",
                      help="measure the world with this adapter (core.learning.train --adapter)")
    made.add_argument("--without-loop", help="the same world, trained without the loop")
    made.add_argument("--arms", default="none,paper,adapter,bank,both",
                      help=f"separated by commas; of {', '.join(arms())}; default: what a new "
                      "project of the world uses")
    made.add_argument("--trajectories", type=int, default=50)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--features", default="stand-in", choices=list(NETWORKS))
    made.add_argument("--visits", default="", help="revisit, planning: real or generated alone")
    made.add_argument("--patterns", default="", help="revisit: only these patterns")
    made.add_argument("--chunks", type=int, default=40, help="long: chunks of one roll-out")
    made.add_argument("--candidates", type=int, default=16, help="planning: plans imagined a step")
    made.add_argument("--task", default="waypoint", choices=TASKS,
                      help="planning: walk back to a waypoint, or (robot worlds) put a thing back")
    made.add_argument("--longest", type=int, default=1,
                      help="put-back: most commands of a plan (default: %(default)s)")
    made.add_argument("--no-controls", action="store_true",
                      help="leave out the arms with another episode's memory; no claim is judged")
    made.add_argument("--videos", type=int, default=3, help="trajectories shown side by side")
    made.add_argument("--no-plots", action="store_true")
    made.add_argument("--workers", type=int, default=1, metavar="N",
                      help="processes that measure at once, each one trajectory (default: 1); "
                      "on a processor one a core is quickest")
    made.add_argument("--device", default="cpu")
    return made


def world_folder(name: str) -> Path:
    """The folder of an installed world, or the folder itself; raises WorldError."""
    folder = Path(name)
    found = read_entry(folder) if (folder / "world.json").is_file() else find_world(name)
    return found.folder


def main(arguments: list[str] | None = None) -> int:
    args = parser().parse_args(arguments)
    try:
        worlds = {"as given": world_folder(args.world)}
        if args.workers < 1:
            raise ValueError("--workers is at least 1: this process measures by itself then")
        if args.without_loop and args.slow_adapter:
            raise ValueError("a slow adapter fits one world: leave out --without-loop")
        if args.without_loop:
            without = world_folder(args.without_loop)
            worlds = {"with loop": worlds["as given"], "without loop": without}
        options = Options(
            suite=suite_of(args.suite, patterns=args.patterns, chunks=args.chunks,
                           candidates=args.candidates, visits=args.visits, task=args.task,
                           longest=args.longest),
            worlds=worlds, arms=[a for a in args.arms.split(",") if a],
            trajectories=args.trajectories, seed=args.seed, out=args.out, features=args.features,
            controls=not args.no_controls, videos=args.videos, device=args.device,
            plots=not args.no_plots, slow_adapter=args.slow_adapter, workers=args.workers,
        )
        take_run(options, say=lambda line: print(line, flush=True))
    except REFUSED as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What is finished is kept; the same command goes on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
