"""The playhead and how it moves.

Time-based: while playing, the frame is computed from the moment play began and whole numbers, so
that neither a late timer nor a rate such as 24000/1001 ever lets it drift.
"""

from __future__ import annotations

from fractions import Fraction

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

SPEEDS = (1, 2, 4, 8)
_SECOND = 1_000_000_000
_SHORTEST_MS = 8  # never more than about 120 ticks a second, however fast the shuttle


def frames_after(elapsed_ns: int, rate: Fraction, speed: int) -> int:
    """Whole frames passed after ``elapsed_ns`` at ``speed`` times ``rate``."""
    return elapsed_ns * rate.numerator * speed // (rate.denominator * _SECOND)


class Transport(QObject):
    frame_changed = Signal(int)
    playing_changed = Signal(bool)
    speed_changed = Signal(float)  # signed; negative plays backwards
    loop_changed = Signal(bool)
    length_changed = Signal(int)
    in_out_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._frame = 0
        self._length = 0
        self._rate = Fraction(24)
        self._in: int | None = None
        self._out: int | None = None
        self._loop = False
        self._playing = False
        self._review: tuple[int, int] | None = None  # played once, then back to its start
        self._direction = 1
        self._speed = 1
        self._anchor = 0
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)

    # -- what it is ---------------------------------------------------------------------------

    @property
    def frame(self) -> int:
        return self._frame

    @property
    def playing(self) -> bool:
        return self._playing

    @property
    def speed(self) -> float:
        """Signed: what playing runs at now, or would."""
        return float(self._direction * self._speed)

    @property
    def loop(self) -> bool:
        return self._loop

    @property
    def length(self) -> int:
        return self._length

    @property
    def rate(self) -> Fraction:
        return self._rate

    @property
    def in_point(self) -> int | None:
        return self._in

    @property
    def out_point(self) -> int | None:
        return self._out

    @property
    def play_range(self) -> tuple[int, int]:
        """[first, stop): what loops; the in/out range where it is set and not empty."""
        first = min(self._in or 0, self._length)
        stop = self._length if self._out is None else min(self._out, self._length)
        return (first, stop) if stop > first else (0, self._length)

    # -- settings -----------------------------------------------------------------------------

    def set_length(self, frames: int) -> None:
        frames = max(0, frames)
        if frames != self._length:
            self._length = frames
            self.length_changed.emit(frames)
            if self._playing and frames == 0:
                self.pause()

    def set_rate(self, rate: Fraction) -> None:
        if rate <= 0:
            raise ValueError(f"a rate must be above zero, not {rate}")
        if rate != self._rate:
            self._rate = Fraction(rate)
            self._restart()

    def set_loop(self, loop: bool) -> None:
        if loop != self._loop:
            self._loop = loop
            self.loop_changed.emit(loop)

    def set_in_out(self, in_point: int | None, out_point: int | None) -> None:
        if (in_point, out_point) != (self._in, self._out):
            self._in, self._out = in_point, out_point
            self.in_out_changed.emit()

    # -- moving -------------------------------------------------------------------------------

    def seek(self, frame: int) -> None:
        """Go there. Past the end is allowed: actions are written where nothing is made yet."""
        self._review = None
        self._show(max(0, int(frame)))
        self._restart()

    def step(self, frames: int) -> None:
        self.pause()
        self.seek(self._frame + frames)

    def to_start(self) -> None:
        self.seek(0)

    def to_end(self) -> None:
        self.seek(max(0, self._length - 1))

    def play(self) -> None:
        if self._playing or self._length == 0:
            return
        first, stop = self.play_range
        if self._direction > 0 and self._frame >= (stop if self._loop else self._length) - 1:
            self._show(first)
        elif self._direction < 0 and self._frame <= 0 and not self._loop:
            return
        self._playing = True
        self._restart()
        self.playing_changed.emit(True)

    def review(self, first: int, stop: int) -> None:
        """Play [first, stop) once and come back to ``first``, ready for Space."""
        self._set_speed(1, 1)
        self.seek(first)
        self.play()
        if self._playing and stop > first:
            self._review = (first, min(stop, self._length))

    @property
    def reviewing(self) -> bool:
        """Whether it plays what nobody asked it to: a part, once, to be judged."""
        return self._review is not None

    def pause(self) -> None:
        self._review = None
        if self._playing:
            self._playing = False
            self._timer.stop()
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Space: play forwards at normal speed, or stop."""
        if self._playing:
            self.pause()
        else:
            self._set_speed(1, 1)
            self.play()

    def shuttle(self, direction: int) -> None:
        """J (-1), K (0), L (1): the same key again is faster, the other way begins at 1."""
        if direction == 0:
            self.pause()
            self._set_speed(1, 1)
            return
        direction = 1 if direction > 0 else -1
        speed = 1
        if self._playing and direction == self._direction:
            speed = SPEEDS[min(SPEEDS.index(self._speed) + 1, len(SPEEDS) - 1)]
        self._set_speed(direction, speed)
        self.play()

    # -- inside -------------------------------------------------------------------------------

    def _set_speed(self, direction: int, speed: int) -> None:
        if (direction, speed) != (self._direction, self._speed):
            self._direction, self._speed = direction, speed
            self._restart()
            self.speed_changed.emit(self.speed)

    def _show(self, frame: int) -> None:
        if frame != self._frame:
            self._frame = frame
            self.frame_changed.emit(frame)

    def _restart(self) -> None:
        """Count time from here."""
        self._anchor = self._frame
        if self._playing:
            self._clock.start()
            self._schedule()

    def _tick(self) -> None:
        if not self._playing:
            return
        self.advance(self._clock.nsecsElapsed())
        if self._playing:
            self._schedule()

    def advance(self, elapsed_ns: int) -> None:
        """Show the frame that belongs ``elapsed_ns`` after play began."""
        target = self._anchor + self._direction * frames_after(elapsed_ns, self._rate, self._speed)
        if self._review is not None and target >= self._review[1]:
            first = self._review[0]
            self.pause()
            self._show(first)
            return
        first, stop = self.play_range
        inside = first <= self._anchor < stop
        if self._loop and inside and not first <= target < stop:
            target = first + (target - first) % (stop - first)
            self._show(target)
        elif 0 <= target < self._length:
            self._show(target)
        else:
            self._show(min(max(target, 0), max(0, self._length - 1)))
            self.pause()

    def _schedule(self) -> None:
        """Wake when the next frame is due, not sixty times a second."""
        elapsed = self._clock.nsecsElapsed()
        per_frame = _SECOND * self._rate.denominator
        done = frames_after(elapsed, self._rate, self._speed)
        due = -(-(done + 1) * per_frame // (self._rate.numerator * self._speed))
        self._timer.start(max(_SHORTEST_MS, -(-(due - elapsed) // 1_000_000)))
