"""Own footage: shots, what the camera does, the CSV and its faults, chunks split by file."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.learning.data import main
from core.learning.footage.motion import Estimator
from core.learning.footage.shots import scan
from core.learning.footage.table import COLUMNS, TableError, read_table, write_table
from core.learning.scenes import Scene
from core.learning.scenes.walker import follow
from core.learning.sources.footage import PLACE, Footage
from core.media.cv import cv2
from core.media.encode import write_take


def ground(seed: int = 0) -> np.ndarray:
    """Something to film: soft blots of three sizes, [640, 640, 3] uint8."""
    rng = np.random.default_rng(seed)
    blots = sum(
        cv2.resize(rng.uniform(0, 1, (640 // s, 640 // s, 3)), (640, 640),
                   interpolation=cv2.INTER_CUBIC)
        for s in (8, 20, 80)
    )
    blots -= blots.min()
    return (255 * blots / blots.max()).astype(np.uint8)


def shoot(picture: np.ndarray, x: float, y: float, half: float, size: int = 128) -> np.ndarray:
    """What a camera over ``picture`` sees: a square around x, y."""
    scale = 2 * half / size
    matrix = np.array([[scale, 0, x - half], [0, scale, y - half]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, (size, size), flags=flags)


PATHS = {
    "pan_left": lambda i: (340 - 4 * i, 320, 90),
    "pan_right": lambda i: (300 + 4 * i, 320, 90),
    "tilt_up": lambda i: (320, 340 - 4 * i, 90),
    "tilt_down": lambda i: (320, 300 + 4 * i, 90),
    "zoom_in": lambda i: (320, 320, 240 / 1.03**i),
    "zoom_out": lambda i: (320, 320, 150 * 1.03**i),
    "hold_camera": lambda i: (320, 320, 90),
}


@pytest.mark.parametrize("action", PATHS)
def test_a_camera_move_is_recognised(action: str) -> None:
    picture, estimator = ground(), Estimator()
    frames = [shoot(picture, *PATHS[action](i)) for i in range(8)]
    found = [estimator.motion(a, b) for a, b in zip(frames, frames[1:])]
    assert {m.action for m in found} == {action}
    assert min(m.confidence for m in found) > 0.5


@pytest.mark.parametrize(("verb", "action"), [
    ("forward", "camera_forward"), ("back", "camera_back"), ("turn_left", "pan_left"),
    ("turn_right", "pan_right"), ("hold", "hold_camera"),
])
def test_a_walk_is_told_from_a_zoom_by_its_parallax(verb: str, action: str) -> None:
    scene, estimator, rng = Scene(5, "a garden maze at dusk"), Estimator(), np.random.default_rng(3)
    found = []
    for _ in range(4):
        poses = follow(scene.spawn(rng), [verb] * 4)
        if all(scene.free(x, y, 0.3) for x, y, _ in poses):
            frames = scene.render(poses)
            found += [estimator.motion(a, b).action for a, b in zip(frames, frames[1:])]
    assert found and found.count(action) > 0.6 * len(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos: one of two shots at 24 frames a second, one short."""
    folder = tmp_path_factory.mktemp("footage")
    one, two = ground(1), ground(2) // 2
    frames = [shoot(one, 200 + 1.5 * i, 320, 90) for i in range(72)]
    frames += [shoot(two, 320, 320, 200 / 1.012**i) for i in range(72)]
    write_take(folder / "two shots.mp4", frames, Fraction(24))
    write_take(folder / "still.mp4", [shoot(one, 320, 320, 90)] * 12, Fraction(8))
    return folder


def test_shots_and_stretches_of_a_file(folder: Path) -> None:
    found = scan(folder / "two shots.mp4")
    assert (found.frames, found.shots) == (48, ((0, 24), (24, 48)))
    assert [(s.first, s.end, s.action) for s in found.stretches] == [
        (0, 24, "pan_right"), (24, 48, "zoom_in"),
    ]


