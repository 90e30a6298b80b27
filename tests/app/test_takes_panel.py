"""Every version stays among the takes, and comes back from there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from core.project import queries


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_a_discarded_first_draft_comes_back(opened, key):
    h, panel = opened, opened.w.takes_panel
    h.trigger("generate")
    take = h.wait_draft()
    h.trigger("discard")
    h.settle()
    assert not h.p.chunks and queries.sequence_end(h.p) == 1
    h.w.show_panel("takes")
    asked = []
    panel.bring_back.connect(lambda _chunk, id: asked.append(id))
    panel.rows.select(take)
    panel.rows.list.setFocus()
    QTest.keyClick(panel.rows.list, key)
    h.settle()
    assert asked == [take]
    assert h.w.generation.draft_take() == take
    assert queries.sequence_end(h.p) == 1 + h.p.chunk_frames
    assert h.w.document.stack.undoText() == "Bring back a take"
    h.trigger("accept")
    h.wait_idle()
    assert h.p.takes[take].snapshot
    h.w.document.undo()
    h.w.document.undo()
    assert not h.p.chunks and h.p.takes[take].status == "discarded"
