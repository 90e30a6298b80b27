"""A film of an open model from the command line to the MP4, without a window: a tiny Wan checkpoint
in a folder of its own, two chunks, with memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.engine.control import CancelToken, PauseGate
from core.engine.in_process import InProcessEngine
from core.media.encode import read_recipe
from core.media.reader import FrameReader
from core.media.thumbs import thumbnail_png
from core.memory.snapshot import load_snapshot
from core.project import queries, steps
from core.project.jobs import redo_job
from core.project.store import ProjectStore
from core.rollout.events import TERMINAL, Progress, TakeReady
from core.rollout.latents import read_latents
from core.rollout.remaking import project_from_recipe
from core.worlds.catalogue import load_world, read_entry
from tests.builders.tiny_world import picture
from tests.worlds import tiny

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wan(tmp_path_factory) -> Path:
    with torch.random.fork_rng(devices=[]):
        return tiny.build_wan(tmp_path_factory.mktemp("worlds") / "Wan-tiny")


@pytest.fixture(scope="module")
def film(tmp_path_factory, wan) -> tuple[Path, Path]:
    """(the MP4, the project it was made in)."""
    folder = tmp_path_factory.mktemp("film")
    start = folder / "start.png"
    start.write_bytes(thumbnail_png(picture(96, 3), 96))
    command = [
        sys.executable, "main.py", "render", str(start), "--world", str(wan), "--scene", "a hall",
        "--action", "walk forward:1s", "--action", "turn left:1s", "--steps", "2", "--seed", "4",
        "--device", "cpu", "--project", str(folder / "project"), "--out", str(folder / "film.mp4"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return folder / "film.mp4", folder / "project"


def test_two_chunks_with_memory_become_a_film(film, wan):
    mp4, folder = film
    with FrameReader(mp4) as reader:
        assert len(reader) == 1 + 16  # the start, then two chunks of two latent frames of four
        shown = [reader.frame(i) for i in range(len(reader))]
    assert shown[0].shape == (64, 96, 3) and all(f.std() > 1 for f in shown)
    with ProjectStore.open(folder) as store:
        p = store.project
        assert (p.chunk_frames, p.context_frames, p.latent_stride) == (8, 3, 4)
        assert (p.sampling.steps, p.sampling.guidance) == (2, 2.0)
        takes = queries.chain(p, queries.tip(p).take)
        assert [(t.status, t.frames, t.seed) for t in takes] == [
            ("accepted", 8, 4), ("accepted", 8, 5),
        ]
        assert [a.text for t in takes for a in t.actions] == ["walk forward", "turn left"]
        assert all(t.learning is not None and t.learning.steps == 1 for t in takes)
        assert takes[1].snapshot_in == takes[0].snapshot != takes[1].snapshot
        kept = load_snapshot(store.path(takes[1].snapshot), p.world.hash)
        assert any(a.any() for n, a in kept.weights.items() if "lora_B" in n)
        assert kept.context.time.tolist() == [0, 12, 16] and kept.chunks == 2
        found = [read_latents(store.path(t.latents)) for t in takes]
        assert [f.time.tolist() for f in found] == [[4, 8], [12, 16]]


def test_its_pictures_are_those_of_the_latents_in_one_piece(film, wan):
    _, folder = film
    world = load_world(wan)
    with ProjectStore.open(folder) as store:
        p = store.project
        takes = queries.chain(p, queries.tip(p).take)
        with FrameReader(store.path(p.start.video)) as reader:
            first = world.encode(reader.frame(0)[None])
        z = [torch.from_numpy(read_latents(store.path(t.latents)).z) for t in takes]
        whole = world.decode(torch.cat([first, *z]))
        for i, take in enumerate(takes):
            with FrameReader(store.path(take.video)) as reader:
                for j in range(8):
                    away = np.abs(reader.frame(j).astype(int) - whole[1 + 8 * i + j])
                    assert away.mean() < 12  # as near as H.264 keeps pictures full of noise


def test_a_redo_gives_the_same_bits_and_says_how_far_it_is(film, wan, tmp_path):
    shutil.copytree(film[1], tmp_path / "p")
    engine = InProcessEngine(device="cpu", threads=1)
    with ProjectStore.open(tmp_path / "p") as store:
        p = store.project
        old = p.takes[queries.tip(p).take]
        step = steps.next_step(p, redo_job(old.chunk, seed=old.seed), store, wan)
        events = list(engine.run(step.task, CancelToken(), PauseGate()))
        assert isinstance(events[-1], TakeReady)
        assert sum(isinstance(e, TERMINAL) for e in events) == 1
        made = read_latents(events[-1].latents).z
        assert made.tobytes() == read_latents(store.path(old.latents)).z.tobytes()
        told = [e for e in events if isinstance(e, Progress) and e.phase == "decoding"]
        assert [(e.step, e.steps) for e in (told[0], told[-1])] == [(0, 8), (8, 8)]
    engine.close()


def test_its_recipe_makes_the_project_again(film, tmp_path, wan):
    with project_from_recipe(read_recipe(film[0]), tmp_path / "again") as store:
        p, world = store.project, read_entry(wan)
        assert (p.chunk_frames, p.latent_stride) == (world.chunk_frames, world.t_stride)
        assert p.world.hash == world.hash and p.start is not None
