"""Time: exact at every rate and speed, whatever the timers do."""

from __future__ import annotations

from fractions import Fraction

import pytest

from app.state import timecode
from app.state.transport import Transport, frames_after

SECOND = 1_000_000_000


@pytest.fixture
def transport(qtbot) -> Transport:
    t = Transport()
    t.set_rate(Fraction(12))
    t.set_length(120)
    return t


def test_an_hour_at_ntsc_does_not_drift():
    rate = Fraction(24000, 1001)
    assert frames_after(3600 * SECOND, rate, 1) == 3600 * 24000 // 1001
    assert frames_after(1001 * SECOND, rate, 1) == 24000
    assert frames_after(1001 * SECOND - 1, rate, 1) == 23999
    assert frames_after(SECOND, Fraction(12), 8) == 96


def test_every_frame_of_a_minute_is_shown_once(transport):
    """Ticks that come late or early change nothing about which frame belongs to a moment."""
    shown = []
    transport.set_length(10_000)
    transport.frame_changed.connect(shown.append)
    transport.toggle()
    for k in range(1, 721):
        transport.advance(-(-k * SECOND // 12))
    assert shown == list(range(1, 721))


def test_shuttle_speeds(transport):
    speeds = []
    transport.speed_changed.connect(speeds.append)
    transport.seek(60)
    for _ in range(5):
        transport.shuttle(1)
    assert transport.speed == 8 and transport.playing
    transport.shuttle(-1)
    assert transport.speed == -1
    transport.shuttle(-1)
    transport.advance(SECOND)
    assert transport.frame == 60 - 24
    transport.shuttle(0)
    assert not transport.playing and transport.speed == 1
    assert speeds == [2, 4, 8, -1, -2, 1]


def test_it_stops_at_both_ends(transport):
    transport.seek(110)
    transport.toggle()
    transport.advance(5 * SECOND)
    assert (transport.frame, transport.playing) == (119, False)
    transport.toggle()  # at the end: again from the start
    assert transport.frame == 0 and transport.playing
    transport.seek(10)
    transport.shuttle(-1)
    transport.advance(60 * SECOND)
    assert (transport.frame, transport.playing) == (0, False)
    transport.shuttle(-1)  # there is nothing before the start
    assert not transport.playing


def test_loop_runs_the_range(transport):
    transport.set_in_out(24, 48)
    transport.set_loop(True)
    transport.seek(30)
    transport.toggle()
    transport.advance(SECOND + SECOND // 2)  # 18 frames on: exactly the out point
    assert transport.frame == 24
    transport.advance(SECOND * 10)
    assert transport.frame == 24 + (30 - 24 + 120) % 24
    transport.shuttle(-1)
    transport.seek(24)
    transport.advance(SECOND // 12 + 1)
    assert transport.frame == 47
    transport.set_in_out(None, None)
    assert transport.play_range == (0, 120)


def test_stepping_stops_and_never_goes_below_zero(transport):
    transport.toggle()
    transport.step(-5)
    assert (transport.frame, transport.playing) == (0, False)
    transport.step(3)
    transport.seek(500)  # actions are written where nothing is made yet
    assert transport.frame == 500
    transport.to_end()
    assert transport.frame == 119


def test_it_really_plays_in_real_time(transport, qtbot):
    """However late a busy machine ticks: each tick shows the frame of its own moment."""
    rate, shown = Fraction(50), []
    transport.set_rate(rate)
    transport.set_length(1_000_000)
    clock = transport._clock
    transport.frame_changed.connect(
        lambda frame: shown.append((frame, frames_after(clock.nsecsElapsed(), rate, 1)))
    )
    transport.toggle()
    qtbot.waitUntil(lambda: len(shown) > 5, timeout=60_000)  # by itself, again and again
    assert all(frame <= latest for frame, latest in shown), "never ahead of the clock"
    qtbot.wait(100)
    earliest = frames_after(clock.nsecsElapsed(), rate, 1)
    transport._tick()
    latest = frames_after(clock.nsecsElapsed(), rate, 1)
    assert earliest <= transport.frame <= latest
    transport.pause()


def test_empty_and_wrong(transport):
    transport.set_length(0)
    transport.toggle()
    assert not transport.playing
    with pytest.raises(ValueError, match="above zero"):
        transport.set_rate(Fraction(0))


def test_timecode_both_ways():
    rate = Fraction(24000, 1001)
    for frame in (0, 23, 24, 1439, 1440, 86399, 24 * 3600 * 3 + 7):
        assert timecode.from_timecode(timecode.to_timecode(frame, rate), rate) == frame
    assert timecode.to_timecode(12 * 75 + 7, Fraction(12)) == "00:01:15:07"


@pytest.mark.parametrize(
    "text, frame",
    [
        ("2:03", 27), ("1:02:03", 747), ("3.5s", 42), (" 40 ", 40), ("40f", 40), ("+12", 112),
        ("-1:00", 88), ("-900", 0), ("", None), ("abc", None), ("1:2:3:4:5", None), ("1::2", None),
    ],
)  # fmt: skip
def test_times_as_people_type_them(text, frame):
    assert timecode.from_timecode(text, Fraction(12), now=100) == frame


def test_a_review_plays_once_and_comes_back_to_its_start(transport):
    transport.review(48, 60)
    assert transport.playing and transport.frame == 48
    transport.advance(SECOND // 2)
    assert transport.frame == 54
    transport.advance(SECOND)
    assert not transport.playing and transport.frame == 48, "Space plays it again"
    transport.toggle()
    transport.advance(2 * SECOND)
    assert transport.frame == 72, "and goes on behind it"
    transport.pause()


def test_a_review_ends_when_the_artist_takes_over(transport):
    transport.review(48, 60)
    transport.seek(10)
    transport.advance(5 * SECOND)
    assert transport.frame == 70 and transport.playing
    transport.pause()
