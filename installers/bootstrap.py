#!/usr/bin/env python3
"""Set SlowFast Studio up in .venv and start it: python3 installers/bootstrap.py --help

This one file must be understood by any Python, so that an old one can be told so.
"""

import os
import sys

OLDEST, NEWEST = (3, 11), (3, 14)


def wrong_python(version):
    """None, or what to tell a person whose Python does not do."""
    shown = "%d.%d.%d" % tuple(version[:3])
    if tuple(version[:2]) > NEWEST:
        return (
            "This is Python %s. SlowFast Studio's libraries are built for Python %d.%d to %d.%d:\n"
            "use one of those." % ((shown,) + OLDEST + NEWEST)
        )
    if tuple(version[:2]) >= OLDEST:
        return None
    return (
        "This is Python %s (%s).\n"
        "SlowFast Studio needs Python %d.%d or newer.\n\n"
        "How to get it:\n"
        "  Debian 12, Ubuntu 24.04 or newer  sudo apt install python3 python3-venv\n"
        "  Ubuntu 22.04                      sudo apt install python3.11 python3.11-venv\n"
        "  Fedora                            sudo dnf install python3.12\n"
        "  macOS                             brew install python@3.12\n"
        "  Windows                           winget install Python.Python.3.12\n"
        "  anywhere                          https://www.python.org/downloads/"
        % ((shown, sys.executable) + OLDEST)
    )


def better_pythons(path):
    """The names of newer Pythons that already lie on the search path."""
    names = ["python%d.%d" % (3, minor) for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    if os.name == "nt":
        names = [name + ".exe" for name in names]
    folders = [folder for folder in path.split(os.pathsep) if folder]
    return [n for n in names if any(os.path.isfile(os.path.join(f, n)) for f in folders)]


def start():
    message = wrong_python(sys.version_info)
    if message:
        sys.stderr.write(message + "\n")
        found = better_pythons(os.environ.get("PATH", ""))
        if found:
            rest = " ".join(sys.argv[1:]) or "run"
            sys.stderr.write(
                "\nOn this machine there is %s already. Try:\n  %s installers/bootstrap.py %s\n"
                % (", ".join(found), found[0], rest)
            )
        return 1
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[0] = root  # so that `installers` and `core` are packages here as in the tests
    from installers.cli import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(start())
