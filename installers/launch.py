"""Starting what was set up: the studio, the sample film where there is no display, the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path

from core.machine.probe import Display, find_display
from installers import check, environment, system
from installers.failure import SetupFailure
from installers.steps import LOG, ROOT, VENV

HELP = ("-h", "--help", "--version")


def studio(arguments: list[str], system_packages: bool = True) -> int:
    main = ROOT / "main.py"
    if wants_window(arguments):
        display = find_display()
        if not display.available:
            return _sample(main, display)
        # the set-up may have been made without a display, which needs fewer libraries
        lacking = system.supply(display.kind, LOG, print, system_packages)
        if lacking:
            raise SetupFailure(lacking)
    return _run([str(main), *arguments], {})


def wants_window(arguments: list[str]) -> bool:
    """main.py's commands are words; nothing, a file or a folder, or an option opens the window."""
    if not arguments or arguments[0] in HELP:
        return not arguments
    first = arguments[0]
    return first.startswith("-") or os.sep in first or Path(first).exists()


def _sample(main: Path, display: Display) -> int:
    out = free_name(film_folder())
    print(f"No window can open here: {display.detail}.", flush=True)
    print("Rendering the sample project to a film instead ...", flush=True)
    code = _run([str(main), "render", "--sample", "--out", str(out)], {})
    if code == 0 and out.is_file():
        print(f"The film is here: {out}", flush=True)
    return code


def film_folder() -> Path:
    """Where the person stands, or their videos folder, or the temporary folder."""
    for folder in (Path.cwd(), Path.home() / "Videos"):
        if folder.is_dir() and os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.gettempdir())


def free_name(folder: Path) -> Path:
    """sample-walk.mp4, or with a number where an earlier one lies."""
    number, path = 1, folder / "sample-walk.mp4"
    while path.exists():
        number += 1
        path = folder / f"sample-walk-{number}.mp4"
    return path


def tests(arguments: list[str]) -> int:
    extra = {}
    if not (screen := find_display().available):
        extra["QT_QPA_PLATFORM"] = "offscreen"
    return _run(["-m", "pytest", *shared(arguments, screen), *arguments], extra, folder=ROOT)


def shared(arguments: list[str], screen: bool) -> list[str]:
    """pytest's options that share the files of a whole run among processes: one a core, four at
    most, since each holds torch. Not on a screen, where windows of two would take the focus from
    each other; and not where something is picked, or looked at with a debugger."""
    picked = any(a == "--pdb" or a.startswith("-n") or not a.startswith("-") for a in arguments)
    return [] if screen or picked else [
        "-n", "logical", "--maxprocesses", "4", "--dist", "loadfile",
    ]


def doctor(arguments: list[str]) -> int:
    return _run([str(ROOT / "main.py"), "doctor", *arguments], {})


def _run(arguments: list[str], extra: dict[str, str], folder: Path | None = None) -> int:
    """The child gets the terminal and Ctrl-C; its exit code is ours."""
    command = [str(environment.venv_python(VENV)), *arguments]
    child = subprocess.Popen(command, env={**environment.clean_env(VENV), **extra}, cwd=folder)

    def pass_on(number: int, frame: object) -> None:
        child.send_signal(number)

    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    if not environment.WINDOWS:
        for number in (signal.SIGTERM, signal.SIGHUP):
            before[number] = signal.signal(number, pass_on)
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if code < 0:  # ended by a signal
        code = 128 - code
    if code not in (0, 2, 130):
        _hint()
    return code


def _hint() -> None:
    """After a failure: was it the environment? Files are looked at, nothing is imported."""
    faults = check.damaged(VENV)
    if faults:
        names = ", ".join(fault.package for fault in faults)
        print(
            f"\nFiles of {names} in .venv are lost or damaged. To mend them:\n"
            "  python3 installers/bootstrap.py repair",
            flush=True,
        )
