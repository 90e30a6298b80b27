"""The set-up: from any state of .venv to one in which the studio runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from core.machine.backend import BACKENDS, NoBackend, choose_backend
from core.machine.probe import disk_free_mb, find_display, probe_machine, system_name
from installers import check, environment, requirements, system
from installers.console import Console
from installers.environment import Absent, Broken, Foreign, Usable
from installers.failure import SetupFailure, explain
from installers.pip import Pip
from installers.stamp import RUN_STEPS, TEST_STEPS, Stamp, write_stamp
from installers.wheels import torch_sources

ROOT = requirements.ROOT
VENV = ROOT / ".venv"
LOG = ROOT / ".setup.log"
LOCK = ROOT / ".setup.lock"


@dataclass(frozen=True)
class Wish:
    """What the person asked for."""

    tests: bool = False
    backend: str | None = None
    repair: bool = False
    recreate: bool = False
    system_packages: bool = True

    @property
    def steps(self) -> tuple[str, ...]:
        return TEST_STEPS if self.tests else RUN_STEPS


def ready(venv: Path, wish: Wish) -> bool:
    """Nothing to do: told from the stamp, one folder listing and one start of Python."""
    if wish.repair or wish.recreate:
        return False
    match environment.inspect(venv):
        case Usable(stamp):
            same = wish.backend in (None, stamp.backend)
            return (
                same and not stamp.lacks(wish.steps) and not environment.lost_packages(venv, stamp)
            )
    return False


class Setup:
    def __init__(self, wish: Wish, console: Console, lock: int, venv: Path = VENV):
        self.wish, self.console, self.lock, self.venv = wish, console, lock, venv
        self.stamp = Stamp(python="")

    def run(self) -> None:
        LOG.unlink(missing_ok=True)
        environment.sweep_removed(self.venv)
        with self.console.step("This machine"):
            backend, forced = self._choose()
        with self.console.step("System libraries"):
            lacking = self._system()
        with self.console.step("Environment"):
            made = self._environment(backend, forced)
            self._room(backend)
            if not made:
                self._mend()
        with self.console.step(f"torch for {backend}"):
            self._torch()
        with self.console.step("Packages"):
            self._packages()
        with self.console.step("Check"):
            self._check(lacking)
        if lacking:
            raise SetupFailure(lacking)

    # --- what to install ---

    def _choose(self) -> tuple[str, bool]:
        system.check_system(ROOT)
        if self.wish.backend:
            if self.wish.backend not in BACKENDS:
                raise SetupFailure(
                    f"There is no backend {self.wish.backend!r}: {', '.join(BACKENDS)}."
                )
            self.console.now(f"{self.wish.backend}, as you asked")
            return self.wish.backend, True
        health = environment.inspect(self.venv)
        stamp = health.stamp if isinstance(health, Usable | Broken) else None
        if stamp and stamp.forced:
            self.console.now(f"{stamp.backend}, as you asked before")
            return stamp.backend, True
        if stamp and stamp.backend and not self.wish.repair and not self.wish.recreate:
            self.console.now(f"{stamp.backend}, as before")
            return stamp.backend, False
        try:
            choice = choose_backend(probe_machine())
        except NoBackend as error:
            raise SetupFailure(str(error)) from error
        self.console.now(f"{choice.name}: {choice.reason}")
        if choice.advice:
            self.console.say(f"      For more speed: {choice.advice}")
        return choice.name, False

    def _system(self) -> str | None:
        shown = find_display()
        kind = shown.kind if shown.available else ""
        lacking = system.supply(kind, LOG, self.console.now, self.wish.system_packages)
        if lacking:
            self.console.say(f"      {lacking.splitlines()[0]} More about it at the end.")
        return lacking

    def _room(self, backend: str) -> None:
        need = requirements.DISK_NEEDED_MB[backend]
        if "torch" not in self.stamp.lacks(("torch",)):
            need = 500 if self.stamp.lacks(self.wish.steps) else 0
        free = disk_free_mb(self.venv)
        if free < need:
            raise SetupFailure(
                f"The set-up for {backend} needs about {need / 1024:.1f} GB and {self.venv.parent} "
                f"has {free / 1024:.1f} GB left. Free some space and run the same command again."
            )

    # --- the environment ---

    def _environment(self, backend: str, forced: bool) -> bool:
        """True when it was made now."""
        stamp = self._usable_stamp(backend)
        made = stamp is None
        if stamp is None:
            self.console.now("making .venv")
            stamp = environment.create(self.venv)
        self._record(replace(stamp, backend=backend, forced=forced))
        return made

    def _usable_stamp(self, backend: str) -> Stamp | None:
        """None where a new environment is to be made; the way is clear then."""
        say = self.console.say
        match environment.inspect(self.venv):
            case Absent():
                return None
            case Foreign(works=True, python=python) if not self.wish.recreate:
                say(
                    f"      {self.venv} was not made by this program. It works, so it is used: "
                    "what is missing is added to it, and versions are set to ours."
                )
                return Stamp(python=python)
            case Foreign():
                aside = environment.set_aside(self.venv)
                say(
                    f"      {self.venv} was not made by this program and does not serve. It is now "
                    f"{aside.name}; delete it when you do not need it."
                )
                return None
            case Broken(reason=reason):
                say(f"      .venv is broken: {reason}. It is made anew.")
            case Usable(stamp=stamp) if self.wish.recreate:
                say("      .venv is made anew, as you asked.")
            case Usable(stamp=stamp) if stamp.backend not in ("", backend):
                say(f"      torch changes from {stamp.backend} to {backend}: .venv is made anew.")
            case Usable(stamp=stamp):
                return stamp
        environment.remove(self.venv)
        return None

    def _mend(self) -> None:
        """Whatever an earlier run left half done, or someone deleted, is installed again."""
        lacks, lost = (
            self.stamp.lacks(self.wish.steps),
            environment.lost_packages(self.venv, self.stamp),
        )
        if not (lacks or lost or self.wish.repair):
            return
        self.console.now("looking for damage")
        faults = check.damaged(self.venv)
        if self.wish.repair:
            faults += check.wrong_versions(self.venv, "tests" in self.stamp.steps)
        self._forget(faults)
        names = [requirements.normal_name(name.split("-")[0]) for name in lost]
        self._record(self.stamp.without(steps_of(names)).without(("check",)))

    def _forget(self, faults: list[check.Fault]) -> None:
        """Remove the packages' records, so that pip installs them afresh over what is there."""
        self._record(self.stamp.without(steps_of([fault.package for fault in faults])))
        site = environment.site_packages(self.venv, self.stamp.python)
        for fault in faults:
            self.console.say(f"      {fault.package}: {fault.reason}; it is installed again.")
            for name in environment.installed(self.venv, self.stamp.python):
                if requirements.normal_name(name.split("-")[0]) == fault.package:
                    shutil.rmtree(site / name, ignore_errors=True)

    # --- packages ---

    def _pip(self) -> Pip:
        return Pip(self.venv, self.stamp.python, LOG, self.console.now, (self.lock,))

    def _torch(self) -> None:
        if not self.stamp.lacks(("torch",)):
            self.console.now("is there already")
            return
        self._record(self.stamp.without(("check",)))
        pip, said = self._pip(), ""
        for source in torch_sources(self.stamp.backend, system_name()):
            arguments = source.arguments(pip)
            if arguments is None:
                continue
            if source.note:
                self.console.say(f"      {source.note}")
                self._room(source.room_for)
            code, said = pip.try_install([*arguments, "-c", str(requirements.BASE)], 0)
            if code == 0:
                self._record(self.stamp.finished("torch"))
                return
            if "No matching distribution found for torch" not in said:
                break
        raise SetupFailure(f"{explain(said)}\nAll that pip said: {LOG}")

    def _packages(self) -> None:
        pip = self._pip()
        for step, path in (("packages", requirements.BASE), ("tests", requirements.TESTS)):
            if step not in self.wish.steps or not self.stamp.lacks((step,)):
                continue
            self._record(self.stamp.without(("check",)))
            keep = self._keep_torch()
            count = len(requirements.read_pins(path))
            pip.install(["-r", str(path), "-c", str(keep), "-c", str(requirements.BASE)], count)
            self._record(self.stamp.finished(step))

    def _keep_torch(self) -> Path:
        """A constraint that holds pip to the very build of torch that is installed."""
        names = environment.installed(self.venv, self.stamp.python)
        version = next((n[6:-10] for n in names if n.startswith("torch-")), None)
        if version is None:
            raise SetupFailure(
                "torch is not in .venv although it was just installed.\nLog: " + str(LOG)
            )
        path = self.venv / "keep-torch.txt"
        path.write_text(f"torch=={version}\n", encoding="utf-8")
        return path

    # --- the end ---

    def _check(self, lacking: str | None) -> None:
        if not self.stamp.lacks(("check",)):
            self.console.now("was well the last time")
            return
        faults = self._faults()
        again = [fault for fault in faults if not fault.is_system_library]
        if again:
            self._forget(again)
            self._torch()
            self._packages()
            faults = self._faults()
        if faults and not (lacking and all(fault.is_system_library for fault in faults)):
            told = "\n".join(f"  {fault.package}: {fault.reason}" for fault in faults)
            raise SetupFailure(
                f"These packages do not work:\n{told}\n"
                f"Try: bootstrap.py repair --recreate\nLog: {LOG}"
            )
        if not lacking:
            packages = environment.installed(self.venv, self.stamp.python)
            self._record(replace(self.stamp.finished("check"), packages=packages))

    def _faults(self) -> list[check.Fault]:
        self.console.now("files and versions")
        faults = check.damaged(self.venv) + check.wrong_versions(self.venv, self.wish.tests)
        return faults or check.failing_imports(self.venv, self.wish.tests, self.console.now)

    def _record(self, stamp: Stamp) -> None:
        self.stamp = stamp
        write_stamp(self.venv, stamp)


def steps_of(packages: Iterable[str]) -> set[str]:
    """The steps that install these packages; what no list names came with torch."""
    steps = set()
    for package in packages:
        if package in requirements.read_pins(requirements.BASE):
            steps.add("packages")
        elif package in requirements.read_pins(requirements.TESTS):
            steps.add("tests")
        else:
            steps.add("torch")
    return steps
