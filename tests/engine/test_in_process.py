"""The in-process engine on real tasks."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.engine.control import CancelToken, PauseGate
from core.engine.in_process import InProcessEngine
from core.media.encode import write_take
from core.media.reader import FrameReader
from core.project.model import ActionPart, MemoryUse
from core.rollout.events import Cancelled, Failed, Learned, Preview, Progress, TakeReady
from core.rollout.latents import read_latents
from core.rollout.request import ContextRef
from tests.builders.tasks import Bench, files_below, result, run, same
from tests.builders.tiny_world import picture


@pytest.fixture(scope="module")
def engine():
    engine = InProcessEngine(device="cpu", threads=1)
    yield engine
    engine.close()


@pytest.fixture
def bench(tmp_path, tiny_world_dir):
    return Bench(tmp_path, tiny_world_dir)


def z_of(ready: TakeReady) -> np.ndarray:
    return read_latents(ready.latents).z


def test_a_chunk_from_a_picture(engine, bench):
    events = run(engine, bench.chunk())
    ready = events[-1]
    assert isinstance(ready, TakeReady) and ready.frames == 8
    phases = [e.phase for e in events if isinstance(e, Progress)]
    order = ["loading", "encoding", "sampling", "decoding", "saving"]
    assert [p for i, p in enumerate(phases) if i == 0 or phases[i - 1] != p] == order
    steps = [e.step for e in events if isinstance(e, Progress) and e.phase == "sampling"]
    assert steps == [0, 1, 2, 3]
    previews = [e for e in events if isinstance(e, Preview)]
    assert previews and all(p.jpeg.startswith(b"\xff\xd8") for p in previews)
    with FrameReader(ready.video) as reader:
        assert len(reader) == 8 and reader.frame(0).shape == (64, 64, 3)
    frames = read_latents(ready.latents)
    assert frames.z.shape == (8, 12, 8, 8) and list(frames.time) == list(range(1, 9))
    assert np.isfinite(frames.pose).all() and frames.z.std() > 0.3
    assert files_below(events and bench.folder / "out1") == [
        "latents.safetensors", "take.mp4", "thumbnail.jpg"
    ]


def test_the_same_task_gives_the_same_bits_and_every_part_of_it_matters(engine, bench):
    first = z_of(result(engine, bench.chunk()))
    assert same(first, z_of(result(engine, bench.chunk())))
    for change in (
        {"seed": 12}, {"actions": (ActionPart("turn right", 8),)}, {"scene": "a street"},
    ):
        assert not np.array_equal(first, z_of(result(engine, bench.chunk(**change))))


def test_the_future_depends_on_the_past_and_leaves_it_alone(engine, bench):
    one = result(engine, bench.chunk())
    before = read_latents(one.latents).z.copy()
    ref = ContextRef(one.latents, 4, 8)
    two = result(engine, bench.chunk((ref,)))
    assert list(read_latents(two.latents).time) == list(range(9, 17))
    other = result(engine, bench.chunk((ContextRef(one.latents, 3, 7),)))
    assert not np.array_equal(z_of(two), z_of(other))
    assert same(before, read_latents(one.latents).z)


def test_context_of_a_start_and_a_chunk_together(engine, bench):
    one = result(engine, bench.chunk())
    refs = (ContextRef(str(bench.start), 0, 1), ContextRef(one.latents, 0, 3))
    two = result(engine, bench.chunk(refs))
    assert isinstance(two, TakeReady) and read_latents(two.latents).time[0] == 4


def test_learning_changes_the_next_chunk_and_redo_is_bit_equal(engine, bench):
    one = result(engine, bench.chunk())
    learned = result(engine, bench.learn(one.latents))
    assert isinstance(learned, Learned) and learned.skipped is None and learned.steps == 1
    assert learned.loss_after <= learned.loss_before * 1.01 and learned.change > 0
    context = (ContextRef(one.latents, 4, 8),)
    with_memory = z_of(result(engine, bench.chunk(context, snapshot=learned.snapshot)))
    without = z_of(result(engine, bench.chunk(context)))
    assert not np.array_equal(with_memory, without)
    muted = MemoryUse(muted=True)
    silent = result(engine, bench.chunk(context, snapshot=learned.snapshot, memory=muted))
    assert same(without, z_of(silent))
    again = result(engine, bench.chunk(context, snapshot=learned.snapshot))
    assert same(with_memory, z_of(again))
    fresh_engine = InProcessEngine(device="cpu", threads=1)
    try:
        other = result(fresh_engine, bench.chunk(context, snapshot=learned.snapshot))
    finally:
        fresh_engine.close()
    assert same(with_memory, z_of(other))


def test_previews_can_be_switched_off(engine, bench):
    engine.previews = False
    try:
        assert not any(isinstance(e, Preview) for e in run(engine, bench.chunk()))
    finally:
        engine.previews = True


def test_a_start_is_encoded_once_and_again_when_it_changes(bench, monkeypatch):
    engine = InProcessEngine(device="cpu", previews=False)
    first = run(engine, bench.chunk())[-1]
    encode, asked = engine._world.encode, []
    monkeypatch.setattr(engine._world, "encode", lambda x: asked.append(len(x)) or encode(x))
    again = run(engine, bench.chunk())[-1]
    assert isinstance(run(engine, bench.learn(again.latents))[-1], Learned)
    assert not asked and same(z_of(first), z_of(again))
    write_take(bench.start, [picture(64, 2)], Fraction(8))
    other = run(engine, bench.chunk())[-1]
    assert asked == [1] and not same(z_of(first), z_of(other))
    engine.close()


def stages(engine, task) -> list[Progress | Preview]:
    return [e for e in run(engine, task) if isinstance(e, Progress | Preview)]


@pytest.mark.parametrize("fresh", [False, True])
def test_cancel_at_every_stage_of_a_chunk(bench, fresh):
    # A new engine is cancelled while loading too. Previews come by the clock, so without them.
    engine = InProcessEngine(device="cpu", previews=False, threads=1)
    many = 4
    if not fresh:
        result(engine, bench.chunk())
        many = len(stages(engine, bench.chunk()))
    for at in range(many):
        if fresh:
            engine.close()
        task, token, seen = bench.chunk(), CancelToken(), []

        def stop(event, at=at, token=token, seen=seen):
            seen.append(event)
            if len(seen) == at + 1:
                token.cancel()

        events = run(engine, task, token, on_event=stop)
        assert isinstance(events[-1], Cancelled), events[-1]
        assert len(events) == at + 2, "it did not stop within one step"
        assert files_below(task.out_dir) == []
    engine.close()


def test_cancel_at_a_preview(engine, bench):
    task, token = bench.chunk(), CancelToken()
    events = run(
        engine, task, token, on_event=lambda e: isinstance(e, Preview) and token.cancel()
    )
    assert isinstance(events[-2], Preview) and isinstance(events[-1], Cancelled)
    assert files_below(task.out_dir) == []


def test_cancel_at_every_stage_of_learning(engine, bench):
    one = result(engine, bench.chunk())
    good = result(engine, bench.learn(one.latents))
    many = len(stages(engine, bench.learn(one.latents)))
    assert many >= 6
    for at in range(many):
        task, token, seen = bench.learn(one.latents), CancelToken(), []

        def stop(event, at=at, token=token, seen=seen):
            seen.append(event)
            if len(seen) == at + 1:
                token.cancel()

        events = run(engine, task, token, on_event=stop)
        assert isinstance(events[-1], Cancelled) and len(events) == at + 2
        assert files_below(task.out_dir) == []
    again = result(engine, bench.learn(one.latents))
    assert Path(good.snapshot).read_bytes() == Path(again.snapshot).read_bytes()


def test_cancelled_before_it_began(engine, bench):
    token = CancelToken()
    token.cancel()
    task = bench.chunk()
    assert run(engine, task, token) == [Cancelled()]
    assert files_below(task.out_dir) == []


def test_an_abandoned_task_leaves_nothing(engine, bench):
    task = bench.chunk()
    events = engine.run(task, CancelToken(), PauseGate())
    while not (isinstance(event := next(events), Progress) and event.phase == "saving"):
        pass
    events.close()
    assert files_below(task.out_dir) == []


def test_who_stops_listening_after_the_last_event_has_the_files(engine, bench):
    task = bench.chunk()
    for event in engine.run(task, CancelToken(), PauseGate()):
        if isinstance(event, TakeReady):
            break
    assert len(files_below(task.out_dir)) == 3


def test_what_was_there_before_stays(engine, bench):
    task = bench.chunk()
    Path(task.out_dir).mkdir()
    (Path(task.out_dir) / "mine.txt").write_text("mine")
    token = CancelToken()
    run(engine, task, token, on_event=lambda e: token.cancel())
    assert files_below(task.out_dir) == ["mine.txt"]


def test_pause_and_resume_change_no_bit(engine, bench):
    expected = z_of(result(engine, bench.chunk()))
    pause, moments = PauseGate(), []

    def hold(event):
        moments.append(time.monotonic())
        if isinstance(event, Progress) and (event.phase, event.step) == ("sampling", 1):
            pause.pause()
            threading.Timer(0.3, pause.resume).start()

    ready = run(engine, bench.chunk(), pause=pause, on_event=hold)[-1]
    assert same(expected, z_of(ready))
    assert max(b - a for a, b in zip(moments, moments[1:])) >= 0.29


def test_cancel_while_paused(engine, bench):
    pause, token = PauseGate(), CancelToken()
    pause.pause()
    threading.Timer(0.2, token.cancel).start()
    assert isinstance(run(engine, bench.chunk(), token, pause)[-1], Cancelled)


# ---- trouble ------------------------------------------------------------------------------------


def assert_said(event, *words: str) -> None:
    assert isinstance(event, Failed), event
    assert "Traceback" not in event.message and event.message[-1] in ".!"
    for word in words:
        assert word in event.message, event.message


def test_a_world_that_is_not_there(engine, bench, tmp_path):
    assert_said(result(engine, bench.chunk(world_dir=str(tmp_path / "none"))), "no world")


def test_another_version_of_the_world(engine, bench):
    assert_said(result(engine, bench.chunk(world_hash="0" * 64)), "another version")


def test_the_memory_of_another_world_is_refused(engine, bench, tmp_path, other_world_dir):
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other", other_world_dir)
    one = result(engine, other.chunk())
    learned = result(engine, other.learn(one.latents))
    assert_said(result(engine, bench.chunk(snapshot=learned.snapshot)), "only fits the very world")
    mine = result(engine, bench.chunk())
    task = bench.learn(mine.latents, snapshot=learned.snapshot)
    assert_said(result(engine, task), "only fits the very world")
    assert files_below(task.out_dir) == []


@pytest.mark.parametrize("damage", ["truncated", "text", "gone", "huge"])
def test_broken_files_are_named(engine, bench, tmp_path, damage):
    one = result(engine, bench.chunk())
    broken = tmp_path / "broken.safetensors"
    data = Path(one.latents).read_bytes()
    if damage != "gone":
        broken.write_bytes({
            "truncated": data[: len(data) // 2], "text": b"hello, I am no tensor file" * 9,
            "huge": (1 << 60).to_bytes(8, "little") + data[8:],
        }[damage])
    task = bench.chunk((ContextRef(str(broken), 0, 4),))
    assert_said(result(engine, task), "broken.safetensors")
    assert files_below(task.out_dir) == []
    assert_said(result(engine, bench.chunk(snapshot=str(broken))), "broken.safetensors")
    assert isinstance(result(engine, bench.chunk()), TakeReady)


def test_frames_that_are_not_there(engine, bench):
    one = result(engine, bench.chunk())
    assert_said(result(engine, bench.chunk((ContextRef(one.latents, 4, 12),))), "frames")
    assert_said(result(engine, bench.chunk((ContextRef(str(bench.start), 0, 4),))), "fewer frames")


def test_a_start_of_the_wrong_size(engine, bench, tmp_path):
    from fractions import Fraction

    from core.media.encode import write_take

    write_take(tmp_path / "wide.mp4", [np.zeros((48, 96, 3), np.uint8)], Fraction(8))
    task = bench.chunk((ContextRef(str(tmp_path / "wide.mp4"), 0, 1),))
    assert_said(result(engine, task), "96×48", "64×64")


def test_a_full_disk(engine, bench):
    """/dev/full refuses every write, as a full disk does."""
    import os

    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    resource = pytest.importorskip("resource")
    task = bench.chunk()
    engine_ready = result(engine, task)
    assert isinstance(engine_ready, TakeReady)
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    task = bench.chunk()
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
        event = result(engine, task)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert_said(event, "not written")
    assert files_below(task.out_dir) == []
