"""Edits of the action lane."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from core.project import lane
from core.project.checks import MAX_FRAME
from core.project.errors import EditError
from core.project.ids import new_id
from core.project.model import ActionSpan, Project
from core.project.words import one_line

MAX_ACTION = 500  # characters


def add_action(
    p: Project, text: str, start: int, end: int, *, id: str = "", overwrite: bool = False
) -> Project:
    """A new action over [start, end), which must be free; ``overwrite`` cuts away what is there."""
    span = ActionSpan(id or new_id(), _text(text), *_range(start, end))
    if any(s.id == span.id for s in p.actions):
        raise EditError("This action is already on the timeline.")
    others = lane.take_out(p.actions, start, end)[0] if overwrite else p.actions
    return _placed(p, others, span)


def move_action(p: Project, action_id: str, start: int) -> Project:
    span, others = _find(p, action_id)
    start, end = _range(start, start + span.end - span.start)
    return _placed(p, others, replace(span, start=start, end=end))


def resize_action(p: Project, action_id: str, start: int, end: int) -> Project:
    span, others = _find(p, action_id)
    start, end = _range(start, end)
    return _placed(p, others, replace(span, start=start, end=end))


def set_action_text(p: Project, action_id: str, text: str) -> Project:
    span, others = _find(p, action_id)
    return _placed(p, others, replace(span, text=_text(text)))


def delete_action(p: Project, action_id: str) -> Project:
    return replace(p, actions=_find(p, action_id)[1])


def split_action(p: Project, action_id: str, frame: int) -> Project:
    span, _ = _find(p, action_id)
    if not span.start < frame < span.end:
        raise EditError("An action can only be split between its first and its last frame.")
    return replace(p, actions=lane.cut(p.actions, frame))


def _find(p: Project, action_id: str) -> tuple[ActionSpan, lane.Spans]:
    for i, span in enumerate(p.actions):
        if span.id == action_id:
            return span, p.actions[:i] + p.actions[i + 1 :]
    raise EditError("That action is no longer on the timeline.")


def _placed(p: Project, others: lane.Spans, span: ActionSpan) -> Project:
    i = bisect_left(others, span.start, key=lambda s: s.start)
    for neighbour in others[max(0, i - 1) : i + 1]:
        if neighbour.start < span.end and span.start < neighbour.end:
            raise EditError(f"“{neighbour.text}” is already there.")
    return replace(p, actions=others[:i] + (span,) + others[i:])


def _range(start: int, end: int) -> tuple[int, int]:
    if start < 0:
        raise EditError("An action cannot begin before the timeline does.")
    if end <= start:
        raise EditError("An action must last at least one frame.")
    if end > MAX_FRAME:
        raise EditError("That is beyond the end of the timeline.")
    return start, end


def _text(text: str) -> str:
    clean = one_line(text, MAX_ACTION, "The action")
    if not clean:
        raise EditError("Write what should happen, for example “walk forward”.")
    return clean
