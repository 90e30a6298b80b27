"""Where the bootstrap can't write its own files it says so in a sentence."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from installers import cli, steps
from installers.failure import no_file
from installers.pip import Pip
from installers.requirements import ROOT


def _said(number: int, name: str | None = "/opt/studio/.setup.lock") -> str:
    return no_file(OSError(number, os.strerror(number), name), Path("/opt/studio"))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_who_may_not_write_is_told_what_to_do(number: int) -> None:
    said = _said(number)
    assert said.startswith("The set-up can't use /opt/studio/.setup.lock: ")
    assert "copy the folder to where you may write" in said


def test_a_full_disk_is_told_without_a_name() -> None:
    said = _said(errno.ENOSPC, None)
    assert "a file in /opt/studio" in said and "The disk is full" in said


def test_what_nobody_thought_of_is_told_as_the_system_says_it() -> None:
    said = _said(errno.ELOOP)
    assert os.strerror(errno.ELOOP) in said and "run the same command again" in said


@pytest.fixture
def signals():
    """The command takes SIGTERM for itself."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("command", ["setup", "run", "test", "repair"])
def test_a_folder_in_the_lock_s_place_ends_in_a_sentence(
    command: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(cli, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(cli, "LOCK", tmp_path)
    assert cli.main([command]) == 1
    assert f"can't use {tmp_path}: " in capsys.readouterr().err


@pytest.mark.usefixtures("signals")
def test_a_log_that_can_t_be_written_ends_in_a_sentence(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    """As where an earlier set-up was another person's."""
    monkeypatch.setattr(cli, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(cli, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(steps, "LOG", tmp_path)  # a folder is not unlinked
    assert cli.main(["setup"]) == 1
    assert f"can't use {tmp_path}: " in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_disk_under_pip_s_log(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    with pytest.raises(OSError) as caught:
        Pip(tmp_path, "3.11", Path("/dev/full"), print).install(["--version"], 0)
    assert "The disk is full" in no_file(caught.value, tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may write everywhere")
def test_a_folder_of_somebody_else_s(tmp_path: Path) -> None:
    copy = tmp_path / "studio"
    for part in ("installers", "core/machine"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "core" / "__init__.py").touch()
    copy.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        done = subprocess.run(
            [sys.executable, str(copy / "installers" / "bootstrap.py"), "setup"],
            capture_output=True, text=True, timeout=60,
        )
    finally:
        copy.chmod(stat.S_IRWXU)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"can't use {copy / '.setup.lock'}: " in done.stderr
    assert "copy the folder to where you may write" in done.stderr
