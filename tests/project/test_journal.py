from dataclasses import replace

import pytest

from core.project import jobs
from core.project.errors import ProjectError
from core.project.journal import NAME, Journal

STATES = [
    jobs.Queued(),
    jobs.Waiting("t1"),
    jobs.Paused(),
    jobs.Paused(interrupted=True),
    jobs.Done(),
    jobs.Failed("The disk is full."),
    jobs.Cancelled(),
]


def test_the_queue_comes_back_as_it_was(tmp_path):
    queue = tuple(replace(jobs.generate_job(8 * i, seed=i), state=s) for i, s in enumerate(STATES))
    queue += (jobs.redo_job("c1"), jobs.export_job({"file": "walk.mp4", "crf": 18}))
    Journal(tmp_path).save(queue)
    assert Journal(tmp_path).load() == queue
    assert [j.ended for j in queue] == [False] * 4 + [True] * 3 + [False] * 2


def test_what_was_running_was_interrupted(tmp_path):
    Journal(tmp_path).save([replace(jobs.redo_job("c1"), state=jobs.Running())])
    assert Journal(tmp_path).load()[0].state == jobs.Paused(interrupted=True)


def test_no_journal_is_an_empty_queue(tmp_path):
    journal = Journal(tmp_path)
    assert journal.load() == () and journal.problem == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"schema": 2, "jobs": []}',
        b'{"schema": 1, "jobs": [3]}',
        b'{"schema": 1, "jobs": [{"id": "a", "kind": "x", "state": "queued", "detail": {}}]}',
        b'{"schema": 1, "jobs": [{"id": "a", "kind": "redo", "state": "failed", "detail": {}}]}',
        b'{"schema": 1, "jobs": [{"id": "a", "kind": "redo", "state": ["x"], "detail": {}}]}',
    ],
)
def test_a_damaged_journal_costs_the_queue_only(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    journal = Journal(tmp_path)
    assert journal.load() == ()
    assert journal.problem.startswith("The queue could not be read")
    assert (tmp_path / f"{NAME}.damaged").read_bytes() == content
    journal.save([])
    assert journal.load() == () and journal.problem == ""


def test_to_read_only(tmp_path):
    (tmp_path / NAME).write_bytes(b"{")
    journal = Journal(tmp_path, read_only=True)
    assert journal.load() == () and (tmp_path / NAME).exists()
    with pytest.raises(ProjectError):
        journal.save([])
