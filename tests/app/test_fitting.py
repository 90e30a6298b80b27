"""Before and during a job on another world than the starter: how it is made to fit."""

from __future__ import annotations

import os
import signal

import pytest
import torch

from app.state.worlds import Worlds
from app.window import MainWindow
from core.engine.in_process import InProcessEngine
from core.worlds import wan
from tests.app.conftest import Hand
from tests.worlds.tiny import build_wan

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def wan_dir(tmp_path_factory):
    return build_wan(tmp_path_factory.mktemp("worlds") / "tiny-wan")


@pytest.fixture
def wan_hand(qtbot, qapp, settings, wan_dir, picture_file):
    settings.set("tier", "auto")
    window = MainWindow(
        settings, Worlds([wan_dir]), lambda: InProcessEngine(device="cpu", threads=1)
    )
    window.show()
    hand = Hand(window, qtbot)
    hand.open_sample(picture_file)
    yield hand
    window.shut_down()
    window.close()
    window.deleteLater()


def test_the_sentence_stands_by_generate_and_follows_the_engine(wan_hand, monkeypatch):
    h, line = wan_hand, wan_hand.w.actions_panel.fit
    h.until(lambda: bool(h.w.fitting.words))
    assert line.isVisible() and line.text().startswith("Needs ") and " a chunk" in line.text()
    assert "Tiny Wan runs at full size on the processor" in line.toolTip()
    assert "an estimate" in line.toolTip() and "bf16: chunk" in line.toolTip()
    # A choice in the settings is told at once.
    h.w.settings.set("tier", "tiled")
    h.until(lambda: "as you chose" in h.w.fitting.words)
    h.w.settings.set("tier", "auto")
    h.until(lambda: "at full size" in h.w.fitting.words)
    # Memory runs out while it works: it goes on, says so, and shows what it works in.
    forward = wan.WanWorld.forward

    def tried(self, z, u, cond):
        if self.tier.id == "full":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, z, u, cond)

    monkeypatch.setattr(wan.WanWorld, "forward", tried)
    h.w.engine.worker.replace_engine(lambda: InProcessEngine(device="cpu", threads=1))
    h.trigger("generate")
    h.wait_draft()
    assert h.w.fitting.tier == "bf16" and "bf16" in h.w.status_line.world.text()
    assert "since memory ran out before" in line.toolTip()
    notice = h.w.notices.current
    assert notice.level == "warning" and "goes on in bf16" in notice.text
    assert not any(name == "tier" for name in vars(h.p)), "the project does not carry it"


def test_the_starter_world_says_nothing(opened):
    opened.settle()
    assert opened.w.fitting.words == "" and not opened.w.actions_panel.fit.isVisible()


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_killed_engine_costs_the_chunk_in_work(opened):
    from core.engine.child_process import ChildProcessEngine

    h = opened
    made = []

    def make():
        made.append(ChildProcessEngine(device="cpu", threads=1))
        return made[-1]

    h.w.engine.worker.replace_engine(make)
    h.trigger("verb_1")  # two chunks
    h.trigger("generate")
    first = h.wait_draft()
    killed = []

    def kill() -> None:
        active = h.w.queue.active
        if active is not None and not killed and made[0].pid:
            killed.append(made[0].pid)
            os.kill(made[0].pid, signal.SIGKILL)

    h.w.queue.progressed.connect(kill)
    h.trigger("accept")
    h.until(lambda: "Failed" in h.states())
    assert killed and h.w.isVisible()
    assert h.p.takes[first].status == "accepted" and list(h.p.takes) == [first]
    notice = h.w.notices.current
    assert "engine stopped in the middle" in notice.text and "Every chunk" in notice.kept
    again = dict(notice.fixes)["Try again"]
    again()
    h.until(lambda: len(h.p.takes) == 2)
    assert h.p.takes[first].learning is not None and made[0].pid not in killed
