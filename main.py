"""SlowFast Studio: the window, or a command without one (render, export, …)."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Sequence

from core.commands.arguments import COMMANDS, Trouble, parser
from core.commands.terminal import FAILED, STOPPED, USAGE, Stop, known, say, write_down


def main(argv: Sequence[str] | None = None) -> int:
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv and (argv[0] in COMMANDS or argv[0] in ("-h", "--help")):
        return _command(parser().parse_args(argv))
    try:
        from app.studio import run_studio
    except ImportError as error:
        say(f"The window can't open: {error}. Run: python3 installers/bootstrap.py repair")
        return FAILED
    return run_studio([sys.argv[0], *argv])


def _command(args: argparse.Namespace) -> int:
    try:
        match args.command:
            case "render":
                from core.commands.render import render

                return render(args, Stop())
            case "export":
                from core.commands.export import export

                return export(args, Stop())
            case "worlds":
                from core.commands.worlds import worlds

                return worlds(args, Stop())
            case "episodes":
                from core.commands.episodes import episodes

                return episodes(args)
            case _:
                return _doctor(args)
    except Trouble as trouble:
        say(str(trouble))
        return USAGE if trouble.usage else FAILED
    except (KeyboardInterrupt, BrokenPipeError):
        return STOPPED
    except Exception as error:
        sentence = known(error)
        if sentence is None:
            where = write_down(traceback.format_exc())
            sentence = f"Something unexpected went wrong ({type(error).__name__}). Details: {where}"
        say(sentence)
        return FAILED


def _doctor(args: argparse.Namespace) -> int:
    from core.machine.doctor import doctor_report

    report = doctor_report()
    if args.json:
        print(json.dumps(report.to_json_dict(), indent=2, ensure_ascii=False))
    else:
        print(report.to_text())
    return report.exit_code


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    if code == STOPPED:
        os._exit(code)  # a thread of a library must not hold up a command that was stopped
    sys.exit(code)
