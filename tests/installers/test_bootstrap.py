"""The start file: understood by any Python, and right about which one does."""

import ast
import os
import subprocess
import sys

import pytest

from installers import bootstrap
from installers.requirements import ROOT

START = ROOT / "installers" / "bootstrap.py"


def test_an_old_python_can_read_it():
    ast.parse(START.read_text(), feature_version=(3, 4))


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 10, 13)])
def test_an_old_python_is_told(version):
    message = bootstrap.wrong_python(version)
    assert "{}.{}.{}".format(*version) in message
    assert "3.11 or newer" in message
    assert "python.org" in message


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 4), (3, 14, 1)])
def test_a_good_python(version):
    assert bootstrap.wrong_python(version) is None


def test_a_python_too_new_is_told():
    assert "3.11 to 3.14" in bootstrap.wrong_python((3, 15, 0))


def test_newer_pythons_on_the_path_are_named(tmp_path):
    suffix = ".exe" if os.name == "nt" else ""
    for name in ("python3.12", "python3.9", "python3.13"):
        (tmp_path / (name + suffix)).touch()
    found = bootstrap.better_pythons(os.pathsep.join(["", str(tmp_path)]))
    assert found == ["python3.13" + suffix, "python3.12" + suffix]


def start(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-S", "-E", str(START), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_help_needs_nothing_installed():
    done = start("--help")
    assert done.returncode == 0
    for word in ("run", "test", "setup", "repair", "doctor", "--backend"):
        assert word in done.stdout


@pytest.mark.parametrize(
    "arguments", [("fly",), ("--backend", "abacus", "setup"), ("setup", "--x")]
)
def test_a_wrong_command_line(arguments):
    done = start(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_no_command_shows_the_help():
    assert start().returncode == 2
