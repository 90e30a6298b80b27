"""What the timeline knows of the consistency lane: what was found, and which cell is held."""

from __future__ import annotations

from collections.abc import Mapping

from app.state.walks import Seen
from app.timeline.consistency_cells import Cells


class ConsistencyLane:
    """Part of ``TimelineView``: uses its ``index``, ``rows`` and ``keys``."""

    show_consistency = False
    consistency: Mapping[str, Seen] = {}
    cells = Cells(None, {})
    hovered_cell = ""  # clip id, under the pointer
    cell = ""  # clip id, of the keyboard

    def set_consistency(self, found: Mapping[str, Seen]) -> None:
        """Clip id → what was found in it."""
        self.consistency = found
        self.cells = Cells(self.index, found)
        self._update_lane("consistency")

    def set_consistency_shown(self, on: bool) -> None:
        if on != self.show_consistency:
            self.show_consistency, self.cell, self.hovered_cell = on, "", ""
            self._lay_out()
            self.updateGeometry()
            self.header.refresh()
            self.viewport().update()

    def set_cell(self, clip_id: str) -> None:
        """The cell of the consistency lane that the keyboard holds."""
        if clip_id != self.cell:
            self.cell = clip_id
            self.keys.describe()
            self._update_lane("consistency")

    def prune_cells(self) -> None:
        """Let go of the cells of clips that the document no longer has."""
        clips = self.index.clip_by_id if self.index is not None else {}
        if self.cell not in clips:
            self.cell = ""
        if self.hovered_cell not in clips:
            self.hovered_cell = ""

    def hover_cell(self, clip_id: str) -> None:
        if clip_id != self.hovered_cell:
            self.hovered_cell = clip_id
            self._update_lane("consistency")

    def _update_lane(self, kind: str) -> None:
        for lane in self.rows:
            if lane.kind == kind:
                self.viewport().update(self.lane_rect(lane).toAlignedRect())
