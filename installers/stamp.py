"""What has been installed in .venv: a small file in it, written after each finished step."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from installers import requirements

NAME = "slowfast-setup.json"
SCHEMA = 1

RUN_STEPS = ("torch", "packages", "check")
TEST_STEPS = ("torch", "packages", "tests", "check")


@dataclass(frozen=True)
class Stamp:
    python: str  # "3.11.7", the environment's own
    backend: str = ""
    forced: bool = False  # chosen by the person with --backend, not by the probe
    steps: dict[str, str] = field(default_factory=dict)  # finished step → hash of its pins
    packages: tuple[str, ...] = ()  # the *.dist-info folders at the last good check
    schema: int = SCHEMA

    def finished(self, step: str) -> Stamp:
        return replace(self, steps={**self.steps, step: step_hash(step, self.backend)})

    def without(self, steps: Iterable[str]) -> Stamp:
        return replace(self, steps={k: v for k, v in self.steps.items() if k not in steps})

    def lacks(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """The steps that were never finished or whose pins have changed since."""
        return tuple(s for s in wanted if self.steps.get(s) != step_hash(s, self.backend))


def step_hash(step: str, backend: str) -> str:
    match step:
        case "torch":
            return requirements.set_hash(requirements.backend_file(backend)) if backend else ""
        case "packages":
            return requirements.set_hash(requirements.BASE)
        case "tests":
            return requirements.set_hash(requirements.TESTS)
        case "check":
            return "ok"
    raise ValueError(f"no such step: {step}")


def read_stamp(venv: Path) -> Stamp | None:
    """None where there is none, or one that cannot be read: both mean not set up by us."""
    try:
        values = json.loads((venv / NAME).read_text(encoding="utf-8"))
        if values["schema"] != SCHEMA:
            return None
        return Stamp(
            python=str(values["python"]),
            backend=str(values["backend"]),
            forced=bool(values["forced"]),
            steps=dict(values["steps"]),
            packages=tuple(values["packages"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_stamp(venv: Path, stamp: Stamp) -> None:
    temporary = venv / (NAME + ".new")
    temporary.write_text(json.dumps(asdict(stamp), indent=1), encoding="utf-8")
    os.replace(temporary, venv / NAME)
