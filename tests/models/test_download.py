"""A world from the hub: whole, resumed, verified; every fault of the line is survived or said."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.models.download import Download, discard, make_hub, plan
from core.models.errors import (
    DiskTrouble,
    HubBusy,
    LicenceNotAccepted,
    ModelError,
    NoConnection,
    NotThere,
    Offline,
    Refused,
    Stopped,
    WrongContent,
)
from core.models.licences import accept, is_accepted
from core.models.marker import kept_hashes, read_marker
from core.models.patience import Patience
from core.models.places import find_installed, find_partly, installed
from tests.models.hub_server import SIGNATURE
from tests.models.worlds import TINY, is_junk, tiny_files, tree

BIG = "transformer/diffusion_pytorch_model-00002-of-00002.safetensors"
SMALL = "scheduler/scheduler_config.json"


def expected(server) -> dict[str, bytes]:
    return {n: c for n, c in server.repos[TINY.repo].files.items() if not is_junk(n)}


def weights_of(folder: Path) -> dict[str, bytes]:
    return {n: c for n, c in tree(folder).items() if n not in (".installed", "world.json")}


def test_a_world_arrives_whole_and_nothing_else_does(getter, server, settings, tmp_path):
    world = getter.get()
    assert world.folder == tmp_path / "models" / TINY.id == find_installed(TINY.id).folder
    assert weights_of(world.folder) == expected(server)
    assert not list(world.folder.rglob("*.bin")) and not list(world.folder.rglob("*.py"))
    told = json.loads((world.folder / "world.json").read_text("utf-8"))
    assert (told["id"], told["family"]) == (TINY.id, "tiny")
    marker = read_marker(world.folder)
    assert marker.commit == server.repos[TINY.repo].commit and marker.owned
    assert marker.licence["version"] == "apache-2.0"
    assert kept_hashes(world.folder) == {
        n: hashlib.sha256(c).hexdigest() for n, c in expected(server).items()
    }
    assert [w.id for w in installed(settings)] == [TINY.id]
    assert sorted(p.name for p in (tmp_path / "models").iterdir()) == [TINY.id]


def test_progress_says_bytes_speed_and_time_left(getter, server):
    server.repos[TINY.repo].files = tiny_files(floats=400_000)
    server.fault(BIG, pace=2_000_000.0)
    getter.get()
    phases = [p.phase for p in getter.told]
    assert phases[0] == "asking" and phases[-1] == "finishing"
    last = getter.told[-1]
    assert last.done == last.total == sum(map(len, expected(server).values()))
    done = [p.done for p in getter.told if p.phase == "fetching"]
    assert done == sorted(done)
    timed = [p for p in getter.told if p.speed]
    assert timed and all(p.left is not None and p.left >= 0 for p in timed)
    # How fast is the meter's own test, with its own clock: here other files share the window.
    assert any(p.file == BIG for p in timed)


def test_the_licence_comes_first(getter, server, settings):
    with pytest.raises(LicenceNotAccepted, match="not accepted yet"):
        getter.make().run()
    assert server.seen == []
    accept(settings, TINY)
    newer = replace(TINY, licence=replace(TINY.licence, version="apache-3"))
    with pytest.raises(LicenceNotAccepted):
        getter.make(newer).run()
    assert server.seen == []
    getter.make().run()


def test_a_licence_that_changed_on_its_page_is_asked_again(getter, server, settings):
    accept(settings, TINY)
    server.repos[TINY.repo].licence = "cc-by-nc-4.0"
    with pytest.raises(LicenceNotAccepted, match="cc-by-nc-4.0") as caught:
        getter.make().run()
    assert caught.value.card == "cc-by-nc-4.0" and not find_partly(TINY.id)
    accept(settings, TINY, caught.value.card)
    assert is_accepted(settings, TINY, "cc-by-nc-4.0")
    assert getter.make().run().marker.licence["card"] == "cc-by-nc-4.0"


def test_a_plan_asks_for_no_bytes(server, settings):
    found = plan(TINY, make_hub(settings))
    assert found.commit == server.repos[TINY.repo].commit and found.card == "apache-2.0"
    assert {f.name for f in found.files} == set(expected(server))
    assert found.bytes == sum(map(len, expected(server).values()))
    assert all("/api/" in s.path for s in server.seen)


# -- the line ------------------------------------------------------------------------------------


def test_a_broken_line_goes_on_where_it_broke(getter, server):
    server.fault(BIG, times=3, drop=2000)
    world = getter.get()
    assert weights_of(world.folder) == expected(server)
    ranges = [s.range for s in server.asked(BIG, "cdn")]
    assert ranges == ["", "bytes=2000-", "bytes=4000-", "bytes=6000-"]
    waits = [p for p in getter.told if p.phase == "waiting"]
    assert len(waits) == 3 and "broke" in waits[0].note


def test_a_line_that_stays_broken_is_said_and_what_came_is_kept(getter, server):
    server.fault(BIG, times=None, drop=0)
    with pytest.raises(NoConnection, match="broke") as caught:
        getter.get()
    assert "What was fetched is kept" in str(caught.value)
    assert len(server.asked(BIG, "cdn")) == 5  # once, and four times more
    before = {n for n in expected(server) if server.asked(n)}
    server.faults.clear()
    server.seen.clear()
    assert weights_of(getter.get().folder) == expected(server)
    again = {n for n in expected(server) if server.asked(n)}
    assert BIG in again and before - again >= {"text_encoder/model.safetensors", SMALL}
    assert not any("/api/" in s.path for s in server.seen)  # it is bound to its first commit


def test_a_silent_line_is_given_up_and_taken_up_again(getter, server):
    getter.timeout = 0.4
    server.fault(BIG, stall=3000)
    world = getter.get()
    assert weights_of(world.folder) == expected(server)
    assert server.asked(BIG, "cdn")[1].range == "bytes=3000-"


def test_a_hub_without_ranges_gives_the_whole_file_again(getter, server):
    server.fault(BIG, drop=5000)
    server.fault(BIG, whole=True)
    assert weights_of(getter.get().folder) == expected(server)


def test_compressed_answers_are_read(getter, server):
    server.fault(SMALL, times=None, zipped=True)
    server.fault(BIG, drop=5000)
    server.fault(BIG, zipped=True)
    assert weights_of(getter.get().folder) == expected(server)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_trouble_of_the_hub_passes(getter, server, status):
    server.fault(BIG, times=2, status=status)
    server.fault(SMALL, times=1, status=status)
    server.fault("api", times=1, status=status)
    assert weights_of(getter.get().folder) == expected(server)


def test_trouble_of_the_hub_that_stays_is_said(getter, server):
    server.fault(SMALL, times=None, status=503)
    with pytest.raises(HubBusy, match="503"):
        getter.get()


def test_asked_too_often_waits_as_long_as_the_hub_says(getter, server):
    server.fault(BIG, status=429, headers={"Retry-After": "1"})
    started = time.monotonic()
    assert weights_of(getter.get().folder) == expected(server)
    assert time.monotonic() - started > 1
    assert any("Trying again in 1 s" in p.note for p in getter.told)


def test_asked_too_often_for_long_is_said_at_once(getter, server):
    server.fault(BIG, times=None, status=429, headers={"Retry-After": "1800"})
    with pytest.raises(HubBusy, match="in 30 min") as caught:
        getter.get()
    assert caught.value.wait == 1800
    assert not any(p.phase == "waiting" for p in getter.told)


def test_no_such_repository(getter, server):
    del server.repos[TINY.repo]
    with pytest.raises(ModelError, match="makers/tiny"):
        getter.get()
    assert not find_partly(TINY.id)


def test_a_file_that_is_gone_is_said(getter, server):
    server.fault(SMALL, times=None, status=404, headers={"X-Error-Code": "EntryNotFound"})
    with pytest.raises(NotThere, match="no such file or version"):
        getter.get()


def test_a_version_that_is_gone_is_replaced_by_the_newest(getter, server):
    server.fault(BIG, times=None, status=500)
    with pytest.raises(HubBusy):
        getter.get()
    server.faults.clear()
    old = server.repos[TINY.repo]
    files = {**old.files, SMALL: b'{"shift": 5.0}'}
    newer = server.add(TINY.repo, files)
    newer.dropped.add(old.commit)
    server.seen.clear()
    world = getter.get()
    assert weights_of(world.folder) == expected(server)
    assert world.marker.commit == newer.commit
    assert not server.asked("text_encoder/model.safetensors")  # the same in both: kept


def test_no_hub_at_all_is_said(getter, settings, server):
    accept(settings, TINY)
    for address, words in (
        ("http://127.0.0.1:9", "no connection"),
        ("http://no-such-host.invalid", "was not found"),
    ):
        settings.set_endpoint(address)
        with pytest.raises(NoConnection, match=words):
            getter.make().run()


def test_something_else_answers_at_the_address(getter, settings, server):
    settings.set_endpoint(server.cdn)
    server.repos.clear()
    with pytest.raises(ModelError):
        getter.get()


# -- what arrives --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [BIG, SMALL])
def test_a_wrong_file_is_thrown_away_and_fetched_once_more(getter, server, name):
    server.fault(name, flip=True)
    assert weights_of(getter.get().folder) == expected(server)
    assert len(server.asked(name, "hub")) == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [({"flip": True}, "another checksum"), ({"extra": 9}, "instead of"), ({"short": 9}, "instead")],
)
def test_a_file_that_stays_wrong_is_said(getter, server, fault, words):
    server.fault(BIG, times=None, **fault)
    with pytest.raises(WrongContent, match=words) as caught:
        getter.get()
    assert BIG in str(caught.value) and len(server.asked(BIG, "cdn")) == 2
    partial = find_partly(TINY.id).folder
    assert not (partial / BIG).exists() and not (partial / f"{BIG}.part").exists()
    assert find_installed(TINY.id) is None


def test_more_than_was_said_without_a_length(getter, server):
    server.fault(BIG, times=None, extra=5000, zipped=True)
    with pytest.raises(WrongContent, match="goes on after"):
        getter.get()


def test_a_part_that_was_damaged_meanwhile_is_found_out(getter, server):
    server.fault(BIG, times=None, drop=6000)
    with pytest.raises(NoConnection):
        getter.get(patience=Patience(waits=()))
    part = find_partly(TINY.id).folder / f"{BIG}.part"
    content = bytearray(part.read_bytes())
    content[100] ^= 1
    part.write_bytes(content)
    server.faults.clear()
    server.seen.clear()
    assert weights_of(getter.get().folder) == expected(server)
    assert [s.range for s in server.asked(BIG, "cdn")] == ["bytes=6000-", ""]


def test_a_finished_file_that_was_touched_is_verified_again(getter, server):
    server.fault(BIG, times=None, status=500)
    with pytest.raises(HubBusy):
        getter.get()
    partial = find_partly(TINY.id).folder
    touched, changed = partial / "vae/config.json", partial / SMALL
    os.utime(touched)
    changed.write_bytes(b"x" * len(changed.read_bytes()))
    server.faults.clear()
    server.seen.clear()
    assert weights_of(getter.get().folder) == expected(server)
    assert server.asked(SMALL) and not server.asked("vae/config.json")


def test_notes_that_were_damaged_cost_no_bytes(getter, server):
    server.fault(BIG, times=None, status=500)
    with pytest.raises(HubBusy):
        getter.get()
    accept(getter.settings, TINY)
    (getter.settings.folder / f"{TINY.id}.partial" / ".download").write_text("{")
    server.faults.clear()
    server.seen.clear()
    assert weights_of(getter.make().run().folder) == expected(server)
    assert not server.asked("text_encoder/model.safetensors")


# -- stopping and going on -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"stall": 4000}, {"pace": 300.0}, {"status": 503}])
def test_stopping_takes_a_moment_whatever_the_line_does(getter, server, settings, fault):
    accept(settings, TINY)
    """The line would be waited for much longer than the stop is."""
    server.fault(BIG, times=None, **fault)
    getter.timeout = 200.0
    stop = threading.Event()
    slow = getter.make(cancelled=stop.is_set, patience=Patience(waits=(200.0,)))
    errors: list[BaseException] = []

    def run() -> None:
        try:
            slow.run()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    end = time.monotonic() + 60
    while time.monotonic() < end and not server.asked(BIG, "cdn"):
        time.sleep(0.02)
    time.sleep(0.3)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert isinstance(errors[0], Stopped)
    there = find_partly(TINY.id)
    before = tree(there.folder)
    assert 0 < there.done < there.total
    time.sleep(0.3)
    assert tree(there.folder) == before  # nothing is written after it said it stopped
    server.faults.clear()
    assert weights_of(getter.get().folder) == expected(server)
    assert find_partly(TINY.id) is None


def test_stopping_while_the_hub_thinks_about_the_list(getter, server, settings):
    accept(settings, TINY)
    getter.timeout = 200.0
    asked, answer = threading.Event(), threading.Event()

    def think(rows) -> None:
        asked.set()
        answer.wait(200)

    server.listed = think
    with pytest.raises(Stopped):
        getter.make(cancelled=asked.is_set).run()
    assert not answer.is_set(), "the hub has not answered yet"
    answer.set()


def test_what_is_not_wanted_any_more_is_thrown_away(getter, server, settings):
    server.fault(BIG, times=None, status=500)
    with pytest.raises(HubBusy):
        getter.get()
    assert discard(TINY, settings)
    assert list(settings.folder.iterdir()) == [] and not discard(TINY, settings)


def test_two_studios_do_not_fetch_one_world(getter, server, settings):
    accept(settings, TINY)
    server.fault(BIG, times=None, stall=100)
    stop = threading.Event()
    first = getter.make(cancelled=stop.is_set)

    def run() -> None:
        with pytest.raises(Stopped):
            first.run()

    thread = threading.Thread(target=run)
    thread.start()
    end = time.monotonic() + 60
    while time.monotonic() < end and not server.asked(BIG, "cdn"):
        time.sleep(0.02)
    with pytest.raises(ModelError, match="another studio"):
        getter.make().run()
    with pytest.raises(ModelError, match="another studio"):
        discard(TINY, settings)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


# -- folders ---------------------------------------------------------------------------------------


def test_another_folder_is_remembered(getter, server, settings, tmp_path):
    disk = tmp_path / "other disk"
    server.fault(BIG, times=None, status=500)
    with pytest.raises(HubBusy):
        getter.get(root=disk)
    server.faults.clear()
    assert find_partly(TINY.id).folder == disk / f"{TINY.id}.partial"
    world = getter.get()  # goes on there
    assert world.folder == disk / TINY.id == find_installed(TINY.id).folder
    disk.rename(tmp_path / "unplugged")
    assert installed(settings) == []
    (tmp_path / "unplugged").rename(disk)
    assert find_installed(TINY.id) is not None


def test_what_is_there_already_is_left_alone(getter, server, settings):
    world = getter.get()
    with pytest.raises(ModelError, match="installed already"):
        getter.get()
    (world.folder / ".installed").unlink()
    before = tree(world.folder)
    with pytest.raises(ModelError, match="did not install"):
        getter.get()
    assert tree(world.folder) == before


def test_the_programs_own_folder_is_refused(getter):
    root = Path(__file__).resolve().parents[2] / "resources" / "worlds"
    with pytest.raises(ModelError, match="an update may replace"):
        getter.get(root=root)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_on_the_way_are_not_followed(getter, server, settings, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    partial = settings.folder / f"{TINY.id}.partial"
    partial.mkdir(parents=True)
    (partial / "vae").symlink_to(outside)
    with pytest.raises(Refused, match="link"):
        getter.get()
    assert list(outside.iterdir()) == []
    (partial / "vae").unlink()
    (partial / "vae").mkdir()
    (outside / "mine").write_text("mine")
    (partial / "vae/config.json.part").symlink_to(outside / "mine")
    with pytest.raises(Refused, match="link"):
        getter.get()
    assert (outside / "mine").read_text() == "mine"


def test_a_folder_that_is_a_file(getter, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DiskTrouble, match="not a folder"):
        getter.get(root=tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_may_not_be_written(getter, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(DiskTrouble, match="you may not"):
        getter.get(root=locked)


# -- offline, and what is written down -------------------------------------------------------------


def test_offline_fetches_nothing(getter, server, settings, monkeypatch):
    settings.set_offline(True)
    with pytest.raises(Offline, match="stay offline"):
        getter.get()
    settings.set_offline(False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(Offline):
        getter.get()
    with pytest.raises(Offline):
        plan(TINY, make_hub(settings))
    assert server.seen == []


def test_nothing_of_a_signed_link_is_logged(getter, server, caplog):
    caplog.set_level("DEBUG")
    server.fault(BIG, drop=100)
    server.fault(BIG, times=None, status=403)  # links that have run out
    with pytest.raises(HubBusy, match="storage") as caught:
        getter.get()
    assert SIGNATURE not in caplog.text and SIGNATURE not in repr(caught.value)
    assert all(s.agent == "slowfast-studio" for s in server.seen)


def test_nothing_to_fetch_for_the_embedded_world(settings):
    from core.models.offers import offer

    with pytest.raises(ModelError, match="comes with the studio"):
        Download(offer("starter"), settings).run()
