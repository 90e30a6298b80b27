"""Real environments and a real pip with a wheel of our own: made, damaged, known, mended."""

import io
import json
import os
import shutil
import sys
import zipfile
from dataclasses import replace

import pytest

from installers import check, environment
from installers.console import Console
from installers.environment import Absent, Broken, Foreign, Usable
from installers.failure import SetupFailure
from installers.pip import Pip
from installers.stamp import NAME, Stamp, read_stamp, write_stamp
from installers.steps import Setup, Wish
from installers.wheels import OnDisk


def make_wheel(folder, version="1.0+disk"):
    """A whole wheel of two files, written by hand."""
    info = f"tinything-{version}.dist-info"
    files = {
        "tinything/__init__.py": f"VERSION = {version!r}\n",
        "tinything/data.txt": "some words\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tinything\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = folder / f"tinything-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        rows = "".join(f"{name},,{len(text)}\n" for name, text in files.items())
        wheel.writestr(f"{info}/RECORD", rows + f"{info}/RECORD,,\n")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One environment with the small package, made as the bootstrap makes it."""
    folder = tmp_path_factory.mktemp("env")
    venv, wheels = folder / ".venv", folder / "wheels"
    wheels.mkdir()
    make_wheel(wheels)
    stamp = environment.create(venv)
    pip = Pip(venv, stamp.python, folder / "log", lambda line: None)
    pip.install(["--no-index", "--find-links", str(wheels), "tinything"], 1)
    packages = environment.installed(venv, stamp.python)
    write_stamp(venv, replace(stamp, backend="cpu", packages=packages))
    return venv


@pytest.fixture
def venv(made, tmp_path):
    """A copy to damage: links stay links, so this is quick."""
    return shutil.copytree(made, tmp_path / ".venv", symlinks=True)


def site(venv):
    return environment.site_packages(venv, sys.version.split()[0])


def setup_of(venv, **wish) -> tuple[Setup, io.StringIO]:
    out = io.StringIO()
    setup = Setup(Wish(**wish), Console(1, out), lock=0, venv=venv)
    setup.stamp = read_stamp(venv) or Stamp("")
    return setup, out


def test_a_good_one_is_usable(venv):
    health = environment.inspect(venv)
    assert isinstance(health, Usable)
    assert environment.lost_packages(venv, health.stamp) == []
    assert check.damaged(venv) == []


def test_nothing_there(tmp_path):
    assert environment.inspect(tmp_path / ".venv") == Absent()
    (tmp_path / ".venv").mkdir()
    assert environment.inspect(tmp_path / ".venv") == Absent()


def test_python_gone(venv):
    environment.venv_python(venv).unlink()
    health = environment.inspect(venv)
    assert isinstance(health, Broken)
    assert "does not start" in health.reason
    setup, out = setup_of(venv)
    assert setup._usable_stamp("cpu") is None
    assert not venv.exists()
    assert "made anew" in out.getvalue()


def test_python_of_another_version(venv):
    stamp = read_stamp(venv)
    write_stamp(venv, replace(stamp, python="3.9.1"))
    health = environment.inspect(venv)
    assert isinstance(health, Broken)
    assert "3.9.1" in health.reason


def test_pip_gone(venv):
    shutil.rmtree(site(venv) / "pip")
    assert isinstance(environment.inspect(venv), Broken)


def test_a_stop_while_making_leaves_it_known_as_ours(tmp_path):
    venv = tmp_path / ".venv"
    venv.mkdir()
    write_stamp(venv, Stamp("3.11.7"))
    assert isinstance(environment.inspect(venv), Broken)


def test_one_that_works_but_is_not_ours_is_used_and_said_so(venv):
    (venv / NAME).unlink()
    assert environment.inspect(venv) == Foreign(True, "%d.%d.%d" % sys.version_info[:3])
    setup, out = setup_of(venv)
    assert setup._usable_stamp("cpu") is not None
    assert "not made by this program" in out.getvalue()
    assert (site(venv) / "tinything").is_dir()


def test_one_that_does_not_work_and_is_not_ours_is_set_aside(venv):
    (venv / NAME).unlink()
    environment.venv_python(venv).unlink()
    setup, out = setup_of(venv)
    assert setup._usable_stamp("cpu") is None
    (aside,) = venv.parent.glob(".venv.old-*")
    assert (aside / "pyvenv.cfg").is_file()
    assert aside.name in out.getvalue()


def test_another_backend_makes_it_anew(venv):
    setup, out = setup_of(venv)
    assert setup._usable_stamp("cuda") is None
    assert "from cpu to cuda" in out.getvalue()


def test_a_deleted_package_is_seen_from_the_listing(venv):
    shutil.rmtree(site(venv) / "tinything-1.0+disk.dist-info")
    stamp = read_stamp(venv)
    assert environment.lost_packages(venv, stamp) == ["tinything-1.0+disk.dist-info"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda s: (s / "tinything/data.txt").unlink(), "file lost: tinything/data.txt"),
        (lambda s: (s / "tinything/data.txt").write_text(""), "file changed: tinything/data.txt"),
        (lambda s: (s / "tinything-1.0+disk.dist-info/RECORD").unlink(), "half installed"),
    ],
)
def test_damage_is_found_and_mended(venv, made, damage, reason):
    damage(site(venv))
    (fault,) = check.damaged(venv)
    assert (fault.package, fault.reason) == ("tinything", reason)

    setup, out = setup_of(venv, repair=True)
    setup._mend()
    assert f"tinything: {reason}" in out.getvalue()
    wheels = made.parent / "wheels"
    pip = Pip(venv, setup.stamp.python, venv.parent / "log", lambda line: None)
    pip.install(["--no-index", "--find-links", str(wheels), "tinything"], 1)
    assert check.damaged(venv) == []
    assert (site(venv) / "tinything/data.txt").read_text() == "some words\n"


def test_imports_are_tried_to_the_end(venv, monkeypatch):
    """One that raises and one that kills Python do not hide the others."""
    text = "raise OSError('libX.so.1: cannot open shared object file')"
    (site(venv) / "raises.py").write_text(text)
    (site(venv) / "dies.py").write_text("import os; os._exit(11)")
    modules = {"raises": "raises", "dies": "dies", "tinything": "tinything", "nowhere": "nowhere"}
    monkeypatch.setattr(check, "RUN_MODULES", modules)
    faults = {f.package: f for f in check.failing_imports(venv, False, lambda line: None)}
    assert set(faults) == {"raises", "dies", "nowhere"}
    assert faults["raises"].is_system_library
    assert "crashed" in faults["dies"].reason
    assert not faults["nowhere"].is_system_library


def test_a_wheel_on_disk_is_found_through_pips_own_configuration(venv, made, monkeypatch):
    pip = Pip(venv, read_stamp(venv).python, venv.parent / "log", lambda line: None)
    assert OnDisk("otherthing==1.0").arguments(pip) is None
    # -I hides PYTHON variables from pip, not pip's own
    monkeypatch.setenv("PIP_FIND_LINKS", str(made.parent / "wheels"))
    make_wheel(made.parent / "wheels", "2.0+disk")
    assert OnDisk("tinything==2.0").arguments(pip) == ["tinything==2.0+disk"]


def test_a_failed_installation_names_the_log(venv):
    log = venv.parent / "setup.log"
    pip = Pip(venv, read_stamp(venv).python, log, lambda line: None)
    with pytest.raises(SetupFailure, match="no build") as failure:
        pip.install(["--no-index", "no-such-thing-anywhere==1.0"], 1)
    assert str(log) in str(failure.value)
    assert "No matching distribution" in log.read_text()


def test_variables_that_would_lead_pip_elsewhere_are_dropped(venv, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    env = environment.clean_env(venv)
    assert not {"PYTHONPATH", "PIP_TARGET"} & set(env)
    assert env["PATH"].split(os.pathsep)[0] == str(environment.venv_python(venv).parent)


def test_the_stamp_is_plain_json(made):
    assert json.loads((made / NAME).read_text())["backend"] == "cpu"
