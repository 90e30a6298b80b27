"""pip's many lines condensed, and its failures in words."""

import io

import pytest

from installers.console import Console, clock
from installers.failure import explain
from installers.pip import Condenser

PIP = """\
Looking in links: /wheels
Processing /wheels/torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl
Collecting filelock==4.2.11 (from -r base.txt (line 3))
  Downloading filelock-4.2.11-py3-none-any.whl.metadata (2.1 kB)
  Downloading https://example.org/filelock-4.2.11-py3-none-any.whl (22 kB)
Requirement already satisfied: numpy==2.4.6 in ./lib (from x)
Progress 10485760 of 83886080
Progress 41943040 of 83886080
Progress 500 of 1000
Installing collected packages: filelock, torch
Successfully installed filelock-4.2.11 torch-2.13.0+cpu
"""


def test_condensed():
    condenser = Condenser(3)
    lines = [short for line in PIP.splitlines() if (short := condenser.line(line))]
    assert lines == [
        "1 of 3: torch from disk",
        "2 of 3: filelock",
        "downloading filelock 4.2.11 (22 kB)",
        "3 of 3: numpy",
        "downloading numpy 12 %",
        "downloading numpy 50 %",
        "unpacking 2 packages",
    ]


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("WARNING: ... NewConnectionError ...\nERROR: No matching distribution", "network"),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "certificate"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no build"),
        ("ERROR: [Errno 13] Permission denied: '.venv/x'", "could not be written"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "damaged"),
        ("ERROR: something else entirely", "something else entirely"),
    ],
)
def test_failures_in_words(said, word):
    assert word in explain(said)


def test_steps_without_a_terminal():
    out = io.StringIO()
    console = Console(2, out)
    with console.step("First"):
        console.now("a thing")
        console.now("a thing")
    with pytest.raises(ValueError), console.step("Second"):
        raise ValueError
    lines = out.getvalue().splitlines()
    assert lines[0] == "[1/2] First"
    assert lines[1].startswith("      a thing")
    assert lines[2] == "      done in 0:00"
    assert lines[3:] == ["[2/2] Second", "      stopped in 0:00"]


def test_clock():
    assert (clock(5), clock(65), clock(3661)) == ("0:05", "1:05", "1:01:01")
