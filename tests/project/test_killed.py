"""kill -9 at any moment: what was saved is there, whole, and opens at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.project.jobs import Queued
from core.project.store import ProjectStore
from tests.project.parts import real_project

ROOT = Path(__file__).parents[2]
KILLS = 24


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
def test_killed_again_and_again(tmp_path):
    rng = random.Random(1)
    folder = tmp_path / "walk"
    real_project(folder)[1].close()
    command = [sys.executable, "-m", "tests.project.saver", str(folder)]
    saved = 0
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:
        for _ in range(KILLS):
            print("one more", file=nursery.stdin, flush=True)
            said = saved_until_killed(nursery.stdout, rng.random() * 0.05)
            saved = held_against(folder, saved, [int(line) for line in said])
        nursery.stdin.close()
    assert saved > KILLS


def saved_until_killed(lines, seconds: float) -> list[str]:
    """What the process said it had saved."""
    pid, said = 0, []
    while not pid or not said:  # it has saved at least once
        line = next(lines)
        if line.startswith("pid"):
            pid = int(line.split()[1])
        else:
            said.append(line)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    said += iter(lines.readline, "dead\n")
    return said


def held_against(folder: Path, saved: int, said: list[int]) -> int:
    """Open the project and compare; the number of its last save."""
    assert said[0] > saved
    with ProjectStore.open(folder) as store:
        p = store.project
        assert len(p.markers) >= said[-1]  # every save that returned is there
        saved = len(p.markers)
        assert store.missing == ()
        for marker in p.markers:
            assert store.path(marker.name).is_file()
        queue = store.journal.load()
        assert store.journal.problem == ""
        assert [j.kind for j in queue] == ["generate", "redo"]
        assert queue[0].until in (saved - 1, saved) and queue[0].state == Queued()
    assert not list(folder.rglob("*.partial")) and not (folder / "staging").exists()
    return saved
