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
from core.machine.worlds import advice, judge_worlds
from core.models.offers import OFFERS

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

    def judged(self, tmp_path, *devices, ram=64, driver=(), starter=fine, there=()):
        machine = Machine("linux", "x86_64", "", "", 8, ram * 1024, None, driver)
        verdicts = judge_worlds(machine, devices, starter, True, tmp_path, there)
        told = advice(machine, devices, tmp_path, there)
        return {o.id: v for o, v in zip(OFFERS, verdicts)}, told

    def test_every_offer_is_judged_by_what_the_catalogue_says(self, tmp_path):
        found, _ = self.judged(tmp_path, Device("cuda:0", "A card", 80.0))
        assert len(found) == len(OFFERS) and all(v.runs for v in found.values())
        for one in OFFERS:
            if not one.embedded:
                assert found[one.id].world == one.name
                assert f"about {one.needs.vram_gb:.0f} GB" in found[one.id].reason

    def test_on_the_processor_only_the_starter(self, tmp_path):
        found, told = self.judged(tmp_path)
        assert [id for id, v in found.items() if v.runs] == ["starter"]
        assert all("none was found" in v.reason for id, v in found.items() if id != "starter")
        assert told.startswith("The starter world fits this machine best")

    def test_the_recommended_one_where_it_fits(self, tmp_path):
        found, told = self.judged(tmp_path, Device("cuda:0", "RTX 4090", 23.6))
        assert found["wan22-ti2v-5b"].runs and "the card here has 24 GB." in (
            found["wan22-ti2v-5b"].reason
        )
        assert told == (
            "Wan 2.2 TI2V 5B fits this machine best (Apache License 2.0): "
            "main.py worlds get wan22-ti2v-5b"
        )
        _, told = self.judged(
            tmp_path, Device("cuda:0", "RTX 4090", 23.6), there=("wan22-ti2v-5b",)
        )
        assert told.endswith("it is installed.")

    def test_a_small_gpu(self, tmp_path):
        found, told = self.judged(tmp_path, Device("cuda:0", "RTX 3070", 7.9))
        assert found["ltx-video-2b"].runs and "moved in and out" in found["wan22-ti2v-5b"].reason
        assert "LTX" in told or "SkyReels" in told or "ModelScope" in told
        found, told = self.judged(tmp_path, Device("cuda:0", "GT 1030", 2.0))
        assert [id for id, v in found.items() if v.runs] == ["starter"]
        assert "too little" in found["wan22-ti2v-5b"].reason and "starter" in told

    def test_too_little_memory_beside_the_card_counts(self, tmp_path):
        found, told = self.judged(tmp_path, Device("cuda:0", "RTX 4090", 23.6), ram=8)
        assert not found["wan22-ti2v-5b"].runs and "8 GB: too little" in (
            found["wan22-ti2v-5b"].reason
        )
        assert told.startswith("ModelScope") and "moved in and out" in told

    def test_a_gpu_that_does_not_compute_does_not_count(self, tmp_path):
        device = Device("cuda:0", "B200", 180.0, "no kernel image is available")
        driver = (Gpu("nvidia", "B200", 180 * 1024),)
        found, told = self.judged(tmp_path, device, driver=driver)
        assert not found["wan22-ti2v-5b"].runs and "starter" in told
        assert "torch can't compute on B200" in found["wan22-ti2v-5b"].reason

    def test_without_the_weights(self, tmp_path):
        lost = Check("starter", "Starter", "fail", "There are no weights.")
        assert not self.judged(tmp_path, starter=lost)[0]["starter"].runs

    def test_the_report_ends_with_the_advice(self):
        text = Report((), (), "This one fits best: main.py worlds get it").to_text()
        assert "-> This one fits best: main.py worlds get it" in text
