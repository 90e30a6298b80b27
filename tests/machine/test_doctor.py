"""The doctor's findings: each check's verdict, the whole report as text and as JSON."""

import json

import pytest

from core.machine import doctor
from core.machine.checksums import NAME, write_sums
from core.machine.devices import Device, NoTorch, TorchBuild
from core.machine.gpus import Gpu
from core.machine.pins import BASE, read_pins
from core.machine.probe import Display, Machine
from core.machine.report import Check, Report
from core.machine.worlds import judge_worlds

PLAIN = Machine("linux", "x86_64", "Debian", "CPU", 2, 16000, 8000)


@pytest.fixture(scope="module")
def report():
    return doctor.doctor_report()


def test_the_whole_report(report):
    """Here everything that the tests need is installed, so nothing but the world may be missing."""
    failed = {check.id for check in report.checks if check.status == "fail"}
    assert failed <= {"starter"}, report.to_text()
    values = json.loads(json.dumps(report.to_json_dict()))
    assert values["exit_code"] == report.exit_code
    assert {check["id"] for check in values["checks"]} >= {"python", "torch", "encoder", "starter"}
    assert report.find("qt").status == "ok"


def test_the_text_fits_a_terminal_and_ends_with_the_verdict(report):
    lines = report.to_text().splitlines()
    assert max(map(len, lines)) <= 120
    assert lines[-1].startswith("The studio can")


def test_exit_codes():
    ok, warn, fail = (Check("x", "X", status, "") for status in ("ok", "warn", "fail"))
    assert Report((ok, warn), ()).exit_code == 0
    assert Report((ok, fail), ()).exit_code == 1


def test_every_complaint_says_what_to_do():
    complaints = [
        doctor.check_packages({}),
        doctor.check_torch(NoTorch("ImportError: x"), PLAIN),
        doctor.check_display(Display(False, "none")),
        doctor.check_disk(10),
        doctor.check_memory(Machine("linux", "x86_64", "", "", 2, 2000, 100)),
    ]
    for check in complaints:
        assert check.status != "ok"
        assert check.remedy


def test_packages_of_another_version():
    have = read_pins(BASE) | {"numpy": "1.0"}
    check = doctor.check_packages(have)
    assert check.status == "warn"
    assert "numpy 1.0" in check.detail


def test_a_gpu_beside_a_processor_build_of_torch():
    gpu = Gpu("nvidia", "RTX 4090", 24000, "580.1", (8, 9))
    machine = Machine("linux", "x86_64", "", "", 2, 16000, 8000, (gpu,))
    check = doctor.check_torch(TorchBuild("2.13.0+cpu", 2, ()), machine)
    assert check.status == "warn"
    assert "--backend cuda" in check.remedy


class TestStarter:
    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "denoiser").mkdir()
        (tmp_path / "denoiser" / "model.safetensors").write_bytes(b"weights")
        (tmp_path / "world.json").write_text("{}")
        write_sums(tmp_path)
        return tmp_path

    def test_whole(self, folder):
        assert doctor.check_starter(folder).status == "ok"

    def test_changed_and_lost(self, folder):
        (folder / "denoiser" / "model.safetensors").write_bytes(b"other")
        (folder / "world.json").unlink()
        check = doctor.check_starter(folder)
        assert check.status == "fail"
        assert "model.safetensors has changed" in check.detail
        assert "world.json is missing" in check.detail

    def test_no_list(self, folder):
        (folder / NAME).unlink()
        assert doctor.check_starter(folder).status == "warn"

    def test_absent(self, tmp_path):
        assert doctor.check_starter(tmp_path / "nothing").status == "fail"


class TestWorlds:
    fine = Check("starter", "Starter", "ok", "")

    def test_on_the_processor_only_the_starter(self):
        starter, *larger = judge_worlds((), self.fine, torch_works=True)
        assert starter.runs
        assert larger
        assert all(not verdict.runs and "no GPU" in verdict.reason for verdict in larger)

    def test_a_small_gpu(self):
        device = Device("cuda:0", "RTX 3070", 7.9)
        _, small, large = judge_worlds((device,), self.fine, torch_works=True)
        assert small.runs
        assert not large.runs
        assert "has 8 GB" in large.reason

    def test_a_gpu_that_does_not_compute_does_not_count(self):
        device = Device("cuda:0", "B200", 180.0, "no kernel image is available")
        assert not judge_worlds((device,), self.fine, torch_works=True)[1].runs

    def test_without_the_weights(self):
        lost = Check("starter", "Starter", "fail", "There are no weights.")
        assert not judge_worlds((), lost, torch_works=True)[0].runs
