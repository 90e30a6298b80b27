"""Before and during a job on another world than the starter: how it is made to fit."""

from __future__ import annotations

import os
import signal

import pytest
import torch
from PySide6.QtCore import Qt

from app.state.worlds import Worlds
from app.window import MainWindow
from core.engine.in_process import InProcessEngine
from core.engine.lowered import Low, of_this_machine
from core.worlds import wan
from tests.app.conftest import Hand
from tests.builders.tasks import Bench
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


def test_the_sentence_stands_by_generate_and_follows_the_engine(
    wan_hand, wan_dir, tmp_path, monkeypatch
):
    h, line = wan_hand, wan_hand.w.actions_panel.fit
    h.until(lambda: bool(h.w.fitting.words))
    assert line.isVisible() and line.text().startswith("Full size · ")
    assert "Tiny Wan runs at full size on the processor" in line.toolTip()
    assert "an estimate" in line.toolTip() and "bf16: chunk" in line.toolTip()
    # A choice in the settings is told at once.
    h.w.settings.set("tier", "tiled")
    h.until(lambda: "as you chose" in h.w.fitting.words)
    h.w.settings.set("tier", "auto")
    h.until(lambda: "at full size" in h.w.fitting.words)
    # "Change…" beside the line offers every way, with what it needs; the keyboard reaches it.
    panel = h.w.actions_panel
    ways = {a.text().split("  ·  ")[0]: a for a in panel.tiers.actions() if a.text()}
    assert list(ways)[:4] == [
        "Automatic", "Full size", "bf16 with checkpointing", "bf16, pictures in tiles"
    ]
    assert ways["Automatic"].isChecked() and "MB" in ways["Full size"].text()
    assert panel.change.isVisible() and panel.change.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert "Full size · " in line.text() and " of " in line.text()
    ways["bf16 with checkpointing"].trigger()
    h.until(lambda: "as you chose" in h.w.fitting.words)
    assert h.w.settings.get("tier") == "bf16" and "bf16 · " in line.text()
    again = {a.text(): a for a in panel.tiers.actions()}
    again["Automatic"].trigger()
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
    assert "bf16 · " in line.text()
    # What the engine remembers here, the line says before a job too, until the person resets it.
    of_this_machine().put(Bench(tmp_path, wan_dir).chunk(), Low("tiled", "auto", "the processor"))
    h.w.fitting._asked = None
    h.w.fitting.refresh()
    h.until(lambda: "in tiles on the processor, since memory ran out" in h.w.fitting.words)
    next(a for a in panel.tiers.actions() if a.text() == "Automatic").trigger()
    h.until(lambda: "at full size" in h.w.fitting.words)
    assert not len(of_this_machine())
    assert not any(name == "tier" for name in vars(h.p)), "the project does not carry it"


def test_the_starter_world_says_nothing(opened):
    opened.settle()
    assert opened.w.fitting.words == "" and not opened.w.actions_panel.fit.isVisible()


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_killed_engine_costs_the_chunk_in_work(opened):
    from core.engine.child_process import ChildProcessEngine

    h = opened
    made, said = [], []
    h.w.queue.begun_again.connect(said.append)

    def make():
        made.append(ChildProcessEngine(device="cpu", threads=1, times_killed=lambda: None))
        return made[-1]

    h.w.engine.worker.replace_engine(make)
    h.trigger("verb_1")  # two chunks
    h.trigger("generate")
    first = h.wait_draft()
    killed = []

    def kill() -> None:
        active = h.w.queue.active
        if active is not None and len(killed) < 2 and made[0].pid not in (None, *killed):
            killed.append(made[0].pid)
            os.kill(made[0].pid, signal.SIGKILL)

    h.w.queue.progressed.connect(kill)
    h.trigger("accept")
    # Once it begins the chunk again by itself and says so; the starter world has no lower tier.
    h.until(lambda: "Failed" in h.states())
    assert len(killed) == 2 and h.w.isVisible() and "begins this chunk anew" in said[0]
    assert h.p.takes[first].status == "accepted" and list(h.p.takes) == [first]
    notice = h.w.notices.current
    assert "system ended the engine" in notice.text and "Every chunk" in notice.kept
    again = dict(notice.fixes)["Try again"]
    again()
    h.until(lambda: len(h.p.takes) == 2)
    assert h.p.takes[first].learning is not None and made[0].pid not in killed


