"""Preferences of this machine: kept, reset, and the same wherever they are changed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel

from app.dialogs.preferences import PreferencesDialog
from app.state import tier_words
from app.state.settings import Settings
from core.engine.lowered import Low, of_this_machine
from core.models.settings import ModelSettings
from core.worlds.tiers import IDS
from tests.builders.tasks import Bench


@pytest.fixture
def dialog(studio, qtbot):
    studio.commands.preferences()
    found = studio.findChild(PreferencesDialog)
    yield found
    found.accept()


def choose(box: QComboBox, value: str) -> None:
    """As a person does at the keyboard: down to it and Return."""
    box.setFocus()
    row = box.findData(value)
    key = Qt.Key.Key_Down if row > box.currentIndex() else Qt.Key.Key_Up
    while box.currentIndex() != row:
        before = box.currentIndex()
        QTest.keyClick(box, key)
        assert box.currentIndex() != before, f"{value} can't be reached"


def test_every_way_has_a_name_and_one_sentence():
    assert tier_words.CHOICES == ("auto", *IDS)
    for id in tier_words.CHOICES:
        assert tier_words.name(id) and tier_words.sentence(id).count(". ") == 0
        assert tier_words.sentence(id).endswith(".")


def test_choices_act_at_once_and_are_kept(studio, dialog):
    choose(dialog.tier, "tiled")
    choose(dialog.engine, "child")
    choose(dialog.theme, "light")
    kept = Settings()  # another studio reads the same file
    studio.settings.sync()
    kept._store.sync()
    assert (kept.get("tier"), kept.get("engine"), kept.get("theme")) == ("tiled", "child", "light")
    sentences = [one.text() for one in dialog.findChildren(QLabel)]
    assert tier_words.sentence("tiled") in sentences


def test_reset_to_automatic_also_forgets_that_memory_ran_out(
    studio, dialog, tmp_path, tiny_world_dir
):
    assert not dialog.reset.isEnabled()
    choose(dialog.tier, "bf16")
    choose(dialog.engine, "inprocess")
    of_this_machine().put(Bench(tmp_path, tiny_world_dir).chunk(), Low("bf16", "bf16"))
    assert len(of_this_machine()) == 1 and dialog.reset.isEnabled()
    dialog.reset.setFocus()
    QTest.keyClick(dialog.reset, Qt.Key.Key_Space)
    assert (studio.settings.get("tier"), studio.settings.get("engine")) == ("auto", "auto")
    assert dialog.tier.currentData() == dialog.engine.currentData() == "auto"
    assert not len(of_this_machine()) and not dialog.reset.isEnabled()


def test_what_was_lowered_can_be_reset_where_nothing_was_chosen(studio, tmp_path, tiny_world_dir):
    of_this_machine().put(Bench(tmp_path, tiny_world_dir).chunk(), Low("bf16"))
    studio.commands.preferences()
    dialog = studio.findChild(PreferencesDialog)
    assert "One world goes lower here" in dialog._tier_hint.text() and dialog.reset.isEnabled()
    dialog.reset.click()
    assert not len(of_this_machine()) and "goes lower here" not in dialog._tier_hint.text()
    dialog.accept()


def test_offline_and_the_folder_for_worlds(studio, dialog, tmp_path):
    QTest.keyClick(dialog.offline, Qt.Key.Key_Space)
    assert ModelSettings().offline
    QTest.keyClick(dialog.offline, Qt.Key.Key_Space)
    assert not ModelSettings().offline
    dialog.models.setText(str(tmp_path / "worlds"))
    dialog.models.editingFinished.emit()
    assert ModelSettings().folder == tmp_path / "worlds"
    dialog.models.setText("")
    dialog.models.editingFinished.emit()
    assert ModelSettings().folder == tmp_path / "worlds"
    assert dialog.models.text() == str(tmp_path / "worlds")


def test_offline_that_the_machine_demands_is_shown_and_left(studio, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    studio.commands.preferences()
    dialog = studio.findChild(PreferencesDialog)
    assert dialog.offline.isChecked() and not dialog.offline.isEnabled()
    assert any("HF_HUB_OFFLINE" in one.text() for one in dialog.findChildren(QLabel))
    dialog.accept()


def test_ways_that_lack_their_library_say_so(studio, monkeypatch):
    monkeypatch.setattr("core.worlds.tiers.has", lambda name: False)
    studio.commands.preferences()
    dialog = studio.findChild(PreferencesDialog)
    model = dialog.tier.model()
    possible = [id for i, id in enumerate(tier_words.CHOICES) if model.item(i).isEnabled()]
    assert possible == ["auto", "full", "bf16", "tiled", "offload"]
    at = tier_words.CHOICES.index("int8")
    assert "torchao" in dialog.tier.itemData(at, Qt.ItemDataRole.ToolTipRole)
    dialog.accept()


def test_folders_may_be_typed_from_home(studio, dialog, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for field, folder in (
        (dialog.folder, lambda: studio.settings.folder),
        (dialog.models, lambda: ModelSettings().folder),
    ):
        field.selectAll()
        QTest.keyClicks(field, "~/walks")
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert folder() == tmp_path / "walks"
    assert dialog.folder.text() == str(tmp_path / "walks")
    dialog.folder.setFocus()
    dialog.folder.selectAll()
    QTest.keyClick(dialog.folder, Qt.Key.Key_Delete)
    QTest.keyClick(dialog.folder, Qt.Key.Key_Return)
    assert studio.settings.get("projects_folder") == ""
    assert dialog.folder.text() == str(studio.settings.folder), "what it goes to instead"
