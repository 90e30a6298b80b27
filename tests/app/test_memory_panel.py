"""The memory panel in a whole studio: two memories, what they did, and where it was."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from PySide6.QtCore import Qt

from app.flow.memory_facts import chunk_memory, made_with, memory_facts
from app.timeline.header import heard
from app.widgets.memory_parts import LearntRow
from core.project import lived, queries
from core.project.model import MemoryPreset, MemoryUse


def choose(panel, preset: str) -> None:
    panel.preset.setCurrentIndex(panel.preset.findData(preset))


def offered(panel) -> list[str]:
    return [panel.preset.itemData(i) for i in range(panel.preset.count())]


def test_every_preset_has_a_name_and_a_sentence(opened):
    h, panel = opened, opened.w.memory_panel
    assert {preset for preset, *_ in panel.presets()} == {*offered(panel)} == {*get_args(MemoryPreset)}
    for preset, name, sentence in panel.presets():
        choose(panel, preset)
        h.settle()
        assert h.p.memory.preset == preset
        assert panel.preset.currentText() == name and panel.sentence.text() == sentence
        both = preset in ("both", "fallback")
        assert panel.adapter.slider.isEnabled() == (both or preset in ("adapter", "paper"))
        assert panel.bank.slider.isEnabled() == (both or preset == "bank")
        for row in (panel.adapter, panel.bank):
            assert bool(row.note.text()) != row.slider.isEnabled()
        assert panel._none.isHidden() != panel.adapter.slider.isEnabled()  # nothing is learned yet
    h.w.document.undo()
    assert h.p.memory.preset == "paper"


def test_what_is_still_to_come_is_said_until_there_is_something_to_tell(opened):
    h, panel = opened, opened.w.memory_panel
    shown = {"adapter": (True, False), "bank": (False, True), "off": (False, False)}
    for preset, (learns, keeps) in shown.items():
        choose(panel, preset)
        h.settle()
        assert panel._none.isHidden() != learns and panel._no_frames.isHidden() != keeps
        assert panel._rule.isHidden() == (preset == "off")  # a rule divides two things
    assert h.w.clip_panel._rule.isHidden()  # nor has the start takes
    choose(panel, "bank")
    h.trigger("generate")
    h.wait_draft()
    h.trigger("accept")
    h.settle()
    assert panel._no_frames.isHidden() and not panel._rule.isHidden()


def test_one_way_to_have_both_memories_is_offered(opened):
    """The one that suits the world; what an older project uses stays to be seen and comes back."""
    h, panel = opened, opened.w.memory_panel
    choose(panel, "bank")
    h.settle()
    assert {"both", "fallback"} < {*offered(panel)}
    panel.show_facts(None)  # closed; another one is opened
    panel.show_use(MemoryUse("bank"))
    assert "both" not in offered(panel) and "fallback" in offered(panel)
    panel.show_use(MemoryUse("bank"), places=False)
    assert "fallback" not in offered(panel) and "both" in offered(panel)
    panel.show_use(MemoryUse("fallback"), places=False)
    assert panel.preset.currentData() == "fallback"


def test_both_strengths_and_mutes_change_the_project_and_come_back(opened):
    h, w, panel = opened, opened.w, opened.w.memory_panel
    whole = replace(h.p.memory, preset="fallback")
    choose(panel, "fallback")
    panel.bank.slider.setValue(50)
    panel.bank.slider.setValue(25)
    h.settle()
    assert h.p.memory == replace(whole, bank_strength=0.25)
    assert panel.bank.value.text() == "up to 1"
    h.trigger("bank_stronger")
    assert h.p.memory.bank_strength == 0.5
    w.document.undo()  # one step for all of it
    assert h.p.memory == whole
    h.settle()
    panel.adapter.slider.setValue(130)
    h.trigger("memory_stronger")
    assert h.p.memory == replace(whole, strength=1.4)
    h.trigger("bank_mute")
    h.trigger("memory_mute")
    h.settle()
    assert h.p.memory == replace(whole, strength=1.4, muted=True, bank_muted=True)
    assert panel.bank.mute.isChecked() and not panel.bank.slider.isEnabled()
    assert heard(h.p.memory) == "muted" and w.status_line.memory.text() == "memory muted"
    w.document.undo()
    h.settle()
    assert not h.p.memory.muted and h.p.memory.bank_muted and not panel.adapter.mute.isChecked()
    assert heard(h.p.memory) == "frames off"


def test_keys_of_a_memory_that_is_not_there_do_nothing(opened):
    h = opened
    for preset, adapter, bank in (
        ("both", True, True), ("fallback", True, True), ("bank", False, True),
        ("paper", True, False), ("off", False, False),
    ):  # fmt: skip
        choose(h.w.memory_panel, preset)
        h.settle()
        for part, there in (("memory", adapter), ("bank", bank)):
            for act in ("mute", "weaker", "stronger"):
                assert h.w.actions_table[f"{part}_{act}"].isEnabled() == there, (preset, part, act)


def test_keys_are_in_the_tooltips(opened):
    panel = opened.w.memory_panel
    assert "[" in panel.adapter.slider.toolTip() and "Alt+]" in panel.bank.slider.toolTip()
    assert "Ctrl+M" in panel.adapter.mute.toolTip() and "Shift+M" in panel.bank.mute.toolTip()


@pytest.fixture
def there_and_back(opened):
    """Left, and right again, both memories at work: the last chunk looks at what the first saw."""
    h = opened
    n = h.p.chunk_frames
    texts = ("turn left", "turn left", "turn right", "turn right")
    for i, text in enumerate(texts):
        h.w.editing.add_action(1 + i * n, 1 + (i + 1) * n, text)
    h.w.generation.set_auto_accept(True)
    h.trigger("generate")
    h.wait_idle()
    return h


def test_what_the_memory_did(there_and_back, qtbot):
    h, w, panel = there_and_back, there_and_back.w, there_and_back.w.memory_panel
    facts = memory_facts(h.p)
    made = queries.sequence_end(h.p)
    assert facts.frames == made and f"{made} frames" in w.status_line.memory.text()
    assert [one.number for one in facts.learnt] == [1, 2, 3, 4] and facts.steps == 4
    assert facts.loss is not None and "size of the change" in panel.sum.text()
    w.show_panel("memory")
    rows = panel.findChildren(LearntRow)
    row = next(r for r in rows if r.fact.number == 2)
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert w.transport.frame == 1 + h.p.chunk_frames

    last = queries.track_clips(h.p)[-1]
    take = queries.chosen_take(h.p, last.source)
    assert take.recalled, "frames were shown where the walk leads back"
    w.transport.seek(last.start)
    h.settle()
    shown = chunk_memory(h.p, last)
    spot = shown.recalled[0]
    assert spot.frame == take.recalled[0]  # nothing was cut: time is the frame on the timeline
    part = lived.frame_at(h.p, take, take.recalled[0])
    assert spot.words == (
        "the start picture" if not part.take
        else f"frame {spot.frame} (chunk {queries.chunk_number(h.p, h.p.takes[part.take].chunk)})"
    )  # fmt: skip
    button = next(b for b in panel.chunk_card.findChildren(object) if spot.words in _text(b))
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert w.transport.frame == spot.frame


def test_a_take_says_that_its_adapter_gave_way_to_the_frames(there_and_back):
    h = there_and_back
    clip = queries.track_clips(h.p)[-1]
    take = queries.chosen_take(h.p, clip.source)
    assert take.recalled and "adapter at 100 %" in chunk_memory(h.p, clip).made_with
    use = replace(take.memory, preset="fallback")
    said = made_with(replace(take, memory=use))
    assert "adapter silent (frames were found)" in said and "remembered frame" in said
    assert "adapter at 100 %" in made_with(replace(take, memory=use, recalled=()))
    assert "adapter muted" in made_with(replace(take, memory=replace(use, muted=True)))


def _text(widget) -> str:
    return widget.text() if hasattr(widget, "text") else ""


def test_frames_alone_take_no_learning(hand, picture_file):
    h = hand
    h.open_sample(picture_file)
    assert h.p.memory.preset == "bank", "where frames have an address, they are the usual memory"
    h.w.editing.add_action(1, 1 + h.p.chunk_frames, "turn left")
    h.w.generation.set_auto_accept(True)
    h.trigger("generate")
    h.wait_idle()
    facts = memory_facts(h.p)
    assert facts.steps == 0 and not facts.learnt and facts.frames == 1 + h.p.chunk_frames
    assert "frames" in h.w.status_line.memory.text() and "step" not in facts.sum_words
    assert heard(MemoryUse("off")) == "off"
