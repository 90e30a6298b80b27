"""What is told when the system lacks something that we may not install."""

from core.machine.libraries import CORE_LIBRARIES, Missing, install_command
from installers.system import advice


def test_one_command_is_named():
    missing = Missing(CORE_LIBRARIES[:2], fonts=True)
    text = advice(missing, install_command(missing, "apt-get", sudo=True))
    assert "libGL.so.1, libEGL.so.1, a font" in text
    *_, command = text.splitlines()
    assert command.strip() == (
        "sudo apt-get install -y --no-install-recommends libgl1 libegl1 fonts-dejavu-core"
    )


def test_an_unknown_system():
    assert "package manager" in advice(Missing(fonts=True), None)
