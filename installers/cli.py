"""The bootstrap's commands."""

from __future__ import annotations

import argparse
import json
import signal
import sys

from core.machine.backend import BACKENDS
from core.machine.doctor import doctor_report
from installers import launch
from installers.console import Console
from installers.failure import SetupFailure, no_file
from installers.lock import only_one
from installers.steps import LOCK, VENV, Setup, Wish, ready

STEPS = 6
STOPPED = 130

DESCRIPTION = """\
Sets SlowFast Studio up in .venv (the first time: some minutes and a download) and starts it.

commands:
  run [ARGS ...]    set up, then open the studio; ARGS go to main.py. Where there is no display
                    the sample project is rendered to a film instead.
  test [ARGS ...]   set up with the tests' packages, then run the tests; ARGS go to pytest
  setup             set up only
  repair            look through the set-up and mend what is damaged
  doctor [--json]   what this machine has, lacks and can run
"""

EPILOG = """\
Options stand before the command, for setup and repair also after it. A set-up can be stopped
with Ctrl-C and run again: it goes on where it was.
"""


def main(arguments: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    options, rest = _parse(arguments)
    if options.command is None:
        _parser().print_help()
        return 2
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    wish = Wish(
        tests=options.command == "test" or options.with_tests,
        backend=options.backend,
        repair=options.command == "repair",
        recreate=options.recreate,
        system_packages=not options.no_system,
    )
    try:
        return _command(options.command, wish, rest)
    except SetupFailure as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\n{no_file(error, VENV.parent)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nStopped. What is installed and downloaded so far is kept; "
            "the same command goes on from here.",
            file=sys.stderr,
        )
        return STOPPED


def _command(command: str, wish: Wish, rest: list[str]) -> int:
    match command:
        case "doctor":
            return _doctor(wish, rest)
        case "setup" | "repair":
            made = prepare(wish)
            print(f"\nReady: {VENV}" if made else f"Nothing to do: {VENV} is ready.")
            return 0
        case "run":
            prepare(wish)
            return launch.studio(rest, wish.system_packages)
        case "test":
            prepare(wish)
            return launch.tests(rest)
    raise SetupFailure(f"There is no command {command!r}. See: bootstrap.py --help")


def prepare(wish: Wish) -> bool:
    """True when something was done."""
    if ready(VENV, wish):
        return False
    with only_one(LOCK, _tell_waiting) as lock:
        if ready(VENV, wish):  # the one waited for has done it
            return False
        print(f"Setting up SlowFast Studio in {VENV}", flush=True)
        Setup(wish, Console(STEPS), lock).run()
    return True


def _tell_waiting(holder: str) -> None:
    who = f" (process {holder})" if holder else ""
    print(f"Another set-up is at work here{who}: waiting for it. Ctrl-C stops waiting.", flush=True)


def _doctor(wish: Wish, rest: list[str]) -> int:
    if ready(VENV, wish) and (VENV.parent / "main.py").is_file():
        return launch.doctor(rest)
    report = doctor_report()
    if "--json" in rest:
        print(json.dumps(report.to_json_dict(), indent=2))
    else:
        print(report.to_text())
        print("\n.venv is not set up yet or not complete: python3 installers/bootstrap.py setup")
    return 1


def _parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    options = _parser().parse_args(arguments)
    rest = options.rest
    if options.command in ("setup", "repair"):
        _parser(options_only=True).parse_args(rest, namespace=options)
        rest = []
    return options, rest


def _parser(options_only: bool = False) -> argparse.ArgumentParser:
    default = argparse.SUPPRESS if options_only else None
    parser = argparse.ArgumentParser(
        prog="bootstrap.py",
        usage="python3 installers/bootstrap.py [options] COMMAND [ARGS ...]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default=default,
        help="the build of torch (else chosen from the machine)",
    )
    parser.add_argument(
        "--recreate", action="store_true", default=default or False, help="make .venv anew"
    )
    parser.add_argument(
        "--with-tests",
        action="store_true",
        default=default or False,
        help="the tests' packages as well",
    )
    parser.add_argument(
        "--no-system",
        action="store_true",
        default=default or False,
        help="never install system packages, only name the command that does",
    )
    if not options_only:
        commands = ("run", "test", "setup", "repair", "doctor")
        parser.add_argument("command", nargs="?", choices=commands, help=argparse.SUPPRESS)
        parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser
