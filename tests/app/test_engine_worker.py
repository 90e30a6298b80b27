"""The engine's thread: always one terminal event, never a traceback for the artist."""

from __future__ import annotations

import threading
import time

import pytest

from app.workers.engine_worker import EngineThread
from core.engine.control import CancelToken, PauseGate
from core.rollout.events import Cancelled, Failed, Preview, Progress


class Stepper:
    """An engine of the protocol that only counts."""

    device = "cpu"

    def __init__(self, steps: int = 5, error: Exception | None = None, silent: bool = False):
        self.steps, self.error, self.silent = steps, error, silent
        self.closed = False

    def run(self, task, token, pause):
        for step in range(self.steps):
            pause.wait(token)
            if token.cancelled:
                yield Cancelled()
                return
            if self.error is not None and step == 2:
                raise self.error
            yield Progress("sampling", step, self.steps)
            yield Preview(b"x", step, self.steps)
            time.sleep(0.01)
        if not self.silent:
            yield Failed("All steps are counted.", "a detail for the log")

    def close(self):
        self.closed = True


@pytest.fixture
def thread(qtbot):
    made = []

    def start(make):
        made.append(EngineThread(make))
        return made[-1]

    yield start
    for one in made:
        assert one.shut_down()


def run(qtbot, thread, token=None, pause=None):
    ends, events = [], []
    thread.worker.finished.connect(lambda key, event: ends.append(event))
    thread.worker.event.connect(lambda key, event: events.append(event))
    thread.worker.submit("task", None, token or CancelToken(), pause or PauseGate())
    qtbot.waitUntil(lambda: bool(ends), timeout=20_000)
    qtbot.wait(50)
    return ends, events


def test_one_terminal_event(qtbot, thread):
    ends, events = run(qtbot, thread(Stepper))
    assert ends == [Failed("All steps are counted.", "a detail for the log")]
    assert all(isinstance(e, Progress | Preview) for e in events)


def test_an_exception_becomes_one_sentence(qtbot, thread, caplog):
    ends, _ = run(qtbot, thread(lambda: Stepper(error=RuntimeError("the card fell off\nline two"))))
    assert len(ends) == 1
    assert "the card fell off" in ends[0].message
    assert "Traceback" not in ends[0].message and "\n" not in ends[0].message
    assert "RuntimeError" in caplog.text  # the log has it whole


def test_out_of_memory_says_what_to_do(qtbot, thread):
    ends, _ = run(qtbot, thread(lambda: Stepper(error=MemoryError())))
    assert "out of memory" in ends[0].message


def test_an_engine_that_cannot_start_is_a_failed_task(qtbot, thread):
    def broken():
        raise ImportError("no torch here")

    ends, _ = run(qtbot, thread(broken))
    assert isinstance(ends[0], Failed) and "no torch here" in ends[0].message


def test_an_engine_that_ends_without_a_word(qtbot, thread):
    ends, _ = run(qtbot, thread(lambda: Stepper(silent=True)))
    assert len(ends) == 1 and isinstance(ends[0], Failed)


class Gate(PauseGate):
    """Tells when a task has come to it and stands."""

    def __init__(self):
        super().__init__()
        self.held = threading.Event()

    def wait(self, token):
        if self.paused:
            self.held.set()
        super().wait(token)


def test_cancel_and_pause_act_between_steps(qtbot, thread):
    engine = thread(lambda: Stepper(steps=10_000))
    token, pause, ends, events = CancelToken(), Gate(), [], []
    engine.worker.finished.connect(lambda key, event: ends.append(event))
    engine.worker.event.connect(lambda key, event: events.append(event))
    engine.worker.submit("task", None, token, pause)
    qtbot.waitUntil(lambda: len(events) > 2, timeout=20_000)
    pause.pause()
    qtbot.waitUntil(pause.held.is_set, timeout=20_000)
    qtbot.wait(20)  # what it had sent before
    seen = len(events)
    qtbot.wait(250)
    assert len(events) == seen
    token.cancel()
    qtbot.waitUntil(lambda: bool(ends), timeout=20_000)
    assert ends == [Cancelled()]


def test_previews_come_at_most_ten_times_a_second(qtbot, thread):
    began = time.monotonic()
    _, events = run(qtbot, thread(lambda: Stepper(steps=60)))
    seconds = time.monotonic() - began
    assert sum(isinstance(e, Preview) for e in events) <= seconds * 10 + 2


def test_the_engine_is_closed_on_its_thread(qtbot):
    engine = Stepper()
    thread = EngineThread(lambda: engine)
    run(qtbot, thread)
    assert thread.shut_down()
    assert engine.closed
