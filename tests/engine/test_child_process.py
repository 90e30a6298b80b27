"""The engine in a process of its own: the same bits, and a death of it costs one task."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.engine.child_process import ROOT, ChildProcessEngine
from core.engine.control import CancelToken, PauseGate
from core.engine.events_json import NotOurs, from_json, from_line, to_json, to_line
from core.engine.in_process import InProcessEngine
from core.project.model import ActionPart, Sampling
from core.rollout.events import (
    Cancelled,
    Failed,
    Learned,
    Preview,
    Progress,
    Remark,
    TakeReady,
)
from core.rollout.latents import read_latents
from core.rollout.request import ContextRef
from tests.builders.tasks import Bench, files_below, result, run, same

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def engine():
    engine = ChildProcessEngine(device="cpu", threads=1)
    yield engine
    engine.close()


@pytest.fixture
def bench(tmp_path, tiny_world_dir):
    return Bench(tmp_path, tiny_world_dir)


def test_the_same_bits_as_in_process(engine, bench):
    here = InProcessEngine(device="cpu", threads=1)
    found = []
    for one in (engine, here):
        first = result(one, bench.chunk())
        learned = result(one, bench.learn(first.latents))
        context = (ContextRef(first.latents, 4, 8),)
        second = result(one, bench.chunk(context, snapshot=learned.snapshot))
        found.append((read_latents(first.latents).z, read_latents(second.latents).z, learned))
    assert same(found[0][0], found[1][0]) and same(found[0][1], found[1][1])
    assert found[0][2].loss_after == found[1][2].loss_after
    theirs, ours = (Path(learned.snapshot).read_bytes() for _, _, learned in found)
    assert theirs == ours


def test_the_way_of_sampling_reaches_it_and_what_became_of_it_comes_back(engine, bench):
    task = bench.chunk(sampling=Sampling(steps=3, way="cache"))
    events = run(engine, task)
    assert [e.words for e in events if isinstance(e, Remark)] and events[-1].way == "exact"
    assert from_json(to_json(task)).sampling.way == "cache"
    assert from_json(to_json(replace(events[-1], way="cache"))).way == "cache"


def test_cancel_and_pause_reach_it(engine, bench):
    result(engine, bench.chunk())  # loaded
    token, pause, steps, silent = CancelToken(), PauseGate(), [], []

    def resume_when_silent():
        """Nothing comes for half a second: it stands. Given up after a minute."""
        for _ in range(120):
            before = len(steps)
            time.sleep(0.5)
            if len(steps) == before:
                silent.append(before)
                break
        pause.resume()

    def follow(event):
        if isinstance(event, Progress) and event.phase == "sampling":
            steps.append(event.step)
            if event.step == 1:
                pause.pause()
                threading.Thread(target=resume_when_silent).start()
            if silent and len(steps) > silent[0] + 2:
                token.cancel()  # it goes on after the pause

    task = bench.chunk(sampling=Sampling(steps=1000))
    events = run(engine, task, token, pause, follow)
    assert silent and silent[0] < 1000
    assert isinstance(events[-1], Cancelled) and files_below(task.out_dir) == []
    assert isinstance(result(engine, bench.chunk()), TakeReady)


@pytest.mark.skipif(os.name == "nt", reason="no signals there")
def test_a_crash_fails_with_a_sentence_and_the_next_task_works(engine, bench):
    task = bench.chunk(sampling=Sampling(steps=1000))

    def crash(event):
        if isinstance(event, Progress) and (event.phase, event.step) == ("sampling", 2):
            os.kill(engine.pid, signal.SIGABRT)

    last = run(engine, task, on_event=crash)[-1]
    assert isinstance(last, Failed) and "engine stopped" in last.message
    assert "signal 6" in last.message
    assert files_below(task.out_dir) == []
    assert isinstance(result(engine, bench.chunk()), TakeReady)


def test_failures_come_through(engine, bench):
    last = result(engine, bench.chunk(world_hash="0" * 64))
    assert isinstance(last, Failed) and "another version" in last.message
    assert "Traceback" in last.detail


@pytest.mark.skipif(os.name == "nt", reason="counts processes with signals")
def test_it_dies_with_its_parent(tmp_path):
    script = (
        "import sys, time; from core.engine.child_process import _Process; p = _Process();"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    child = int(parent.stdout.readline())
    os.kill(child, 0)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(400):
        if not _alive(child):
            return
        time.sleep(0.05)
    pytest.fail("the child outlived its parent")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:  # a zombie that nobody reaps in this container is gone too
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    "value",
    [
        Progress("sampling", 1, 4),
        Preview(b"\xff\xd8\xff\x00", 1, 4),
        TakeReady("a.mp4", "b.safetensors", "c.jpg", 8, 1.5, "h"),
        Learned("s", 1, 0.5, 0.25, 0.01, 2.0, "Not learned: “x”."),
        Failed("so", "Traceback\nü"),
        Cancelled(),
    ],
)
def test_events_travel_unchanged(value):
    assert from_json(from_line(to_line(to_json(value)))) == value


def test_measures_that_are_no_numbers_travel():
    back = from_json(from_line(to_line(to_json(Learned("s", 1, float("nan"), float("inf"), 0, 0)))))
    assert back.loss_before != back.loss_before and back.loss_after == float("inf")


def test_tasks_travel_unchanged(bench):
    task = bench.chunk(actions=(ActionPart("walk “on” ü\n", 8),), snapshot="/x y/z")
    assert from_json(from_line(to_line(to_json(task)))) == task
    learn = bench.learn("/a/b.safetensors")
    assert from_json(from_line(to_line(to_json(learn)))) == learn


@pytest.mark.parametrize(
    "line",
    [
        b"", b"hello", b"[1]", b'{"kind": "Popen"}', b'{"kind": 3}',
        b'{"kind": "Progress", "phase": "sampling", "step": "x", "steps": 1}',
    ],
)
def test_other_lines_are_refused(line):
    with pytest.raises(NotOurs):
        from_json(from_line(line))
