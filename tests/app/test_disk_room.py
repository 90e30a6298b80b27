"""A job that does not fit on the project's disk: said before it begins, with a way to begin."""

from __future__ import annotations

import shutil
from collections import namedtuple

from core.rollout.disk import RESERVE

Usage = namedtuple("Usage", "total used free")


def nearly_full(monkeypatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(free, 0, free))


def test_it_is_said_before_anything_is_made_and_can_be_begun_all_the_same(opened, monkeypatch):
    h = opened
    nearly_full(monkeypatch, RESERVE + 1000)
    h.trigger("generate")
    notice = h.w.notices.current
    assert "of disk" in notice.text and "no chunk fits" in notice.text
    assert notice.kept == "Nothing was begun." and not h.w.queue.jobs and not h.p.takes
    dict(notice.fixes)["Generate anyway"]()
    take = h.wait_draft()
    assert take in h.p.takes
    # More takes of it are weighed too; with room they begin.
    jobs = len(h.w.queue.jobs)
    chunk = h.p.takes[take].chunk
    h.w.choosing.more(chunk, 2)
    assert "3 chunks need" in h.w.notices.current.text, "with the one that waits"
    assert len(h.w.queue.jobs) == jobs
    monkeypatch.undo()
    h.w.choosing.more(chunk, 1)
    h.until(lambda: len(h.p.takes) == 2)
