"""Is the finished environment whole? Asks verify.py, run by the environment's own Python."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from installers import requirements
from installers.environment import clean_env, venv_python

VERIFY = Path(__file__).resolve().parent / "verify.py"

# module → the package that brings it
RUN_MODULES = {
    "numpy": "numpy",
    "torch": "torch",
    "cv2": "opencv-python",
    "PIL.Image": "pillow",
    "av": "av",
    "imageio.v3": "imageio",
    "imageio_ffmpeg": "imageio-ffmpeg",
    "safetensors.torch": "safetensors",
    "huggingface_hub": "huggingface-hub",
    "keyring": "keyring",
    "platformdirs": "platformdirs",
    "filelock": "filelock",
    "psutil": "psutil",
    "PySide6.QtCore": "pyside6-essentials",
    "PySide6.QtGui": "pyside6-essentials",
    "PySide6.QtWidgets": "pyside6-essentials",
    "qtawesome": "qtawesome",
    "transformers": "transformers",
    "accelerate": "accelerate",
    "diffusers.models.modeling_utils": "diffusers",
    "peft": "peft",
    "torchao.quantization": "torchao",
}
TEST_MODULES = {
    "pytest": "pytest",
    "pytestqt.plugin": "pytest-qt",
    "pytest_timeout": "pytest-timeout",
    "xdist": "pytest-xdist",
    "importlinter": "import-linter",
    "numba": "numba",
}


@dataclass(frozen=True)
class Fault:
    package: str
    reason: str

    @property
    def is_system_library(self) -> bool:
        """A library of the system is missing, not of the package: reinstalling cannot help."""
        return "cannot open shared object file" in self.reason and ".so" in self.reason


def damaged(venv: Path) -> list[Fault]:
    """Packages whose recorded files are lost or changed in size."""
    return _faults(_ask(venv, "files"))


def wrong_versions(venv: Path, with_tests: bool) -> list[Fault]:
    pins = requirements.read_pins(requirements.BASE)
    if with_tests:
        pins |= requirements.read_pins(requirements.TESTS)
    return _faults(_ask(venv, "versions", json.dumps(pins)))


def failing_imports(venv: Path, with_tests: bool, show: Callable[[str], None]) -> list[Fault]:
    modules = RUN_MODULES | (TEST_MODULES if with_tests else {})
    left, faults = list(modules), []
    while left:
        last = None
        for word, name, reason in _imports(venv, left):
            last = name
            if word == "try":
                show(f"importing {name.partition('.')[0]}")
                continue
            left.remove(name)
            if word == "bad":
                faults.append(Fault(modules[name], reason))
        if not left:
            break
        # the process died inside one module: that one is broken, the others get a new process
        crashed = last if last in left else left[0]
        left.remove(crashed)
        faults.append(Fault(modules[crashed], f"importing {crashed} crashed Python"))
    return list(dict.fromkeys(faults))


def _imports(venv: Path, names: Iterable[str]):
    command = [str(venv_python(venv)), "-I", str(VERIFY), "imports", *names]
    env = {**clean_env(venv), "QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=env,
    ) as child:
        for line in child.stdout:
            word, _, rest = line.strip().partition(" ")
            name, _, reason = rest.partition(" ")
            if word in ("try", "ok", "bad"):
                yield word, name, reason


def _ask(venv: Path, *arguments: str) -> dict[str, str]:
    command = [str(venv_python(venv)), "-I", str(VERIFY), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=clean_env(venv))
    if done.returncode != 0:
        return {"": (done.stderr.strip().splitlines() or ["verify.py failed"])[-1]}
    return json.loads(done.stdout)


def _faults(found: dict[str, str]) -> list[Fault]:
    return [Fault(package, reason) for package, reason in found.items()]
