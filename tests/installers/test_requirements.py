"""The pinned sets: whole, exact and with the right build of torch each."""

import re

import pytest

from core.machine.backend import BACKENDS, backend_of_build
from installers import requirements
from installers.requirements import BASE, TESTS, read_pins, set_hash, torch_pin
from installers.wheels import FromIndex, OnDisk, torch_sources


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_backend_has_its_set(backend):
    text = requirements.backend_file(backend).read_text()
    assert "-r base.txt" in text
    pin = torch_pin(backend)
    assert pin.version.partition("+")[0] == "2.13.0"
    if backend != "mps":
        assert pin.index.startswith("https://download.pytorch.org/whl/")
        assert backend_of_build(pin.version) == backend
    assert backend in requirements.DISK_NEEDED_MB


@pytest.mark.parametrize("path", [BASE, TESTS])
def test_every_line_is_one_exact_version(path):
    for line in path.read_text().splitlines():
        line = line.partition("#")[0].strip()
        assert not line or re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*(; .+)?", line), line


def test_what_must_and_must_not_be_there():
    pins = read_pins(BASE)
    assert pins["pyside6-essentials"] == pins["shiboken6"] == "6.11.3"
    assert (pins["diffusers"], pins["peft"]) == ("0.42.1", "0.21.2")
    assert not {"torch", "torchvision", "pyside6", "pytest"} & set(pins)
    assert not set(pins) & set(read_pins(TESTS))


def test_the_hash_follows_pins_not_comments(tmp_path):
    path = tmp_path / "set.txt"
    path.write_text("# one\nnumpy==1.0\n")
    first = set_hash(path)
    path.write_text("# another\n\nnumpy==1.0  # why\n")
    assert set_hash(path) == first
    path.write_text("numpy==1.1\n")
    assert set_hash(path) != first


def test_where_torch_comes_from():
    first, second, third = torch_sources("cpu", "linux")
    assert isinstance(first, OnDisk)
    assert (second.requirement, second.index[-4:]) == ("torch==2.13.0+cpu", "/cpu")
    assert third.index is None
    assert third.note
    assert torch_sources("cpu", "windows") == (FromIndex("torch==2.13.0"),)
    assert torch_sources("mps", "macos") == (FromIndex("torch==2.13.0"),)
    older = torch_sources("cuda-older", "linux")
    assert [source.requirement for source in older] == ["torch==2.13.0+cu126"]
    assert "cu130" in torch_sources("cuda", "windows")[0].index
    assert "rocm7.2" in torch_sources("rocm", "linux")[0].index
