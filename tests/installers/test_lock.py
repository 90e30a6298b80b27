"""One set-up at a time, and a killed one does not block the next."""

import errno
import subprocess
import sys

import pytest

from installers import lock
from installers.lock import only_one
from installers.requirements import ROOT

HOLD = """
import sys, time
from pathlib import Path
from installers.lock import only_one
with only_one(Path(sys.argv[1]), print):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(path) -> subprocess.Popen:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline().strip() == "held"
    return child


def test_the_second_waits_and_a_killed_first_lets_go(tmp_path):
    path = tmp_path / "lock"
    child = hold(path)
    told = []

    def waiting(holder: str) -> None:
        told.append(holder)
        child.kill()

    with only_one(path, waiting, poll=0.05):
        pass
    assert len(told) == 1
    if sys.platform != "win32":
        assert told == [str(child.pid)]
    assert child.wait() != 0, "it was not waited for: it ended because it was killed"
    child.stdout.close()


@pytest.mark.skipif(lock.fcntl is None, reason="POSIX locks")
def test_a_file_system_without_locks_is_not_waited_for(tmp_path, monkeypatch):
    def refused(handle: int, what: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", refused)
    with only_one(tmp_path / "lock", lambda holder: pytest.fail("it waits")):
        pass


def test_free_again_afterwards(tmp_path):
    for _ in range(2):
        with only_one(tmp_path / "lock", lambda holder: None):
            pass
