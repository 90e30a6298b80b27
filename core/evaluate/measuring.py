"""What is left of a run, measured: in this process, or by several at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import groupby
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any, NamedTuple

import torch

from core.evaluate import pictures
from core.evaluate.adherence import reader
from core.evaluate.arms import TRUTH, Arm
from core.evaluate.bench import Bench
from core.evaluate.features import Features, network
from core.evaluate.options import Options
from core.learning.shards import FIRST_PERSON
from core.project.model import Sampling
from core.worlds.catalogue import load_world, read_entry
from core.worlds.protocol import World

Row = dict[str, Any]

_LOOK = 0.2  # seconds between looks at what the other processes have made


class WorkerDied(Exception):
    """A process that measured is gone; the message says what was kept."""


class Task(NamedTuple):
    """One measurement. ``arm`` None measures the true video."""

    number: int  # of the trajectory
    label: str  # of the world
    arm: Arm | None
    visit: str

    @property
    def arm_name(self) -> str:
        return self.arm.name if self.arm else TRUTH

    @property
    def key(self) -> str:
        return f"{self.number}/{self.label}/{self.arm_name}/{self.visit}"


def loaded(options: Options) -> dict[str, World]:
    """The worlds of a run by label. Raises WorldError."""
    return {
        label: load_world(folder, options.device, options.slow_adapter)
        for label, folder in options.worlds.items()
    }


def sampling_of(folder: Path) -> Sampling:
    """How a new project of the world in ``folder`` draws a chunk."""
    entry = read_entry(folder)
    return Sampling(entry.steps, entry.guidance)


def shown_as(arm: str, label: str, worlds: int) -> str:
    """The name of an arm in videos."""
    return arm if worlds == 1 else f"{arm} {label}"


class Measurer:
    """Loaded worlds, and what measures them."""

    def __init__(self, options: Options, worlds: Mapping[str, World], net: Features):
        size = next(iter(worlds.values())).geometry.width
        walks = options.suite.domain == FIRST_PERSON
        verbs = reader(size, options.reader_scenes) if walks else None
        self.options = options
        self.benches = {
            label: Bench(world, net, verbs, sampling_of(options.worlds[label]), options.seed)
            for label, world in worlds.items()
        }

    def rows(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Row]]:
        """Measure ``tasks``, those of one trajectory together; videos are kept on the way."""
        options, walked = self.options, None
        for task in tasks:
            began, bench = time.perf_counter(), self.benches[task.label]
            if walked is None or walked.number != task.number:
                walked = options.suite.trajectory(bench, task.number)
            row, video = options.suite.measure(bench, walked, task.arm, task.visit)
            seconds = time.perf_counter() - began
            if video is not None and task.number < options.videos:
                name = task.arm_name
                if task.arm is not None:
                    name = shown_as(name, task.label, len(self.benches))
                pictures.keep_video(options.out, walked.name, task.visit, name, video)
            yield task, {
                "trajectory": task.number, "pattern": walked.pattern, "style": walked.style,
                "scene": walked.scene, "loop": task.label, "arm": task.arm_name,
                "visit": task.visit, "seconds": seconds, **row,
            }


def measured(
    options: Options, worlds: Mapping[str, World], net: Features, todo: Sequence[Task]
) -> Iterator[tuple[Task, Row]]:
    """Each of ``todo``, which is sorted by trajectory, with its row, as soon as it is measured.
    Raises WorkerDied, and what the suite raises."""
    walks = [list(tasks) for _, tasks in groupby(todo, lambda task: task.number)]
    workers = min(options.workers, len(walks))
    if workers <= 1:
        yield from Measurer(options, worlds, net).rows(todo)
    else:
        yield from _by_several(options, walks, workers)


def _by_several(
    options: Options, walks: Sequence[list[Task]], workers: int
) -> Iterator[tuple[Task, Row]]:
    """As ``measured``, by processes that take one trajectory at a time: its footage is drawn once.
    They share the processor's cores; sums are then taken in another order than by one process, so
    figures differ in their last digits."""
    context = multiprocessing.get_context("spawn")
    made: SimpleQueue[tuple[Task, Row]] = context.SimpleQueue()
    threads = max(1, torch.get_num_threads() // workers)
    others = {*multiprocessing.active_children()}
    pool = ProcessPoolExecutor(workers, context, _begin, (options, made, threads))
    waiting = {pool.submit(_measure, tasks) for tasks in walks}
    # Looked at once: whoever asks for children also reaps them, as the pool's own thread does.
    crew = {*multiprocessing.active_children()} - others
    try:
        while waiting:
            done, waiting = wait(waiting, _LOOK, FIRST_EXCEPTION)
            # A row is handed over before its trajectory counts as done.
            while not made.empty():
                yield made.get()
            for walk in done:
                walk.result()
    except BrokenProcessPool as error:
        raise WorkerDied(
            "A process that measured has ended by itself, perhaps for want of memory. What is "
            "finished was kept; the same command goes on, with fewer --workers if it happens again."
        ) from error
    finally:
        for process in crew:  # in the middle of a trajectory it would go on for minutes
            process.terminate()
        pool.shutdown(cancel_futures=True)


_measurer: Measurer | None = None  # of a process of ``_by_several``
_made: SimpleQueue[tuple[Task, Row]] | None = None


def _begin(options: Options, made: SimpleQueue[tuple[Task, Row]], threads: int) -> None:
    global _measurer, _made
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C reaches all; who began them says so
    torch.set_num_threads(threads)
    _measurer, _made = Measurer(options, loaded(options), network(options.features)), made


def _measure(tasks: Sequence[Task]) -> None:
    began_by = multiprocessing.parent_process()
    assert _measurer is not None and _made is not None and began_by is not None
    for found in _measurer.rows(tasks):
        if not began_by.is_alive():
            os._exit(1)  # nobody is left to take it
        _made.put(found)