def test_the_way_of_sampling_is_chosen_undone_and_kept_with_the_take(wan_hand, monkeypatch):
    from core.worlds import ways

    h, w, panel = wan_hand, wan_hand.w, wan_hand.w.actions_panel.amounts
    h.settle()
    shown = [panel.ways.itemData(i) for i in range(panel.ways.count())]
    assert panel.ways.isVisible() and shown == ["exact", "cache", "compiled"]
    assert panel.ways.currentData() == "exact" and "computed" in panel.ways.toolTip()
    assert not panel.sentence.isVisible()
    assert panel.ways.focusPolicy() & Qt.FocusPolicy.TabFocus

    def choose(way: str) -> None:
        panel.ways.setCurrentIndex(panel.ways.findData(way))
        panel.ways.activated.emit(panel.ways.currentIndex())
        h.settle()

    choose("cache")
    assert h.p.sampling.way == "cache" and "another picture" in panel.sentence.text()
    assert panel.sentence.isVisible()
    w.document.undo()
    h.settle()
    assert h.p.sampling.way == panel.ways.currentData() == "exact"
    w.document.redo()
    h.settle()
    assert panel.ways.currentData() == "cache"
    h.trigger("generate")
    h.wait_draft()
    (take,) = h.p.takes.values()
    assert take.sampling == h.p.sampling and take.sampling.way == "cache"
    assert panel.ways.currentData() == "cache" and not w.notices.isVisible()
    # A way that was chosen where it was possible: here it is not. That is said, before and after.
    choose("compiled")
    monkeypatch.setattr(ways, "compiler", lambda: "")
    w.refresh.now()
    assert "C++ compiler" in panel.sentence.text() and panel.ways.currentData() == "compiled"
    assert not panel.ways.model().item(2).isEnabled()
    h.trigger("redo_draft")
    h.until(lambda: len(h.p.takes) == 2)
    h.wait_draft()
    made = next(t for t in h.p.takes.values() if t.id != take.id)
    assert made.sampling.way == "exact" and h.p.sampling.way == "compiled"
    notice = w.notices.current
    assert notice.level == "warning" and "sampled exactly, not with compiled" in notice.text


def test_the_starter_world_has_one_way_and_shows_none(opened):
    opened.settle()
    assert not opened.w.actions_panel.amounts.ways.isVisible()


def test_chunks_are_sampled_in_as_many_steps_as_are_asked_for(opened, qtbot):
    h, row = opened, opened.w.actions_panel.amounts
    h.settle()
    usual = h.p.sampling.steps
    assert row.steps.value() == usual and row.usual.text() == ""
    row.steps.setFocus()
    row.steps.selectAll()
    qtbot.keyClicks(row.steps, "1")
    h.w.refresh.now()
    assert h.p.sampling.steps == usual, "not each figure is a wish"
    qtbot.keyClicks(row.steps, "2")
    h.trigger("generate")  # without leaving the field
    made = h.wait_draft()
    take = h.p.takes[made]
    assert take.sampling.steps == h.p.sampling.steps == 12
    assert row.usual.text() == f"usually {usual} steps" and str(usual) in row.steps.toolTip()
    stack = h.w.document.stack
    while stack.undoText() != "Change the sampling steps":
        assert stack.canUndo()
        stack.undo()
    stack.undo()
    h.settle()
    assert h.p.sampling.steps == row.steps.value() == usual
