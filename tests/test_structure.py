"""The rules of the house that a tool can check."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()",
         "--no-cache"],
        cwd=ROOT, capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_only_the_trainers_own_state_is_read_by_torch_load() -> None:
    """A file of a person's is never unpickled: only resumable training states are, as weights."""
    offenders = [
        path.relative_to(ROOT).as_posix()
        for path in (*ROOT.glob("core/**/*.py"), *ROOT.glob("app/**/*.py"))
        if any(word in path.read_text("utf-8") for word in ("import pickle", "torch.load("))
    ]
    assert set(offenders) <= {"core/learning/train.py", "core/learning/train_autoencoder.py"}
    for name in offenders:
        assert "weights_only=True" in (ROOT / name).read_text("utf-8")
