"""What the stamp remembers, and when it no longer counts."""

import pytest

from installers import requirements
from installers.stamp import NAME, RUN_STEPS, TEST_STEPS, Stamp, read_stamp, write_stamp
from installers.steps import steps_of


def finished(stamp: Stamp, steps=RUN_STEPS) -> Stamp:
    for step in steps:
        stamp = stamp.finished(step)
    return stamp


def test_steps_are_remembered_one_by_one():
    stamp = Stamp("3.11.7", "cpu")
    assert stamp.lacks(RUN_STEPS) == RUN_STEPS
    stamp = stamp.finished("torch")
    assert stamp.lacks(RUN_STEPS) == ("packages", "check")
    stamp = finished(stamp)
    assert stamp.lacks(RUN_STEPS) == ()
    assert stamp.lacks(TEST_STEPS) == ("tests",)


def test_a_change_asks_for_a_new_check():
    assert finished(Stamp("3.11.7", "cpu")).without(("check",)).lacks(RUN_STEPS) == ("check",)


def test_changed_pins_are_noticed(tmp_path, monkeypatch):
    stamp = finished(Stamp("3.11.7", "cpu"))
    changed = tmp_path / "base.txt"
    changed.write_text("numpy==9.9\n")
    monkeypatch.setattr(requirements, "BASE", changed)
    assert stamp.lacks(RUN_STEPS) == ("packages",)


def test_another_backend_needs_another_torch():
    stamp = finished(Stamp("3.11.7", "cpu"))
    other = Stamp("3.11.7", "cuda", steps=stamp.steps)
    assert other.lacks(RUN_STEPS) == ("torch",)


def test_round_trip(tmp_path):
    stamp = finished(Stamp("3.12.1", "mps", forced=True, packages=("numpy-2.dist-info",)))
    write_stamp(tmp_path, stamp)
    assert read_stamp(tmp_path) == stamp


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 99}', '{"schema": 1}'])
def test_an_unreadable_stamp_is_none(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    assert read_stamp(tmp_path) is None


def test_no_stamp(tmp_path):
    assert read_stamp(tmp_path / "nowhere") is None


def test_only_the_steps_concerned_are_done_again():
    assert steps_of([]) == set()
    assert steps_of(["numpy", "pyside6-essentials"]) == {"packages"}
    assert steps_of(["pytest", "triton"]) == {"tests", "torch"}
