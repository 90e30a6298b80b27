"""The commands as a person types them, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.media.encode import read_recipe
from core.media.reader import FrameReader
from core.media.thumbs import thumbnail_png
from core.project.model import ActionPart
from core.project.store import ProjectStore
from tests.builders.tiny_world import picture

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(240)


def command(*arguments: object, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *map(str, arguments)], capture_output=True,
        text=True, timeout=200, cwd=options.pop("cwd", ROOT), **options,
    )


@pytest.fixture
def here(capsys):
    """A command in this process, where the packages are loaded already."""
    import main

    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}

    def command(*arguments: object) -> subprocess.CompletedProcess:
        try:
            code = main.main([str(a) for a in arguments])
        except SystemExit as stop:
            code = stop.code
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    yield command
    for which, handler in before.items():
        signal.signal(which, handler)


@pytest.fixture
def start(tmp_path) -> Path:
    path = tmp_path / "view.png"
    path.write_bytes(thumbnail_png(picture(96, 3), 96))
    return path


@pytest.fixture
def rendering(tiny_world_dir):
    """The options every render of these tests has."""
    return ["render", "--world", tiny_world_dir, "--device", "cpu", "--steps", 2]


def frames_of(path: Path) -> int:
    with FrameReader(path) as reader:
        return len(reader)


def test_render_keep_export_and_go_on(tmp_path, start, rendering, here):
    project, film = tmp_path / "walk", tmp_path / "film.mp4"
    done = command(*rendering, start, "--action", "forward:1s", "--action", "turn left : 0.5 s",
                   "--scene", "a house", "--project", project, "--out", film)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(film) and "chunk 2 of 2" in done.stderr
    assert frames_of(film) == 1 + 8 + 4
    assert read_recipe(film)["scene"] == "a house" and (project / "project.json").is_file()

    wide = tmp_path / "wide.mp4"
    done = here("export", project, wide, "--size", "200x100", "--fps", "16", "--crf", "30",
                   "--preset", "veryfast")
    assert done.returncode == 0, done.stderr
    with FrameReader(wide) as reader:
        assert reader.frame(0).shape == (100, 200, 3) and len(reader) == 34

    again = here(*rendering, start, "--action", "forward:1", "--project", project, "--out", film)
    assert again.returncode == 2 and "--continue" in again.stderr
    more = here(*rendering, "--continue", "--action", "forward:1", "--project", project,
                   "--out", film)
    assert more.returncode == 0, more.stderr
    # What was made beyond the film's end is kept, and the new action comes behind it.
    assert frames_of(film) == 1 + 8 + 8 + 8
    short = here("render", "--continue", "--device", "cpu", "--action", "turn left:0.25",
                 "--world", rendering[2], "--project", project, "--out", film)
    assert short.returncode == 0, short.stderr
    with ProjectStore.open(project) as store:
        assert [t.actions for t in store.project.takes.values()][-1] == (ActionPart("turn left", 8),)
    assert frames_of(film) == 1 + 8 + 8 + 8 + 2

    # Only what the film shows has to be there.
    for latents in (project / "assets" / "latents").iterdir():
        latents.unlink()
    assert here("export", project, wide).returncode == 0
    next((project / "assets" / "video").iterdir()).unlink()
    lost = here("export", project, wide)
    assert lost.returncode == 1 and "assets/video" in lost.stderr
    assert "assets/latents" not in lost.stderr


def test_a_project_goes_on_in_its_own_world(tmp_path, start, rendering, here):
    project = tmp_path / "walk"
    done = here(*rendering, start, "--action", "forward:1s", "--project", project, "--out",
                tmp_path / "a.mp4")
    assert done.returncode == 0, done.stderr
    before = (project / "project.json").read_bytes()
    more = ["render", "--continue", "--project", project, "--action", "forward:1s", "--out",
            tmp_path / "b.mp4"]
    alone = here(*more)  # "tiny" is not installed
    assert alone.returncode == 2 and "Tiny world" in alone.stderr and "--world" in alone.stderr
    other = here(*more, "--world", Path(__file__).parents[2] / "resources" / "worlds" / "starter")
    assert other.returncode == 2 and "can't go on with “Starter world”" in other.stderr
    assert (project / "project.json").read_bytes() == before


def test_the_engine_can_have_a_process_of_its_own(
    tmp_path, start, rendering, here, monkeypatch
):
    """As it has on a card; here it computes on the processor."""
    from core.engine.in_process import InProcessEngine
    from core.project.store import ProjectStore

    def not_here(*_):
        raise AssertionError("the engine ran in the command's own process")

    asked = [*rendering, start, "--action", "forward:0.5s", "--memory", "off", "--seed", 5]
    kept = {}
    for kind in ("inprocess", "child"):
        if kind == "child":
            monkeypatch.setattr(InProcessEngine, "run", not_here)
        folder = tmp_path / kind
        done = here(*asked, "--engine", kind, "--project", folder, "--out", tmp_path / "film.mp4")
        assert done.returncode == 0, done.stderr
        with ProjectStore.open(folder) as store:
            (take,) = store.project.takes.values()
            kept[kind] = take.latents  # named by its content
    assert kept["child"] == kept["inprocess"]


def test_the_way_of_sampling_is_an_option(tmp_path, start, rendering, here):
    from core.project.store import ProjectStore
    from tests.worlds.tiny import build_wan

    film, project = tmp_path / "film.mp4", tmp_path / "walk"
    asked = [start, "--action", "forward:0.5s", "--memory", "off", "--out", film]
    refused = here(*rendering, *asked, "--sampling", "cache")
    assert refused.returncode == 2 and "does not allow it. It can be: exact." in refused.stderr
    world = build_wan(tmp_path / "tiny-wan")
    options = ["render", "--world", world, "--device", "cpu", "--steps", 2, "--project", project]
    done = here(*options, *asked, "--sampling", "cache")
    assert done.returncode == 0, done.stderr
    done = here(*options, "--continue", "--action", "turn left:1s", *asked[3:], "--sampling",
                "exact")
    assert done.returncode == 0, done.stderr
    with ProjectStore.open(project) as store:
        ways = [take.sampling.way for take in store.project.takes.values()]
        assert sorted(ways) == ["cache", "exact"] and store.project.sampling.way == "exact"
    recipe = read_recipe(film)
    assert [chunk["sampling"]["way"] for chunk in recipe["chunks"]] == ["cache", "exact"]


def test_without_a_project_nothing_is_left_behind(tmp_path, start, rendering, here, monkeypatch):
    film, temporary = tmp_path / "film.mp4", tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    actions = tmp_path / "walk.txt"
    actions.write_text("# a walk\nforward:0.5s\n\nturn left:0.25\n", "utf-8")
    done = here(*rendering, start, "--actions", actions, "--memory", "off", "--seed", 5,
                "--out", film)
    assert done.returncode == 0, done.stderr
    assert frames_of(film) == 7 and read_recipe(film)["chunks"][0]["seed"] == 5
    assert [p for p in temporary.iterdir() if p.name.startswith("slowfast")] == []


def test_a_disk_that_is_too_small_is_said_before_anything_is_made(
    tmp_path, start, rendering, here, monkeypatch
):
    import shutil
    from collections import namedtuple

    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: namedtuple("Usage", "total used free")(1, 0, 10**6)
    )
    film, project = tmp_path / "film.mp4", tmp_path / "walk"
    asked = [*rendering, start, "--action", "forward:0.5", "--memory", "bank", "--out", film]
    done = here(*asked, "--project", project)
    assert done.returncode == 1 and "1 chunk needs about" in done.stderr
    assert "1.0 MB are free" in done.stderr and "--anyway" in done.stderr
    assert not film.exists() and not list(project.glob("assets/latents/*"))
    assert here(*asked, "--anyway").returncode == 0 and film.is_file()


@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
def test_ctrl_c_keeps_the_project_and_says_how_to_go_on(tmp_path, start, rendering):
    project, film = tmp_path / "walk", tmp_path / "film.mp4"
    going = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *map(str, rendering), str(start), "--action",
         "forward:60s", "--project", str(project), "--out", str(film)],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )
    said = []
    for line in going.stderr:
        said.append(line)
        if line.startswith("chunk 2 of 60"):
            going.send_signal(signal.SIGINT)
            break
    rest = going.communicate(timeout=200)[1]
    assert going.returncode == 130, "".join(said) + rest
    assert not film.exists()
    assert "Stopped" in rest and "--continue" in rest and str(project) in rest
    assert "Traceback" not in rest
    document = json.loads((project / "project.json").read_text("utf-8"))
    assert 1 <= len(document["takes"]) < 10 and not list((project / "staging").glob("*"))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["render", "--out", "x.mp4"], 2, "picture or a video"),
        (["render", "START", "--action", "forward:1", "--out", "x.avi"], 2, ".mp4"),
        (["render", "START", "--action", "forward:1", "--out", "no/such/x.mp4"], 1, "no folder"),
        (["render", "START", "--action", "forward", "--out", "x.mp4"], 2, "walk forward:2s"),
        (["render", "START", "--action", "forward:0s", "--out", "x.mp4"], 2, "lasts"),
        (["render", "START", "--actions", "gone.txt", "--out", "x.mp4"], 2, "gone.txt"),
        (["render", "START", "--out", "x.mp4"], 2, "Say what happens"),
        (["render", "gone.png", "--action", "forward:1", "--out", "x.mp4"], 1, "gone.png"),
        (["render", "text.mp4", "--action", "forward:1", "--out", "x.mp4"], 1, "text.mp4"),
        (["render", "START", "--action", "forward:1", "--project", "full", "--out", "x.mp4"], 1,
         "not empty"),
        (["render", "START", "--action", "forward:1", "--world", "full", "--out", "x.mp4"], 1,
         "no world"),
        (["render", "--sample", "START", "--out", "x.mp4"], 2, "--sample"),
        (["export", "gone", "x.mp4"], 1, "gone"),
        (["export", "full", "x.mp4"], 1, "not a project"),
        (["export", "full", "x.mp4", "--crf", "99"], 2, "crf"),
        (["export", "full", "x.mp4", "--size", "big"], 2, "1080x1080"),
        (["export", "full", "x.mp4", "--fps", "0"], 2, "1000"),
        (["render"], 2, "--out"),
        (["doctor", "--loud"], 2, "--loud"),
    ],
)
def test_mistakes_are_explained(
    tmp_path, start, tiny_world_dir, here, monkeypatch, arguments, code, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.mp4").write_text("I am no film")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    given = [str(start) if a == "START" else a for a in arguments]
    if given[0] == "render" and "--world" not in given:
        given += ["--world", str(tiny_world_dir)]
    done = here(*given)
    assert done.returncode == code, done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "x.mp4").exists()
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_an_unwritable_folder_is_said_at_once(tmp_path, start, rendering):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    done = command(*rendering, start, "--action", "forward:1", "--out", locked / "x.mp4")
    assert done.returncode == 1 and "Nothing can be written" in done.stderr


def test_help_is_quick_and_needs_no_torch():
    code = (
        "import sys, main\n"
        "try: main.main(['render', '--help'])\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "assert not {'torch', 'numpy', 'PySide6'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "--action" in done.stdout


def test_doctor_answers_in_json():
    done = command("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == report["exit_code"] and report["checks"]


def test_actions_in_a_file(tmp_path):
    from core.commands.arguments import Trouble, actions_file

    listed = tmp_path / "a.json"
    listed.write_text(json.dumps([["walk forward", 2], ["turn left", 1.5], "stop:1s"]))
    assert actions_file(listed) == [("walk forward", "2"), ("turn left", "1.5"), ("stop", "1")]
    for bad in ("[1, 2", '[{"text": "walk forward", "seconds": 2}]', "[5]", '[["x"]]', '[["x", "y"]]', "x\ny"):
        listed.write_text(bad)
        with pytest.raises(Trouble):
            actions_file(listed)


def test_the_sample_reader(tmp_path):
    from core.rollout.samples import first_sample

    (tmp_path / "b.png").write_bytes(thumbnail_png(picture(64)))
    (tmp_path / "b.json").write_text('{"scene": "a house", "actions": [["walk forward", 16]]}')
    (tmp_path / "a.png").write_bytes(b"")  # without facts: nothing to walk
    sample = first_sample(tmp_path)
    assert sample.picture.name == "b.png" and sample.actions == (("walk forward", 16),)
    (tmp_path / "b.json").write_text('{"actions": 5}')
    with pytest.raises(ValueError, match="no whole sample"):
        first_sample(tmp_path)


def test_a_slow_adapter_makes_another_world_of_it(
    tmp_path, start, rendering, here, tiny_world_dir, other_world_dir
):
    from core.learning.fine_tuning import put_in, weights_of
    from core.project import queries, staleness
    from core.project.store import ProjectStore
    from core.worlds.catalogue import load_world, read_entry, with_slow_adapter
    from core.worlds.slow_adapter import SlowAdapter, save_slow_adapter

    world = load_world(tiny_world_dir)
    put_in(world.net, 2)
    weights = {n: a + 0.2 for n, a in weights_of(world.net).items()}
    adapter, project = tmp_path / "garden.safetensors", tmp_path / "walk"
    save_slow_adapter(
        adapter, SlowAdapter(world.id, world.name, world.hash, 2, 2.0, weights, {})
    )
    film = tmp_path / "film.mp4"
    options = [*rendering, "--memory", "off", "--seed", 3, "--out", film]
    plain = here(*options, start, "--action", "forward:1s")
    assert plain.returncode == 0, plain.stderr
    before = read_frames(film)
    done = here(*options, start, "--action", "forward:1s", "--project", project,
                "--slow-adapter", adapter)
    assert done.returncode == 0, done.stderr
    assert read_frames(film) != before
    with ProjectStore.open(project) as store:
        entry = with_slow_adapter(read_entry(tiny_world_dir), adapter)
        assert store.project.world.hash == entry.hash != world.hash
        assert store.project.world.name.endswith("with garden")

    # The project carries it: no word of it is needed, nor the file that it came from.
    adapter.rename(tmp_path / "elsewhere.safetensors")
    more = here(*options, "--continue", "--action", "turn left:1s", "--project", project)
    assert more.returncode == 0, more.stderr
    with ProjectStore.open(project) as store:
        p = store.project
        assert {t.world_hash for t in p.takes.values()} == {p.world.hash} != {world.hash}
        assert not staleness.stale_takes(p) and len(p.takes) == 2

    # Another one goes before it, and what was made with the first is made again.
    adapter = tmp_path / "yard.safetensors"
    stronger = {n: a + 0.1 for n, a in weights.items()}
    save_slow_adapter(
        adapter, SlowAdapter(world.id, world.name, world.hash, 2, 2.0, stronger, {})
    )
    more = here(*options, "--continue", "--project", project, "--slow-adapter", adapter)
    assert more.returncode == 0, more.stderr
    with ProjectStore.open(project) as store:
        p = store.project
        assert p.world.name.endswith("with yard") and len(p.takes) == 4
        assert {queries.chosen_take(p, c).world_hash for c in p.chunks} == {p.world.hash}

    rendering[2] = other_world_dir
    other = here(*rendering, start, "--action", "forward:1s", "--out", film,
                 "--slow-adapter", adapter)
    assert other.returncode == 1 and "only the very world it was trained on" in other.stderr


def read_frames(path: Path) -> list[bytes]:
    with FrameReader(path) as reader:
        return [reader.frame(i).tobytes() for i in range(len(reader))]
