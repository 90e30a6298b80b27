"""Offers, needs, settings, speed and waiting: the parts that need no hub."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from core.machine.gpus import Gpu
from core.machine.probe import Machine
from core.models import fit as fitting
from core.models.errors import HubBusy, ModelError, NoConnection
from core.models.fit import fit
from core.models.hub_errors import retry_after
from core.models.offers import OFFERS, offer
from core.models.overview import overview
from core.models.patience import Patience
from core.models.progress import Meter
from core.models.settings import ModelSettings, check_endpoint
from core.models.sizes import duration, size

WAN = offer("wan22-ti2v-5b")


def test_offers_say_everything_a_person_has_to_know():
    assert [o.id for o in OFFERS if o.recommended] == [WAN.id]
    assert len({o.id for o in OFFERS}) == len(OFFERS)
    for one in OFFERS:
        assert one.id.replace("-", "").isalnum() and one.id.isascii()
        licence = one.licence
        assert one.what.endswith(".") and licence.summary.endswith(".") and licence.region
        assert licence.url.startswith("https://") and licence.version
        if one.embedded:
            continue
        assert one.needs.vram_gb > 0 and one.needs.disk_gb >= one.about_gb > 0
        assert one.page.startswith("https://") and one.pipelines and one.parts
        if one.revision is not None:
            assert len(one.revision) == 40
        if licence.commercial != "yes":
            assert "check the card" in licence.summary
    assert "on-commercial" in offer("modelscope-t2v").licence.summary


def machine(gpu_gb: float = 0, ram_gb: float = 64) -> Machine:
    gpus = (Gpu("nvidia", "A card", int(gpu_gb * 1024)),) if gpu_gb else ()
    return Machine("linux", "x86_64", "", "", 8, int(ram_gb * 1024), None, gpus)


@pytest.mark.parametrize(
    ("gpu", "ram", "levels"),
    [(24, 64, ("fine", "fine")), (11.99, 31.2, ("fine", "fine")), (8, 24, ("tight", "tight")),
     (4, 8, ("short", "short")), (0, 64, ("short", "fine"))],
)  # fmt: skip
def test_needs_beside_the_machine(tmp_path, gpu, ram, levels):
    found = fit(WAN, machine(gpu, ram), tmp_path)
    assert (found[0].level, found[1].level) == levels
    assert all(one.words.endswith(".") for one in found)


def test_what_is_not_known_is_not_judged(tmp_path):
    silent = replace(machine(), ram_mb=None, gpus=(Gpu("amd", "A card"),))
    graphics, memory, _ = fit(WAN, silent, tmp_path)
    assert graphics.level == memory.level == "unknown"


def test_what_was_fetched_already_needs_no_disk_again(tmp_path, monkeypatch):
    monkeypatch.setattr(fitting, "disk_free_mb", lambda folder: 10_000)
    assert fit(WAN, machine(24), tmp_path)[2].level == "short"
    assert fit(WAN, machine(24), tmp_path, there=33 * 10**9)[2].level == "fine"
    assert fit(offer("starter"), machine(), tmp_path)[0].level == "fine"


def test_sizes_and_times():
    assert [size(n) for n in (0, 999, 1000, 1_234_567, 34.2e9, 999.96e6, 2e12)] == [
        "0 B", "999 B", "1.0 kB", "1.2 MB", "34.2 GB", "1.0 GB", "2000 GB",
    ]  # fmt: skip
    assert [duration(s) for s in (None, 0.2, 89, 95, 3600, 7500)] == [
        "", "1 s", "89 s", "2 min", "60 min", "2 h 05 min",
    ]  # fmt: skip


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_speed_is_of_what_is_fetched_only():
    told, clock = [], Clock()
    meter = Meter(told.append, clock)
    meter.at(0, 100_000_000)
    meter.phase("checking", "a")
    for n in range(1, 11):  # 40 MB are read from the disk in a second: no speed of the line
        clock.now += 0.1
        meter.at(n * 4_000_000)
    assert all(p.speed is None for p in told)
    meter.phase("fetching", "a")
    for n in range(1, 41):
        clock.now += 0.1
        meter.at(40_000_000 + n * 1_000_000)
    assert told[-1].speed == pytest.approx(10e6, rel=0.05)
    assert told[-1].left == pytest.approx(2.0, rel=0.1)


def test_a_row_of_tiny_files_says_nothing_about_the_line():
    told, clock = [], Clock()
    meter = Meter(told.append, clock)
    meter.at(0, 30_000_000_000)
    for n in range(20):
        meter.phase("fetching", f"{n}.json")
        clock.now += 0.4
        meter.at(500 * (n + 1))
    assert all(p.left is None for p in told)


def test_reports_are_at_most_ten_a_second():
    told, clock = [], Clock()
    meter = Meter(told.append, clock)
    meter.phase("fetching", "a")
    for n in range(1000):
        clock.now += 0.001
        meter.at(n)
    assert len(told) <= 12


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "30"}, 30), ({"retry-after": "0"}, 0), ({}, None),
     ({"retry-after": "soon"}, None), ({"ratelimit": '"api";r=0;t=55'}, 55),
     ({"ratelimit": '"api";r=12;t=55'}, None)],
)  # fmt: skip
def test_how_long_the_hub_wants_a_pause(headers, seconds):
    assert retry_after(headers) == seconds


def test_how_long_the_hub_wants_a_pause_as_a_date():
    for ahead, seconds in ((9000, 9000), (-9000, 0)):
        when = formatdate(time.time() + ahead, usegmt=True)
        assert retry_after({"retry-after": when}) == pytest.approx(seconds, abs=60)


def test_patience_ends():
    patience = Patience(waits=(1, 2), longest=60)
    broke = NoConnection("It broke.")
    assert [patience.pause_before(n, broke) for n in range(3)] == [1, 2, None]
    assert patience.pause_before(0, HubBusy("Busy.", wait=30)) == 30
    assert patience.pause_before(0, HubBusy("Busy.", wait=61)) is None
    assert patience.pause_before(0, ModelError("No.")) is None
    broke.again = False
    assert patience.pause_before(0, broke) is None


def test_settings_survive_damage_and_keep_what_they_do_not_know(tmp_path: Path):
    path = tmp_path / "s" / "worlds.json"
    settings = ModelSettings(path)
    settings.set_folder(tmp_path / "disk")
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "later": [1]}))
    settings.set_offline(True)
    assert json.loads(path.read_text())["later"] == [1]
    assert settings.folder == tmp_path / "disk" and settings.offline
    for damaged in ("", "[]", "{", '{"roots": 5, "accepted": [], "folder": 3}', "[" * 9999):
        path.write_text(damaged)
        assert not settings.offline and settings.accepted("x") == {} and settings.roots
        settings.set_offline(False)


@pytest.mark.parametrize("bad", ["", "huggingface.co", "ftp://x", "https://", "https://u:p@x.org",
                                 "https://x:port"])  # fmt: skip
def test_addresses_that_are_none(bad):
    with pytest.raises(ModelError, match="not a web address"):
        check_endpoint(bad)
    assert check_endpoint(" https://x.org/hf/ ") == "https://x.org/hf"


def test_the_overview_begins_with_the_offers():
    assert [i.state for i in overview(ModelSettings())] == ["embedded"] + 4 * ["offered"]
