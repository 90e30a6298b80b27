"""Killed in the middle: every accepted chunk, its memory and the queue are there again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.project import queries
from core.project.errors import ProjectLocked
from core.project.store import ProjectStore

ROOT = Path(__file__).resolve().parents[2]

_CHILD = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from app.studio import open_window
from app.state.worlds import Worlds
from core.rollout.samples import Sample
from tests.app.conftest import make_engine
from core.project import edits, queries

world, picture = sys.argv[1:3]
window, app = open_window(["studio"], worlds=Worlds([Path(world)]), make_engine=make_engine)
window.projects.from_sample(Sample(Path(picture), "Room", "a room"))

def watch():
    p = window.document.project
    if p is None:
        return
    if not window.queue.jobs:
        window.generation.set_auto_accept(True)
        window.generation.pending = ("walk forward", 30.0)
        window.generation.generate()
    learned = [t for t in p.takes.values() if t.learning]
    print(window.document.folder, len(learned), flush=True)

timer = QTimer()
timer.timeout.connect(watch)
timer.start(50)
app.exec()
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is not there")
def test_kill_and_reopen(hand, tmp_path: Path, tiny_world_dir: Path, picture_file: Path):
    settings = tmp_path / "child.ini"
    settings.write_text(f"[General]\nprojects_folder={tmp_path / 'child'}\n", "utf-8")
    environment = {
        **os.environ,
        "SLOWFAST_SETTINGS": str(settings),
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
    }
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tiny_world_dir), str(picture_file)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    folder, learned = "", 0
    deadline = time.monotonic() + 90
    try:
        for line in child.stdout:
            folder, _, count = line.strip().rpartition(" ")
            learned = int(count)
            if learned >= 2 or time.monotonic() > deadline:
                break
        time.sleep(0.15)  # somewhere in the next chunk
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    assert learned >= 2

    h = hand
    assert h.w.projects.open(Path(folder))
    h.settle()
    accepted = [t for t in h.p.takes.values() if t.status == "accepted"]
    assert len([t for t in accepted if t.learning]) >= 2
    for take in h.p.takes.values():
        assert h.w.document.path(take.video) and h.w.document.path(take.latents)
        assert take.snapshot is None or h.w.document.path(take.snapshot)
    assert h.w.document.store.missing == ()
    assert h.states() == ["Paused"] and h.w.queue.jobs[0].state.interrupted
    before = len(h.p.takes)
    h.w.notices.current.fixes[0][1]()
    h.until(lambda: len(h.p.takes) > before)
    h.w.queue.cancel_all()
    h.until(lambda: not h.w.queue.busy)
    assert queries.sequence_end(h.p) >= 1 + 3 * h.p.chunk_frames


def test_a_second_studio_is_told_who_has_the_project(hand, picture_file):
    hand.open_sample(picture_file)
    folder = hand.w.document.folder
    hand.w.document.flush()
    with pytest.raises(ProjectLocked, match="already open"):
        ProjectStore.open(folder)


def test_a_lock_left_by_a_killed_studio_is_no_obstacle(hand, picture_file):
    """Its process is gone, or its number belongs to another program by now: no question asked."""
    for holder in (
        {"pid": 2**22 - 3, "host": socket.gethostname(), "born": "", "token": "x"},
        {"pid": 1, "host": socket.gethostname(), "born": "another boot:1", "token": "x"},
    ):
        hand.open_sample(picture_file)
        folder = hand.w.document.folder
        hand.w.projects.close()
        (folder / ".lock").write_text(json.dumps(holder), "utf-8")
        hand.w.notices.clear()
        assert hand.w.projects.open(folder)
        assert hand.w.notices.current is None and not hand.w.document.read_only


def test_a_lock_of_this_machine_says_who_has_it_and_of_another_can_be_taken(hand, picture_file):
    hand.open_sample(picture_file)
    folder = hand.w.document.folder
    hand.w.projects.close()
    parent = {"pid": os.getppid(), "host": socket.gethostname(), "born": "", "token": "x"}
    (folder / ".lock").write_text(json.dumps(parent), "utf-8")
    assert not hand.w.projects.open(folder)
    assert "already open" in hand.w.notices.current.text
    assert [words for words, _ in hand.w.notices.current.fixes] == ["Try again"]
    (folder / ".lock").write_text(json.dumps({**parent, "host": "elsewhere"}), "utf-8")
    assert not hand.w.projects.open(folder)
    dict(hand.w.notices.current.fixes)["Open anyway"]()
    assert hand.w.document.folder == folder