def test_the_estimate_can_be_corrected_and_built_from(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "actions.csv"
    main(["actions", str(folder), "--out", str(table)])
    assert len(list((tmp_path / "actions-sheets").glob("*.png"))) == 2
    text = table.read_text("utf-8")
    assert "two shots.mp4,0.000,2.875,pan_right" in text
    table.write_text(text.replace("pan_right", "glide along the wall"), "utf-8")
    source = Footage(folder, table)
    made = [source.record(i, 20, side)
            for side in (False, True) for i in range(source.count(20, side))]
    by_file = {m.scene: m for m in made}
    assert set(by_file) == {"two shots.mp4"}  # what is left of the other is too short for a chunk
    assert all(m.poses is None and m.place == PLACE and len(m.pictures) <= 20 for m in made)
    said = {a for m in made for a in m.actions}
    assert said == {"glide along the wall", "zoom_in"}


def test_a_file_is_on_one_side_of_the_split_and_so_are_its_copies(tmp_path: Path) -> None:
    for i in range(8):
        write_take(tmp_path / f"{i:02d}.mp4", [np.full((32, 32, 3), 20 * i, np.uint8)] * 20,
                   Fraction(8))
        shutil.copy(tmp_path / f"{i:02d}.mp4", tmp_path / f"copy of {i:02d}.mp4")
    source = Footage(tmp_path)
    sides = [{source.record(i, 20, side).scene for i in range(source.count(20, side))}
             for side in (False, True)]
    assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == 16
    assert all(any(f"copy of {n}" in side for side in sides if n in side)
               for n in (f"{i:02d}.mp4" for i in range(8)))


HEAD = ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize(("text", "said"), [
    ("file,start,action\na.mp4,0,hold\n", "line 1: there is no column end"),
    (HEAD + "b.mp4,0,1,hold\n", "line 2: there is no video 'b.mp4'; the folder has a.mp4"),
    (HEAD + "a.mp4,0,1,walk\na.mp4,two,3,walk\n", "line 3: start is 'two', not a number"),
    (HEAD + "a.mp4,3,2,walk\n", "line 2: end 2 is not after start 3"),
    (HEAD + "a.mp4,0,9,walk\n", "line 2: end 9 is after the video's end (4.00 s)"),
    (HEAD + "a.mp4,-1,2,walk\n", "line 2: start -1 and end 2 have to be 0 or more"),
    (HEAD + "a.mp4,0,nan,walk\n", "line 2: start 0 and end nan"),
    (HEAD + "a.mp4,0,2,\n", "line 2: action is empty"),
    (HEAD + "a.mp4,0,2,walk\na.mp4,1,3,turn\n", 'line 3: starts at 1 s, while "walk" of line 2'),
    ("", "line 1: there is no column file, start, end, action"),
])
def test_faults_of_a_table_are_named_by_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "actions.csv").write_text(text or "\n", "utf-8")
    with pytest.raises(TableError) as error:
        read_table(tmp_path / "actions.csv", {"a.mp4": 4.0})
    assert f"actions.csv, {said}" in str(error.value)


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "of excel.csv").write_text(
        "\ufefffile;start;end;action;place\na.mp4;0,5;1;open the drawer;our kitchen\n", "utf-8")
    (spans,) = read_table(tmp_path / "of excel.csv", {"a.mp4": 4.0}).values()
    assert (spans[0].start, spans[0].action, spans[0].place) == (
        0.5, "open the drawer", "our kitchen")
    write_table(tmp_path / "again.csv", spans)
    (again,) = read_table(tmp_path / "again.csv", {"a.mp4": 4.0}).values()
    assert (again[0].start, again[0].end, again[0].action) == (0.5, 1.0, "open the drawer")


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no videos"):
        Footage(tmp_path)
    (tmp_path / "broken.mp4").write_bytes(b"nothing of the kind")
    assert Footage(tmp_path).count(20) == 0
