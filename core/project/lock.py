"""One studio a project: a small file with the process and the machine that has it open."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from core.project.atomic import remove_quietly, write_atomic
from core.project.errors import ProjectError, ProjectLocked

NAME = ".lock"


@dataclass(frozen=True)
class Holder:
    pid: int
    host: str
    born: str  # when the process began, as the system counts; "" = not known
    token: str


class Lock:
    """Held from ``acquire`` until ``release``, or until the process is gone."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        me = os.getpid()
        self._me = Holder(me, socket.gethostname(), _born(me), secrets.token_hex(8))

    def acquire(self, take_over: bool = False) -> None:
        """Raises ``ProjectLocked`` where a living process has it, ``OSError`` where nothing can be
        written. ``take_over`` takes it from another machine, of which nobody can tell if it lives.
        """
        with _alone(self._path.parent):
            holder = self.holder()
            if holder is not None:
                _refuse(holder, take_over)
            self._write()

    def assure(self) -> None:
        """Before a write: still mine? A lock file that somebody removed is put back."""
        holder = self.holder()
        if holder is None:
            self._write()
        elif holder.token != self._me.token:
            raise ProjectError(
                f"The project was taken over by another studio (process {holder.pid} on "
                f"{holder.host}). Nothing was saved over its work; save a copy instead."
            )

    def release(self) -> None:
        holder = self.holder()
        if holder is not None and holder.token == self._me.token:
            remove_quietly(self._path)

    def holder(self) -> Holder | None:
        """Who holds it; None when nobody does, or when what is written there makes no sense."""
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
            pid, host = data["pid"], data["host"]
            if type(pid) is not int or type(host) is not str:
                return None
            return Holder(pid, host, str(data.get("born", "")), str(data.get("token", "")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def _write(self) -> None:
        write_atomic(self._path, json.dumps(asdict(self._me)).encode())


def _refuse(holder: Holder, take_over: bool) -> None:
    where = f"process {holder.pid} on {holder.host}"
    if holder.host != socket.gethostname():
        if not take_over:
            raise ProjectLocked(
                f"The project seems to be open in another studio ({where}). Close it there; if it "
                f"is not running any more, open the project anyway, or delete the file {NAME} in "
                "the project's folder.",
                holder.pid,
                holder.host,
                seen=False,
            )
    elif alive(holder.pid) and (not holder.born or holder.born == _born(holder.pid)):
        raise ProjectLocked(
            f"The project is already open in another studio ({where}). Close it there first.",
            holder.pid,
            holder.host,
            seen=True,
        )


def alive(pid: int) -> bool:
    """Whether a process with this number runs on this machine."""
    if pid <= 0:
        return False
    if os.name == "nt":
        return _alive_windows(pid)
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # somebody else's, but it lives
    except (ProcessLookupError, OverflowError):
        return False
    return _stat(pid)[:1] != ["Z"]  # ended, only its parent has not looked yet


def _alive_windows(pid: int) -> bool:
    import ctypes

    if pid >= 2**32:
        return False
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return bool(kernel.GetLastError() == 5)  # access denied: it lives
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == 259  # STILL_ACTIVE


def _born(pid: int) -> str:
    """Tells a process from a later one with the same number, where the system says (Linux)."""
    stat = _stat(pid)
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return f"{boot}:{stat[19]}" if len(stat) > 19 else ""


def _stat(pid: int) -> list[str]:
    """The fields of a process after its name: first the state, the 20th when it began; [] where
    the system does not say."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name, in parentheses, may hold anything


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No two processes look at one lock file at the same moment (where the system can do that)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
