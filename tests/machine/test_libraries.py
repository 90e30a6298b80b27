"""What Qt lacks, and the one command that brings it."""

from core.machine.libraries import (
    CORE_LIBRARIES,
    MANAGERS,
    X11_LIBRARIES,
    Missing,
    absent,
    any_font,
    can_load,
    install_command,
)


def test_absent_keeps_what_does_not_load():
    here = {"libGL.so.1", "libEGL.so.1"}
    missing = absent(CORE_LIBRARIES, lambda name: name in here)
    assert len(missing) == len(CORE_LIBRARIES) - 2
    assert all(library.soname not in here for library in missing)


def test_a_library_that_is_nowhere():
    assert not can_load("libnowhere-at-all.so.7")


def test_the_command_for_debian():
    missing = Missing(CORE_LIBRARIES, fonts=True)
    command = install_command(missing, "apt-get", sudo=True)
    assert command[:5] == ["sudo", "apt-get", "install", "-y", "--no-install-recommends"]
    assert set(command[5:]) == set(
        "libgl1 libegl1 libfontconfig1 libglib2.0-0 libdbus-1-3 libxkbcommon0 "
        "fonts-dejavu-core".split()
    )


def test_every_manager_has_a_package_for_all():
    missing = Missing(CORE_LIBRARIES + X11_LIBRARIES, fonts=True)
    for manager in MANAGERS:
        packages = missing.packages(manager)
        assert all(packages)
        assert len(packages) == len(set(packages))


def test_an_unknown_system_has_no_command():
    assert install_command(Missing(fonts=True), None, sudo=False) is None


def test_fonts(tmp_path):
    assert not any_font([str(tmp_path)])
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "A.TTF").touch()
    assert any_font([str(tmp_path)])
    assert not Missing()
