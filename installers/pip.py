"""Running the environment's pip: its lines condensed for the person and kept whole in a log."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installers.environment import WINDOWS, clean_env, installed, venv_python
from installers.failure import SetupFailure, explain

INSTALL = (
    "install",
    # Building from source needs compilers and fails late and unclearly.
    *("--only-binary", ":all:"),
    # Compiling thousands of modules nobody imports takes longer than unpacking them; those in use
    # are compiled by the check's imports.
    "--no-compile",
    "--no-input",
    "--disable-pip-version-check",
)


class Condenser:
    """One short line a happening from pip's many."""

    def __init__(self, total: int):
        self.total, self.current = total, ""
        self.seen: list[str] = []

    def line(self, text: str) -> str | None:
        text = text.strip()
        if match := re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.\-]+)", text):
            return self._next(match[1])
        if match := re.match(r"Downloading (\S+?)(?: \((.+?)\))?$", text):
            wheel = match[1].rsplit("/", 1)[-1]
            if wheel.endswith(".metadata"):
                return None
            name, version = (wheel.split("-") + [""])[:2]
            self.current = f"{name} {version}" + (f" ({match[2]})" if match[2] else "")
            return f"downloading {self.current}"
        if match := re.match(r"Progress (\d+) of (\d+)$", text):
            done, size = int(match[1]), int(match[2])
            if size < 20 * 2**20:
                return None
            return f"downloading {self.current} {100 * done // size} %"
        if match := re.match(r"Processing (\S+\.whl)$", text):
            wheel = match[1].replace(os.sep, "/").rsplit("/", 1)[-1]
            return f"{self._next(wheel.split('-')[0])} from disk"
        if match := re.match(r"Installing collected packages: (.+)$", text):
            count = match[1].count(",") + 1
            return f"unpacking {count} package{'s' if count > 1 else ''}"
        return None

    def _next(self, name: str) -> str:
        self.current = name
        if name not in self.seen:
            self.seen.append(name)
        of = f" of {self.total}" if len(self.seen) <= self.total else ""
        return f"{len(self.seen)}{of}: {name}"


@dataclass
class Pip:
    venv: Path
    python: str  # the environment's version
    log: Path
    show: Callable[[str], None]
    inherit: tuple[int, ...] = ()  # descriptors, so that the lock outlives a killed bootstrap

    def install(self, arguments: list[str], total: int) -> None:
        """Raises SetupFailure with the reason in words; the log has pip's own."""
        code, said = self.try_install(arguments, total)
        if code != 0:
            raise SetupFailure(f"{explain(said)}\nAll that pip said: {self.log}")

    def try_install(self, arguments: list[str], total: int) -> tuple[int, str]:
        options = [*INSTALL]
        if self._version() >= (24, 1):
            options += ["--progress-bar", "raw"]
        return self._run([*options, *arguments], Condenser(total))

    def find_on_disk(self, requirement: str) -> str | None:
        """The version that pip's own configuration (find-links) gives without any index."""
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            arguments = ["--dry-run", "--no-index", "--no-deps", "--report", str(report), "--quiet"]
            code, _ = self._run([*INSTALL, *arguments, requirement], Condenser(0))
            if code != 0 or not report.is_file():
                return None
            found = json.loads(report.read_text(encoding="utf-8"))["install"]
        return found[0]["metadata"]["version"] if found else None

    def _version(self) -> tuple[int, ...]:
        for name in installed(self.venv, self.python):
            if match := re.match(r"pip-(\d+)\.(\d+)", name):
                return int(match[1]), int(match[2])
        return (0, 0)

    def _run(self, arguments: list[str], condenser: Condenser) -> tuple[int, str]:
        command = [str(venv_python(self.venv)), "-I", "-u", "-m", "pip", *arguments]
        said: list[str] = []
        with open(self.log, "a", encoding="utf-8", errors="replace") as log:
            log.write(f"\n$ {' '.join(command)}\n")
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**clean_env(self.venv), "PYTHONUTF8": "1", **self._temporary()},
                **({} if WINDOWS else {"pass_fds": self.inherit}),
            )
            try:
                with child.stdout as lines:
                    for line in lines:
                        short = condenser.line(line)
                        if not line.startswith("Progress "):
                            log.write(line)
                            said.append(line)
                        if short:
                            self.show(short)
                code = child.wait()
            except BaseException:
                end(child)
                log.write("(stopped)\n")
                raise
        return code, "".join(said)

    def _temporary(self) -> dict[str, str]:
        """A small /tmp (often memory) must not stop a large wheel: unpack beside .venv then."""
        if WINDOWS or os.environ.get("TMPDIR"):
            return {}
        status = os.statvfs(tempfile.gettempdir())
        if status.f_bavail * status.f_frsize > 6 * 2**30:
            return {}
        folder = self.venv / "tmp"
        folder.mkdir(exist_ok=True)
        return {"TMPDIR": str(folder)}


def end(child: subprocess.Popen) -> None:
    """Let pip stop cleanly: it cleans up after an interrupt, not after a kill."""
    try:
        child.wait(timeout=1)  # Ctrl-C has reached it as well
        return
    except subprocess.TimeoutExpired:
        pass
    for stop in (_interrupt, subprocess.Popen.terminate, subprocess.Popen.kill):
        stop(child)
        deadline = time.monotonic() + 10
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        if child.poll() is not None:
            return


def _interrupt(child: subprocess.Popen) -> None:
    child.terminate() if WINDOWS else child.send_signal(signal.SIGINT)
