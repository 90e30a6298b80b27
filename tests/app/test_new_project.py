"""New project: samples, own files, bad files, the crop, and what lies on the disk afterwards."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt

from app.dialogs.new_project import NewProjectDialog
from app.state.new_project import free_folder
from app.widgets.crop_view import CropView
from app.widgets.pixmaps import Pixmaps
from core.media.encode import write_take
from core.rollout.samples import samples
from core.worlds.catalogue import find_world, read_entry
from tests.builders.tiny_world import picture


@pytest.fixture
def dialog(qtbot, tmp_path):
    made = NewProjectDialog(samples(), tmp_path / "projects", 1.0, Pixmaps())
    qtbot.addWidget(made)
    made.show()
    return made


def look(qtbot, dialog, path: Path) -> None:
    dialog.choose_file(path)
    qtbot.waitUntil(lambda: not dialog._background.busy, timeout=30_000)


def text_as_video(folder: Path) -> Path:
    path = folder / "film.mp4"
    path.write_text("this is a shopping list\n" * 50)
    return path


def truncated(folder: Path) -> Path:
    whole = folder / "whole.mp4"
    write_take(whole, [picture(64, i) for i in range(16)], Fraction(8))
    path = folder / "cut.mp4"
    path.write_bytes(whole.read_bytes()[:400])
    return path


def one_pixel(folder: Path) -> Path:
    path = folder / "dot.png"
    Image.new("RGB", (1, 1)).save(path)
    return path


def empty(folder: Path) -> Path:
    path = folder / "nothing.png"
    path.write_bytes(b"")
    return path


def missing(folder: Path) -> Path:
    return folder / "gone.jpg"


@pytest.mark.parametrize("make", [text_as_video, truncated, one_pixel, empty, missing])
def test_bad_files_are_refused_with_a_sentence(qtbot, dialog, tmp_path, make):
    path = make(tmp_path)
    look(qtbot, dialog, path)
    words = dialog.message.text()
    assert path.name in words and words.endswith(".")
    assert "Traceback" not in words and "Error" not in words
    assert not dialog.create.isEnabled()
    # And a good file afterwards makes it whole again.
    good = tmp_path / "good.png"
    Image.fromarray(picture(80)).save(good)
    look(qtbot, dialog, good)
    assert dialog.message.text() == "" and dialog.create.isEnabled()


def test_huge_pictures_are_shown_small(qtbot, dialog, tmp_path):
    path = tmp_path / "wide.png"
    Image.new("RGB", (20_000, 400), (90, 120, 40)).save(path)
    look(qtbot, dialog, path)
    assert dialog.create.isEnabled()
    assert not dialog.crop.whole
    assert "20000 × 400" in dialog._facts.text()


def test_a_video_continues_from_its_end(qtbot, dialog, tmp_path):
    path = tmp_path / "walk.mp4"
    frames = [np.full((48, 96, 3), 10 + 20 * i, np.uint8) for i in range(12)]
    write_take(path, frames, Fraction(8))
    look(qtbot, dialog, path)
    assert dialog._peeked.kind == "video"
    assert abs(int(dialog._peeked.picture.mean()) - 230) < 6
    assert dialog.name.text() == "walk"


def test_the_newest_choice_wins(qtbot, dialog, tmp_path):
    for i in range(4):
        path = tmp_path / f"p{i}.png"
        Image.fromarray(picture(64, i)).save(path)
        dialog.choose_file(path)
    qtbot.waitUntil(lambda: not dialog._background.busy, timeout=30_000)
    dialog.create.click()
    assert dialog.result_value.source == tmp_path / "p3.png"
    assert dialog.result_value.name == "p3"


def test_a_name_written_by_hand_stays(qtbot, dialog, tmp_path):
    dialog.name.clear()
    qtbot.keyClicks(dialog.name, "My walk")
    path = tmp_path / "other.png"
    Image.fromarray(picture(64)).save(path)
    look(qtbot, dialog, path)
    assert dialog.name.text() == "My walk"


def test_the_crop_is_dragged_and_kept_inside(qtbot):
    from PySide6.QtGui import QImage

    view = CropView(1.0)
    qtbot.addWidget(view)
    view.resize(400, 200)
    view.show()
    view.set_image(QImage(800, 400, QImage.Format.Format_RGB888))
    assert abs(view.crop.w - 0.5) < 1e-6 and abs(view.crop.x - 0.25) < 1e-6
    at = QPoint(200, 100)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(view, at + QPoint(400, 0))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at + QPoint(400, 0))
    assert abs(view.crop.x - 0.5) < 1e-6
    for _ in range(200):
        qtbot.keyClick(view, Qt.Key.Key_Minus)
    c = view.crop
    assert 0 <= c.x and c.x + c.w <= 1 + 1e-9 and 0 <= c.y and c.y + c.h <= 1 + 1e-9
    assert abs((c.w * 800) / (c.h * 400) - 1.0) < 1e-6, "the world's shape"


def test_free_folder_never_takes_what_is_there(tmp_path):
    assert free_folder(tmp_path, "Hall").name == "Hall"
    (tmp_path / "Hall").mkdir()
    assert free_folder(tmp_path, "Hall").name == "Hall 2"
    assert free_folder(tmp_path, 'a/b:c*"?').parent == tmp_path
    assert free_folder(tmp_path, "///").name == "Untitled"


def test_from_picture_to_project(hand, picture_file):
    hand.open_sample(picture_file, "My room")
    w, p = hand.w, hand.p
    assert p.start is not None and p.start.kind == "picture" and p.start.frames == 1
    assert (p.width, p.height) == (64, 64)
    assert abs(p.start.crop.w - 0.5) < 1e-6, "two squares side by side: the middle one"
    assert p.scene == "a small room"
    assert w.document.folder.name == "My room"
    assert w.document.path(p.start.video).is_file()
    assert picture_file.is_file()
    assert w.settings.recents()[0] == w.document.folder
    assert w.actions_panel.generate.isEnabled()


def test_an_unwritable_place_is_said(hand, picture_file, tmp_path):
    blocker = tmp_path / "projects"
    blocker.write_text("a file where the folder should be")
    from core.rollout.samples import Sample

    hand.w.projects.from_sample(Sample(picture_file, "Room"))
    hand.until(lambda: hand.w.notices.current is not None)
    assert hand.w.document.project is None
    assert "Traceback" not in hand.w.notices.current.text


def test_one_world_leaves_nothing_to_choose(dialog):
    assert not dialog.world.isVisible()


def test_another_world_asks_for_another_part_of_the_picture(qtbot, tmp_path, tiny_world_dir):
    wide = replace(read_entry(tiny_world_dir), id="wide", name="Wide world", width=128, height=64)
    made = NewProjectDialog(
        samples(), tmp_path / "projects", 1.0, Pixmaps(), worlds=[find_world(), wide]
    )
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: not made._background.busy, timeout=30_000)
    assert made.world.isVisible() and made.world.currentData() == "starter"
    assert made.crop.whole
    made.world.setCurrentIndex(1)
    assert made.crop.crop.h == pytest.approx(0.5) and made.crop.crop.w == 1
    qtbot.mouseClick(made.create, Qt.MouseButton.LeftButton)
    assert made.result_value.world == "wide" and made.result_value.crop.h == pytest.approx(0.5)


def test_of_several_dropped_files_it_says_which_one_is_the_start(qtbot, dialog, tmp_path):
    files = [tmp_path / "hall.png", tmp_path / "yard.png"]
    for path in files:
        Image.new("RGB", (64, 64), "gray").save(path)
    dialog.take_files(files)
    qtbot.waitUntil(lambda: not dialog._background.busy, timeout=30_000)
    assert dialog.name.text() == "hall"
    assert "one picture or video: hall.png." in dialog.message.text()
    assert not dialog.message.property("role")  # nothing went wrong
    assert dialog.create.isEnabled()
