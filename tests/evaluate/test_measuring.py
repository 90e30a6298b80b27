"""Several processes measure one run: the same rows, and none is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from core.evaluate.__main__ import main
from core.evaluate.features import network
from core.evaluate.measuring import Task, WorkerDied, measured
from core.evaluate.options import Options, suite_of
from core.evaluate.run import take_run


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Sums are taken in one order, so that rows can be told to be the same."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _options(world: Path, out: Path, **changes) -> Options:
    given = {"trajectories": 3, "videos": 1, "reader_scenes": 1, "plots": False, **changes}
    return Options(
        suite_of("revisit", visits="real", patterns="turn_around"), {"as given": world},
        ("none", "bank"), seed=2, out=out, controls=False, **given,
    )


def test_two_processes_measure_what_one_does(tiny_world_dir: Path, tmp_path: Path) -> None:
    said: dict[int, list[str]] = {1: [], 2: []}
    results = {
        n: take_run(_options(tiny_world_dir, tmp_path / f"by-{n}", workers=n), said[n].append)
        for n in said
    }
    for result in results.values():
        for row in result["arms"]:
            for part in row["visits"].values():
                part.pop("seconds_per_trajectory")
    assert results[1] == results[2]
    assert len(said[2]) == len(said[1]) and any("9/9 " in line for line in said[2])
    for n in said:
        assert len((tmp_path / f"by-{n}" / "rows.jsonl").read_text().splitlines()) == 9
        assert (tmp_path / f"by-{n}" / "000-turn_around-real.mp4").is_file()
    assert not multiprocessing.active_children()


def _todo(options: Options) -> list[Task]:
    return [Task(n, "as given", None, "real") for n in range(options.trajectories)]


def test_who_stops_early_leaves_no_process(tiny_world_dir: Path, tmp_path: Path) -> None:
    options = _options(tiny_world_dir, tmp_path, trajectories=40, workers=2)
    rows = measured(options, {}, network("stand-in"), _todo(options))
    next(rows)
    assert len(multiprocessing.active_children()) == 2
    rows.close()
    assert not multiprocessing.active_children()


def test_a_process_that_dies_is_said(tiny_world_dir: Path, tmp_path: Path) -> None:
    options = _options(tiny_world_dir, tmp_path, trajectories=40, workers=2)
    rows = measured(options, {}, network("stand-in"), _todo(options))
    next(rows)
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="What is finished was kept"):
        list(rows)
    assert not multiprocessing.active_children()


def test_what_a_process_refuses_is_raised_here(
    tiny_world_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    options = _options(tiny_world_dir, tmp_path, workers=2)
    strange = [task._replace(label="nowhere") for task in _todo(options)]
    with pytest.raises(KeyError, match="nowhere"):
        list(measured(options, {}, network("stand-in"), strange))
    assert not multiprocessing.active_children()
    assert main(["revisit", "--workers", "0", "--out", str(tmp_path)]) == 1
    assert "at least 1" in capsys.readouterr().err
