"""A library that two tiers use is not loaded for the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import importlib.util, sys
import core
from core.machine import late
assert importlib.util.find_spec("torchao") is None
try:
    import torchao
except ImportError:
    pass
else:
    raise AssertionError("it was imported")
assert late.has("torchao") and not late.has("no_such_library")
late.bring("torchao")
assert importlib.util.find_spec("torchao") is not None
late.bring("torchao")
assert "torch" not in sys.modules
"""

#: transformers is the quickest to load of those that look for it, and loads the rest of itself late.
AFTER = """
import transformers
import core
from core.machine import late
import importlib.util
assert importlib.util.find_spec("torchao") is not None
"""


def run(script: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True,
        text=True, timeout=60,
    )


def test_who_has_found_it_already_keeps_it():
    done = run(AFTER)
    assert done.returncode == 0, done.stderr


def test_it_is_there_only_when_it_is_asked_for():
    done = run(SCRIPT)
    assert done.returncode == 0, done.stderr
