"""The virtual environment at .venv: where its parts are, whether it is well, making it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from installers.failure import SetupFailure
from installers.stamp import Stamp, read_stamp, write_stamp

WINDOWS = os.name == "nt"


@dataclass(frozen=True)
class Absent:
    pass


@dataclass(frozen=True)
class Foreign:
    """Made by someone else; `works` tells whether its Python starts, is new enough and has pip."""

    works: bool
    python: str


@dataclass(frozen=True)
class Broken:
    reason: str
    stamp: Stamp


@dataclass(frozen=True)
class Usable:
    stamp: Stamp


Health = Absent | Foreign | Broken | Usable


def venv_python(venv: Path) -> Path:
    return venv / "Scripts" / "python.exe" if WINDOWS else venv / "bin" / "python"


def site_packages(venv: Path, python: str) -> Path:
    if WINDOWS:
        return venv / "Lib" / "site-packages"
    major, minor = python.split(".")[:2]
    return venv / "lib" / f"python{major}.{minor}" / "site-packages"


def installed(venv: Path, python: str) -> tuple[str, ...]:
    """The names of the *.dist-info folders."""
    try:
        names = os.listdir(site_packages(venv, python))
    except OSError:
        return ()
    return tuple(sorted(name for name in names if name.endswith(".dist-info")))


def started_version(venv: Path) -> str | None:
    """The version of the environment's Python, or None where it does not start."""
    command = [
        str(venv_python(venv)),
        "-I",
        "-S",
        "-c",
        "import sys; print('%d.%d.%d' % sys.version_info[:3])",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean_env())
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def inspect(venv: Path) -> Health:
    if not os.path.lexists(venv):
        return Absent()
    stamp, version = read_stamp(venv), started_version(venv)
    if stamp is None:
        if venv.is_dir() and not any(venv.iterdir()):
            return Absent()
        works = version is not None and _has_pip(venv, version) and _new_enough(version)
        return Foreign(works, version or "")
    if version is None:
        return Broken(f"its Python does not start ({venv_python(venv)})", stamp)
    if version.split(".")[:2] != stamp.python.split(".")[:2]:
        return Broken(f"it was made with Python {stamp.python}, which has become {version}", stamp)
    if not _has_pip(venv, version):
        return Broken("pip is missing from it", stamp)
    return Usable(stamp)


def lost_packages(venv: Path, stamp: Stamp) -> list[str]:
    """What was there at the last check and is gone: seen from one folder listing."""
    return sorted(set(stamp.packages) - set(installed(venv, stamp.python)))


def _has_pip(venv: Path, python: str) -> bool:
    folder = site_packages(venv, python)
    return (folder / "pip" / "__main__.py").is_file()


def _new_enough(version: str) -> bool:
    return tuple(int(part) for part in version.split(".")[:2]) >= (3, 11)


def base_python() -> str:
    """The Python below any environment: .venv may be remade while its own Python runs this."""
    return getattr(sys, "_base_executable", None) or sys.executable


def create(venv: Path) -> Stamp:
    """A new, empty environment. The stamp comes first, so that a stop leaves it known as ours."""
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupFailure(_no_ensurepip())
    version = "%d.%d.%d" % sys.version_info[:3]
    venv.mkdir(parents=True, exist_ok=True)
    stamp = Stamp(python=version)
    write_stamp(venv, stamp)
    command = [base_python(), "-m", "venv", str(venv)]
    done = subprocess.run(command, capture_output=True, text=True, env=clean_env())
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        if "ensurepip" in said:
            raise SetupFailure(_no_ensurepip())
        raise SetupFailure(f"The environment {venv} could not be made:\n{said}")
    return stamp


def _no_ensurepip() -> str:
    version = "%d.%d" % sys.version_info[:2]
    return (
        f"This Python ({sys.executable}) comes without pip for new environments. "
        "On Debian and Ubuntu one command brings it:\n"
        f"  sudo apt-get install -y python{version}-venv\n"
        "Then run the same command again."
    )


def remove(venv: Path) -> None:
    """Delete an environment of ours. Renamed first: half a deletion must not look like .venv."""
    doomed = venv.with_name(f"{venv.name}.removed-{os.getpid()}")
    try:
        os.replace(venv, doomed)
    except OSError as error:
        raise SetupFailure(
            f"{venv} could not be replaced ({error}). Close the studio and every terminal or "
            "editor that uses it, then run the same command again."
        ) from error
    shutil.rmtree(doomed, ignore_errors=True)


def sweep_removed(venv: Path) -> None:
    for leftover in venv.parent.glob(f"{venv.name}.removed-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def set_aside(venv: Path) -> Path:
    """Rename an environment that is not ours; nothing of it is deleted."""
    aside = venv.with_name(f"{venv.name}.old-{time.strftime('%Y%m%d-%H%M%S')}")
    os.replace(venv, aside)
    return aside


def clean_env(venv: Path | None = None) -> dict[str, str]:
    """The environment for a child Python, without what would lead it or pip elsewhere."""
    env = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__"):
        env.pop(name, None)
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON"):
        env.pop(name, None)
    env["PYTHONNOUSERSITE"] = "1"
    if venv is not None:
        env["VIRTUAL_ENV"] = str(venv)
        env["PATH"] = str(venv_python(venv).parent) + os.pathsep + env.get("PATH", "")
    return env
