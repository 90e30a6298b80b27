"""This machine as it is, and the display from a given environment."""

import os
import socket
import subprocess
import sys

import pytest

from core.machine.pins import ROOT
from core.machine.probe import arch_name, disk_free_mb, find_display, probe_machine


def test_this_machine():
    machine = probe_machine()
    assert machine.cores >= 1
    assert machine.ram_mb > 200
    assert machine.processor
    assert machine.to_json_dict()["arch"] == machine.arch


def test_one_spelling_of_the_processor():
    assert arch_name("AMD64") == arch_name("x86_64") == "x86_64"
    assert arch_name("aarch64") == arch_name("arm64") == "arm64"


def test_free_disk_of_a_folder_that_is_not_there_yet(tmp_path):
    assert disk_free_mb(tmp_path / "a" / "b") > 0


@pytest.mark.skipif(sys.platform != "linux", reason="displays are given by variables on Linux only")
class TestDisplay:
    def test_none(self):
        display = find_display({})
        assert not display.available
        assert "DISPLAY" in display.detail

    def test_wayland(self):
        assert find_display({"WAYLAND_DISPLAY": "wayland-0"}).kind == "wayland"

    def test_a_platform_that_was_chosen(self):
        assert find_display({"QT_QPA_PLATFORM": "offscreen"}).available

    def test_x11_with_nobody_there(self):
        display = find_display({"DISPLAY": ":9731"})
        assert not display.available
        assert "no X server" in display.detail

    def test_x11_with_a_server(self):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("\0/tmp/.X11-unix/X9732")
            server.listen()
            assert find_display({"DISPLAY": ":9732.0"}).kind == "x11"

    def test_x11_on_another_host_is_left_to_qt(self):
        assert find_display({"DISPLAY": "far.example:0"}).available


def test_the_probe_needs_the_standard_library_only():
    """The bootstrap uses these before anything is installed."""
    names = "backend gpus libraries pins probe report checksums doctor worlds"
    code = "; ".join(f"import core.machine.{name}" for name in names.split())
    command = [sys.executable, "-S", "-c", code]
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
