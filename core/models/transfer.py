"""One file from the hub onto the disk: resumed, verified, and left within a moment when asked.

A thread only reads the network and hands chunks over; the one who called writes and hashes them.
So stopping never waits for a silent line, and nothing is written after ``run`` has returned.
"""

from __future__ import annotations

import hashlib
import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.models.errors import ModelError, NoConnection, Stopped, WrongContent, disk_trouble
from core.models.hub import Hub, RemoteFile
from core.models.offers import Offer
from core.models.patience import Patience, sleep
from core.models.sizes import size as words
from core.project.atomic import replace_file

PART = ".part"  # what is behind the name of a file that is not whole yet
_AHEAD = 64  # chunks read before they are written: some MB
_LOOK = 0.1
_BLOCK = 1 << 20


class Pump:
    """Reads one answer on a thread. Messages: ("head", start, total), ("data", bytes), ("end",)."""

    def __init__(self, hub: Hub, offer: Offer, commit: str, name: str, start: int):
        self._ask = (offer, commit, name, start)
        self._hub = hub
        self._messages: queue.Queue[tuple[Any, ...]] = queue.Queue(_AHEAD)
        self._left = threading.Event()
        threading.Thread(target=self._run, name="hub-file", daemon=True).start()

    def _run(self) -> None:
        try:
            with self._hub.stream(*self._ask) as answer:
                self._put(("head", answer.start, answer.total))
                for chunk in answer.chunks:
                    if not self._put(("data", chunk)):
                        return
            self._put(("end",))
        except BaseException as error:
            self._put(("error", error))

    def _put(self, message: tuple[Any, ...]) -> bool:
        while not self._left.is_set():
            try:
                self._messages.put(message, timeout=_LOOK)
                return True
            except queue.Full:
                pass
        return False

    def messages(self, cancelled: Callable[[], bool]) -> Iterator[tuple[Any, ...]]:
        """Until the end; raises what the network raised, or Stopped."""
        try:
            while True:
                if cancelled():
                    raise Stopped
                try:
                    message = self._messages.get(timeout=_LOOK)
                except queue.Empty:
                    continue
                if message[0] == "error":
                    raise message[1]
                if message[0] == "end":
                    return
                yield message
        finally:
            self._left.set()


