"""``main.py worlds`` as a person types it, against a hub on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.models.offers import offer
from core.models.places import find_installed, find_partly
from tests.models.hub_server import Hub
from tests.models.worlds import lay, tiny_files, tree

ROOT = Path(__file__).resolve().parents[2]
WAN = offer("wan22-ti2v-5b")
BIG = "vae/diffusion_pytorch_model.safetensors"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Settings, worlds and a hub of their own; the hub has a small world under Wan's name."""
    monkeypatch.setenv("SLOWFAST_SETTINGS", str(tmp_path / "settings" / "studio.ini"))
    monkeypatch.setenv("SLOWFAST_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hub(monkeypatch):
    with Hub() as made:
        made.add(WAN.repo, tiny_files("WanPipeline", expand_timesteps=True, floats=200_000))
        monkeypatch.setenv("HF_ENDPOINT", made.endpoint)
        yield made


@pytest.fixture
def here(capsys):
    import main

    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}

    def command(*arguments: object) -> subprocess.CompletedProcess:
        try:
            code = main.main(["worlds", *map(str, arguments)])
        except SystemExit as stop:
            code = stop.code
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    yield command
    for which, handler in before.items():
        signal.signal(which, handler)


def test_get_list_and_remove(here, hub, tmp_path):
    refused = here("get", WAN.id)
    assert refused.returncode == 2 and "--accept-licence" in refused.stderr
    assert "Apache License 2.0" in refused.stderr and "3.2 MB to fetch" in refused.stderr
    assert find_partly(WAN.id) is None and not any("/resolve/" in s.path for s in hub.seen)

    done = here("get", WAN.id, "--accept-licence", "--to", tmp_path / "disk")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "disk" / WAN.id)

    rows = {r["id"]: r for r in json.loads(here("list", "--json").stdout)}
    assert rows[WAN.id]["state"] == "installed" and rows["starter"]["state"] == "embedded"
    assert rows[WAN.id]["bytes_on_disk"] == find_installed(WAN.id).marker.bytes > 3_000_000
    assert rows["modelscope-t2v"]["licence"]["commercial"] == "no"
    words = here().stdout
    assert "installed, 3.2 MB on disk" in words and "commercial use: no" in words
    assert max(map(len, words.splitlines())) <= 160

    again = here("get", WAN.id, "--accept-licence")
    assert again.returncode == 1 and "installed already" in again.stderr
    gone = here("remove", WAN.id)
    assert gone.returncode == 0 and "3.2 MB freed" in gone.stderr
    assert list((tmp_path / "disk").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
def test_ctrl_c_keeps_what_there_is_and_the_same_command_goes_on(hub):
    hub.fault(BIG, times=None, pace=100_000.0)
    command = [sys.executable, str(ROOT / "main.py"), "worlds", "get", WAN.id, "--accept-licence"]
    going = subprocess.Popen(command, cwd=ROOT, text=True, stderr=subprocess.PIPE,
                             stdout=subprocess.PIPE)  # fmt: skip
    end = time.monotonic() + 60
    while time.monotonic() < end and not hub.asked(BIG, "cdn"):
        time.sleep(0.05)
    time.sleep(0.3)
    going.send_signal(signal.SIGINT)
    out, err = going.communicate(timeout=100)
    assert going.returncode == 130 and "Traceback" not in err, err
    there = find_partly(WAN.id)
    assert f"Go on with: main.py worlds get {WAN.id}" in err and 0 < there.done < there.total
    hub.faults.clear()
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert any(s.range for s in hub.asked(BIG, "cdn"))
    found = tree(find_installed(WAN.id).folder)
    assert found[BIG] == hub.repos[WAN.repo].files[BIG]


def test_verify_says_what_is_damaged_and_mends_it(here, hub):
    assert here("get", WAN.id, "--accept-licence").returncode == 0
    done = here("verify", WAN.id)
    assert done.returncode == 0 and "is whole" in done.stdout
    broken = find_installed(WAN.id).folder / "scheduler" / "scheduler_config.json"
    whole = broken.read_bytes()
    broken.write_bytes(b"x" * len(whole))
    done = here("verify")  # all of them, the starter world too
    assert done.returncode == 1 and "Starter world: there" in done.stdout
    assert "scheduler/scheduler_config.json (another checksum)" in done.stdout
    assert f"worlds verify {WAN.id} --mend" in done.stderr
    done = here("verify", WAN.id, "--mend")
    assert done.returncode == 0 and "is whole again" in done.stdout
    assert broken.read_bytes() == whole
    assert here("verify", "starter").returncode == 0
    gone = here("verify", "ltx-video-2b")
    assert gone.returncode == 1 and "is not installed" in gone.stderr
    assert here("verify", "nothing").returncode == 2


def test_what_is_partly_there_can_be_thrown_away(here, hub):
    hub.fault(BIG, times=None, status=404)
    hub.fault("scheduler/scheduler_config.json", times=None, status=404,
              headers={"X-Error-Code": "EntryNotFound"})  # fmt: skip
    failed = here("get", WAN.id, "--accept-licence")
    assert failed.returncode == 1 and "What was fetched is kept" in failed.stderr
    assert "of 3.2 MB fetched" in here("list").stdout
    gone = here("remove", WAN.id)
    assert gone.returncode == 0 and "freed" in gone.stderr and find_partly(WAN.id) is None


def test_import_in_place_and_as_a_copy(here, tmp_path):
    mine = lay(tmp_path / "mine", tiny_files("LTXPipeline"))
    before = tree(mine)
    done = here("import", mine)
    assert done.returncode == 0, done.stderr
    assert "ltx-video-2b" in done.stderr and "Lightricks" in done.stderr
    copied = here("import", mine, "--copy", "--to", tmp_path / "disk", "--id", "my-ltx")
    assert copied.returncode == 0 and Path(copied.stdout.strip()).name == "my-ltx"
    listed = here("list").stdout
    assert f"In {mine}" in listed and "my-ltx: LTX-Video 2B (my-ltx)" in listed
    assert here("remove", "ltx-video-2b").returncode == 0
    assert tree(mine) == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["get", "nothing"], 2, "wan22-ti2v-5b"),
        (["get", "starter"], 1, "comes with the studio"),
        (["get"], 2, "ID"),
        (["import", "gone"], 1, "not a folder"),
        (["import", "."], 1, "no model_index.json"),
        (["remove", "starter"], 2, "stays"),
        (["remove", "nothing"], 1, "no world"),
        (["remove", "../models"], 1, "no world"),
        (["token", "hf_secretsecret"], 2, "unrecognized"),
        (["offline", "maybe"], 2, "on"),
    ],
)
def test_mistakes_are_explained(here, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    done = here(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr


def test_offline(here, hub):
    assert here("offline", "on").returncode == 0
    refused = here("get", WAN.id, "--accept-licence")
    assert refused.returncode == 1 and "stay offline" in refused.stderr and hub.seen == []
    assert "Offline is on" in here().stdout
    here("offline", "off")
    assert here("get", WAN.id, "--accept-licence").returncode == 0


def test_without_a_keyring_the_token_is_not_swallowed(here, monkeypatch):
    import keyring
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    try:
        done = here("token")
    finally:
        keyring.set_keyring(before)
    assert done.returncode == 1 and "HF_TOKEN" in done.stderr


def test_listing_and_help_are_light():
    code = (
        "import sys, main\n"
        "assert main.main(['worlds', 'list', '--json']) == 0\n"
        "assert not {'torch', 'numpy', 'PySide6', 'huggingface_hub'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
