"""What hands do on the timeline, as edits with names that undo can say."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from app.state.document import Document
from app.state.selection import Selection
from app.state.transport import Transport
from core.project import edits, queries
from core.project.ids import new_id
from core.project.model import Clip, Project


class Editing(QObject):
    def __init__(
        self,
        document: Document,
        selection: Selection,
        transport: Transport,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._document, self._selection, self._transport = document, selection, transport

    # -- clips --------------------------------------------------------------------------------

    def clip(self) -> Clip | None:
        """The one selected clip."""
        p = self._document.project
        if p is None or len(self._selection.clips) != 1:
            return None
        found = queries.find_clip(p, next(iter(self._selection.clips)))
        return found[1] if found else None

    def at_playhead(self) -> Clip | None:
        """What is split and trimmed at the playhead: the selected clip if it is there, else the
        one that is seen."""
        p = self._document.project
        clip = self.clip()
        frame = self._transport.frame
        if clip is not None and clip.start <= frame < clip.end:
            return clip
        return queries.clip_at(p, frame) if p is not None else None

    def move_clip(self, clip_id: str, start: int, index: int, track_id: str) -> None:
        if index >= 0:
            self._do(self.tr("Reorder clip"), lambda p: edits.reorder_clip(p, clip_id, index))
        else:
            self._do(
                self.tr("Move clip"), lambda p: edits.move_clip(p, clip_id, start, track_id or None)
            )

    def move_together(self, clips: list[str], actions: list[str], by: int) -> None:
        self._do(
            self.tr("Move %1 together").replace("%1", str(len(clips) + len(actions))),
            lambda p: edits.move_together(p, clips, actions, by),
        )

    def order_together(self, clips: list[str], index: int) -> None:
        self._do(
            self.tr("Reorder %1 clips").replace("%1", str(len(clips))),
            lambda p: edits.reorder_clips(p, clips, index),
        )

    def trim_clip(self, clip_id: str, into: int, out: int, ripple: bool) -> None:
        self._do(self.tr("Trim clip"), lambda p: edits.trim_clip(p, clip_id, into, out, ripple))

    def split_clip(self, clip_id: str, frame: int) -> None:
        self._do(self.tr("Split clip"), lambda p: edits.split_clip(p, clip_id, frame))

    def split(self) -> None:
        """At the playhead: the clip there, or the selected action."""
        frame, p = self._transport.frame, self._document.project
        if p is None:
            return
        if len(self._selection.actions) == 1 and not self._selection.clips:
            action = next(iter(self._selection.actions))
            self._do(self.tr("Split action"), lambda q: edits.split_action(q, action, frame))
            return
        clip = self.at_playhead()
        if clip is not None:
            self.split_clip(clip.id, frame)

    def trim_to_playhead(self, end: bool) -> None:
        clip, frame = self.at_playhead(), self._transport.frame
        if clip is None:
            return
        at = clip.in_frame + frame - clip.start
        if end:
            self.trim_clip(clip.id, clip.in_frame, at + 1, True)
        else:
            self.trim_clip(clip.id, at, clip.out_frame, True)

    def delete(self, clips: list[str], actions: list[str], ripple: bool) -> None:
        """All of it as one change. The actions first: a ripple takes those above a clip along."""

        def edit(p: Project) -> Project:
            for id in actions:
                p = edits.delete_action(p, id)
            for id in clips:
                p = edits.ripple_delete_clip(p, id) if ripple else edits.delete_clip(p, id)
            return p

        count = len(clips) + len(actions)
        if count == 0:
            return
        if count > 1:
            words = self.tr("Ripple delete %1") if ripple else self.tr("Delete %1")
            words = words.replace("%1", str(count))
        elif actions:
            words = self.tr("Delete action")
        else:
            words = self.tr("Ripple delete") if ripple else self.tr("Delete clip")
        self._do(words, edit)

    def shift_order(self, by: int) -> None:
        """The selected clips of a track change places with the one before or behind them."""
        p = self._document.project
        chosen = self._selection.clips
        track = (
            next((t for t in p.tracks if any(c.id in chosen for c in t.clips)), None) if p else None
        )
        if track is None:
            return
        ids = [c.id for c in track.clips if c.id in chosen]
        places = [i for i, c in enumerate(track.clips) if c.id in chosen]
        # How many of the others lie before the first of them, and before the last.
        index = places[0] - 1 if by < 0 else places[-1] - (len(places) - 1) + 1
        if 0 <= index <= len(track.clips) - len(ids):
            if len(ids) == 1:
                self._do(self.tr("Reorder clip"), lambda q: edits.reorder_clip(q, ids[0], index))
            else:
                self.order_together(ids, index)

    # -- actions ------------------------------------------------------------------------------

    def add_action(self, start: int, end: int, text: str) -> None:
        id = new_id()
        if self._do(
            self.tr("Add “%1”").replace("%1", text),
            lambda p: edits.add_action(p, text, start, end, id=id),
        ):
            self._selection.set(actions=[id])

    def set_text(self, id: str, text: str) -> None:
        p = self._document.project
        old = next((a.text for a in p.actions if a.id == id), None) if p else None
        if old is not None and text and text != old:
            self._do(
                self.tr("Write “%1”").replace("%1", text),
                lambda q: edits.set_action_text(q, id, text),
            )

    def move_action(self, id: str, start: int) -> None:
        self._do(self.tr("Move action"), lambda p: edits.move_action(p, id, start))

    def resize_action(self, id: str, start: int, end: int) -> None:
        self._do(
            self.tr("Change length of action"), lambda p: edits.resize_action(p, id, start, end)
        )

    # -- marks, tracks, words -----------------------------------------------------------------

    def move_marker(self, id: str, frame: int) -> None:
        self._do(self.tr("Move marker"), lambda p: edits.move_marker(p, id, frame))

    def add_marker(self) -> None:
        frame, p = self._transport.frame, self._document.project
        there = next((m for m in p.markers if m.frame == frame), None) if p else None
        if there is not None:
            self._do(self.tr("Delete marker"), lambda q: edits.delete_marker(q, there.id))
        else:
            self._do(self.tr("Add marker"), lambda q: edits.add_marker(q, frame))

    def set_in_out(self, into: int | None, out: int | None) -> None:
        self._do(self.tr("Mark in and out"), lambda p: edits.set_in_out(p, into, out))

    def mark(self, out: bool) -> None:
        p, frame = self._document.project, self._transport.frame
        if p is None:
            return
        if out:
            into = p.in_point if p.in_point is not None and p.in_point < frame + 1 else None
            self.set_in_out(into, frame + 1)
        else:
            stop = p.out_point if p.out_point is not None and p.out_point > frame else None
            self.set_in_out(frame, stop)

    def set_track(self, id: str, changes: dict) -> None:
        merge = f"track-height:{id}" if set(changes) == {"height"} else None
        self._do(self.tr("Change track"), lambda p: edits.set_track(p, id, **changes), merge)

    def switch_track(self, what: str) -> None:
        """``what``: muted or locked; of the track of the selected clip, else of the first."""
        p = self._document.project
        if p is None or not p.tracks:
            return
        chosen = self._selection.clips
        of = next((t for t in p.tracks if any(c.id in chosen for c in t.clips)), p.tracks[0])
        self.set_track(of.id, {what: not getattr(of, what)})

    def set_scene(self, text: str) -> None:
        p = self._document.project
        if p is not None and text != p.scene:
            self._do(self.tr("Write the scene"), lambda q: edits.set_scene(q, text), "scene")

    def set_steps(self, steps: int) -> None:
        """In how many steps chunks are sampled from now on."""
        self._do(
            self.tr("Change the sampling steps"),
            lambda p: edits.set_sampling(p, replace(p.sampling, steps=steps)), "steps",
        )

    def set_way(self, way: str) -> None:
        """How chunks are sampled from now on."""
        self._do(
            self.tr("Change the sampling"),
            lambda p: edits.set_sampling(p, replace(p.sampling, way=way)),
        )

    def rename(self, name: str) -> None:
        self._do(self.tr("Rename project"), lambda p: edits.rename(p, name))

    def _do(self, label: str, edit, merge_id: str | None = None) -> bool:
        return self._document.do(label, edit, merge_id)
