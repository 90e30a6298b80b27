"""Where the engine runs: on a card in a process of its own."""

from __future__ import annotations

import pytest

from core.engine import choice
from core.engine.child_process import ChildProcessEngine
from core.engine.in_process import InProcessEngine
from core.machine.gpus import Gpu, GpuSearch

CARD, NONE = GpuSearch((Gpu("nvidia", "A card", 24564),)), GpuSearch()


@pytest.mark.parametrize(
    ("kind", "found", "version", "wanted"),
    [
        ("auto", CARD, "2.13.0+cu130", ChildProcessEngine),
        ("auto", CARD, "2.13.0", ChildProcessEngine),
        ("auto", CARD, "2.13.0+cpu", InProcessEngine),
        ("auto", GpuSearch((Gpu("amd", "AMD gfx1100"),)), "2.13.0+rocm7.2", ChildProcessEngine),
        ("auto", GpuSearch((Gpu("apple", "M4"),)), "2.13.0", InProcessEngine),
        ("auto", NONE, "2.13.0+cu130", InProcessEngine),
        ("inprocess", CARD, "2.13.0+cu130", InProcessEngine),
        ("child", NONE, "2.13.0+cpu", ChildProcessEngine),
    ],
)
def test_engine_of(monkeypatch, kind, found, version, wanted):
    monkeypatch.setattr(choice, "find_gpus", lambda: found)
    monkeypatch.setattr(choice, "torch_version", lambda: version)
    engine = choice.engine_of(kind, "tiled")
    assert type(engine) is wanted
    engine.close()


@pytest.mark.parametrize(
    ("device", "wanted"),
    [("auto", ChildProcessEngine), ("cuda:1", ChildProcessEngine), ("cpu", InProcessEngine)],
)
def test_a_device_that_is_named_counts_more_than_the_machine(monkeypatch, device, wanted):
    monkeypatch.setattr(choice, "find_gpus", lambda: CARD)
    monkeypatch.setattr(choice, "torch_version", lambda: "2.13.0+cu130")
    engine = choice.engine_of("auto", device=device, previews=False)
    assert type(engine) is wanted and (engine.device, engine.previews) == (device, False)
    engine.close()