class Transfer:
    """``target`` is written whole or not at all; beside it ``target.part`` keeps what there is.

    ``moved`` is told how many bytes of the file are there, ``checking`` whether they are being
    read from the disk, ``waiting`` why and how long nothing happens.
    """

    def __init__(
        self,
        hub: Hub,
        offer: Offer,
        commit: str,
        file: RemoteFile,
        target: Path,
        cancelled: Callable[[], bool] = lambda: False,
        moved: Callable[[int], None] = lambda position: None,
        checking: Callable[[bool], None] = lambda on: None,
        waiting: Callable[[float, ModelError], None] = lambda seconds, error: None,
        patience: Patience = Patience(),  # noqa: B008 (frozen)
    ):
        self._hub, self._offer, self._commit = hub, offer, commit
        self._file, self._target = file, target
        self._part = target.with_name(target.name + PART)
        self._cancelled, self._moved = cancelled, moved
        self._checking, self._waiting = checking, waiting
        self._patience = patience
        self._handle = -1
        self._position = 0
        self._begin_hashes()

    def run(self) -> str:
        """Fetch and verify; returns the file's sha256, hex. Raises ModelError or Stopped."""
        for attempt in (1, 2):
            try:
                with self._open():
                    self._take_up()
                    self._fetch()
                    self._verify()
                    self._sync()
            except WrongContent:
                self._drop()
                if attempt == 2:
                    raise
            else:
                try:
                    replace_file(self._part, self._target)
                except OSError as error:
                    raise disk_trouble(self._target, error) from error
                return self._sha256.hexdigest()
        raise AssertionError

    # -- the part on the disk --------------------------------------------------------------------

    @contextmanager
    def _open(self) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        try:
            self._handle = os.open(self._part, flags | getattr(os, "O_CLOEXEC", 0), 0o644)
        except OSError as error:
            raise disk_trouble(self._part, error) from error
        try:
            yield
        finally:
            handle, self._handle = self._handle, -1
            os.close(handle)

    def _take_up(self) -> None:
        """Hash what an earlier run left."""
        self._begin_hashes()
        self._position = 0
        there = os.fstat(self._handle).st_size
        if there > self._file.size:
            self._back_to_start()
            return
        if there:
            self._checking(True)
        try:
            while self._position < there:
                if self._cancelled():
                    raise Stopped
                self._count(os.read(self._handle, _BLOCK))
        except OSError as error:
            raise disk_trouble(self._part, error) from error
        finally:
            if there:
                self._checking(False)

    def _back_to_start(self) -> None:
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        self._position = 0
        self._begin_hashes()
        self._moved(0)

    def _write(self, chunk: bytes) -> None:
        """What is counted and hashed is exactly what lies on the disk, also when it is full."""
        view = memoryview(chunk)
        while view:
            try:
                written = os.write(self._handle, view)
            except OSError as error:
                raise disk_trouble(self._part, error) from error
            self._count(view[:written])
            view = view[written:]

    def _sync(self) -> None:
        try:
            os.fsync(self._handle)
        except OSError as error:  # some disks say only now that they are full
            raise disk_trouble(self._part, error) from error

    def _drop(self) -> None:
        try:
            self._part.unlink(missing_ok=True)
        except OSError as error:
            raise disk_trouble(self._part, error) from error

    # -- the network -----------------------------------------------------------------------------

    def _fetch(self) -> None:
        failures = 0
        while self._position < self._file.size:
            before = self._position
            try:
                self._read_on()
                if self._position < self._file.size:
                    raise NoConnection(
                        "The hub stopped in the middle of a file.", "Try again in a while."
                    )
            except ModelError as error:
                failures = 0 if self._position > before else failures
                pause = self._patience.pause_before(failures, error)
                if pause is None:
                    raise
                failures += 1
                self._waiting(pause, error)
                sleep(pause, self._cancelled)

    def _read_on(self) -> None:
        file = self._file
        pump = Pump(self._hub, self._offer, self._commit, file.name, self._position)
        for message in pump.messages(self._cancelled):
            if message[0] == "head":
                _, start, total = message
                if total is not None and total != file.size:
                    raise self._wrong(
                        f"has {words(total)} instead of the {words(file.size)} of its list"
                    )
                if start not in (0, self._position):
                    raise self._wrong("begins in another place than was asked for")
                if start != self._position:
                    self._back_to_start()  # the hub gives the whole file only
                continue
            if self._position + len(message[1]) > file.size:
                raise self._wrong(f"goes on after the {words(file.size)} of its list")
            self._write(message[1])

    # -- hashes ----------------------------------------------------------------------------------

    def _begin_hashes(self) -> None:
        self._sha256 = hashlib.sha256()
        self._sha1 = hashlib.sha1(f"blob {self._file.size}\0".encode(), usedforsecurity=False)

    def _count(self, chunk: bytes | memoryview) -> None:
        self._sha256.update(chunk)
        if self._file.blob:
            self._sha1.update(chunk)
        self._position += len(chunk)
        self._moved(self._position)

    def _verify(self) -> None:
        file = self._file
        fine = (
            self._sha256.hexdigest() == file.sha256 if file.sha256
            else self._sha1.hexdigest() == file.blob
        )  # fmt: skip
        if not fine:
            raise self._wrong("has another checksum than its list says")

    def _wrong(self, what: str) -> WrongContent:
        return WrongContent(
            f"{self._file.name} {what}, twice: what the hub gives for it is damaged. That file was "
            "thrown away.",
            "Try again later; in a company's network, ask what changes downloads.",
        )
