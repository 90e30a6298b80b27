"""The Worlds dialog against a hub on loopback: licence, download, pause, resume, remove, import."""

from __future__ import annotations

import os
import time
from pathlib import Path

import keyring
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from app import theme
from app.dialogs.worlds import WorldsDialog
from app.flow.fetching import Fetching
from core.models import token
from core.models.licences import accept, is_accepted
from core.models.offers import offer
from core.models.places import find_installed, find_partly
from core.models.settings import ModelSettings
from tests.models.hub_server import Hub
from tests.models.worlds import lay, tiny_files, tree

WAN = offer("wan22-ti2v-5b")
BIG = "vae/diffusion_pytorch_model.safetensors"
TOKEN = "hf_goodtokenabcdefgh"


@pytest.fixture
def hub(monkeypatch):
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(token, "_run", {})
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    with Hub() as made:
        made.add(WAN.repo, tiny_files("WanPipeline", expand_timesteps=True, floats=100_000))
        monkeypatch.setenv("HF_ENDPOINT", made.endpoint)
        yield made
    keyring.set_keyring(before)


@pytest.fixture
def fetching(hub, qtbot):
    made = Fetching(ModelSettings())
    yield made
    made.shut_down()


class Worlds:
    """What a test does with the dialog."""

    def __init__(self, dialog: WorldsDialog, fetching: Fetching, qtbot):
        self.dialog, self.fetching, self.bot = dialog, fetching, qtbot

    def until(self, condition, milliseconds: int = 30_000) -> None:
        self.bot.waitUntil(condition, timeout=milliseconds)

    def press(self, name: str, id: str = WAN.id) -> None:
        push = self.dialog.cards[id].buttons[name]
        assert push.isVisible() and push.isEnabled(), name
        self.bot.mouseClick(push, Qt.MouseButton.LeftButton)

    def shown(self, id: str = WAN.id) -> set[str]:
        return {n for n, b in self.dialog.cards[id].buttons.items() if b.isVisible()}

    def words(self, id: str = WAN.id) -> str:
        card = self.dialog.cards[id]
        return " | ".join(w.text() for w in card.findChildren(QLabel) if w.isVisible())

    def agree(self) -> None:
        """Accept the licence that is shown and begin."""
        self.until(lambda: self.sheet() is not None)
        sheet = self.sheet()
        sheet.agree.setChecked(True)
        self.bot.mouseClick(sheet.go, Qt.MouseButton.LeftButton)

    def sheet(self):
        found = getattr(self.dialog, "sheet", None)
        return found if found is not None and found.isVisible() else None


@pytest.fixture
def worlds(fetching, qtbot, qapp) -> Worlds:
    theme.apply(qapp, "dark")
    dialog = WorldsDialog(fetching)
    qtbot.addWidget(dialog)
    dialog.show()
    made = Worlds(dialog, fetching, qtbot)
    made.until(lambda: bool(dialog.cards))
    return made


def test_every_offer_has_a_card_with_its_licence_and_needs(worlds):
    assert list(worlds.dialog.cards) == [
        "starter", WAN.id, "ltx-video-2b", "skyreels-v2-df", "modelscope-t2v",
    ]  # fmt: skip
    assert "Non-commercial only" in worlds.words("modelscope-t2v")
    assert "No commercial use" in worlds.words("modelscope-t2v")
    assert "Comes with the studio" in worlds.words("starter") and worlds.shown("starter") == set()
    short = "hardly run" in worlds.words()  # on the machine that runs this
    assert ("recommended" in worlds.words()) != short and "Memory 32 GB" in worlds.words()
    assert worlds.shown() == {"get"} and "About 34 GB" in worlds.words()


def test_nothing_is_fetched_before_the_licence_is_accepted(worlds, hub):
    worlds.press("get")
    worlds.until(lambda: worlds.sheet() is not None)
    sheet = worlds.sheet()
    assert not sheet.go.isEnabled()
    assert any("Apache License 2.0" in w.text() for w in sheet.findChildren(QLabel))
    assert "1.6 MB" in sheet.go.text()
    worlds.bot.mouseClick(sheet.go, Qt.MouseButton.LeftButton)
    assert sheet.isVisible()
    sheet.reject()
    worlds.until(lambda: worlds.shown() == {"get"})
    assert not any("/resolve/" in s.path for s in hub.seen)
    assert not is_accepted(worlds.fetching.settings, WAN)


def test_get_to_another_folder_and_remove(worlds, tmp_path):
    heard = []
    worlds.fetching.installed.connect(lambda: heard.append(1))
    worlds.press("get")
    worlds.until(lambda: worlds.sheet() is not None)
    worlds.sheet().place.setText(str(tmp_path / "disk"))
    worlds.agree()
    worlds.until(lambda: worlds.shown() == {"verify", "show", "remove"})
    assert find_installed(WAN.id).folder == tmp_path / "disk" / WAN.id and heard
    assert "Installed" in worlds.words() and "1.6 MB" in worlds.words()
    assert worlds.dialog.folder.text() == str(tmp_path / "disk")
    worlds.press("remove")
    assert worlds.shown() == {"keep", "really"} and "1.6 MB go" in worlds.words()
    worlds.press("keep")
    assert worlds.shown() == {"verify", "show", "remove"}
    worlds.press("remove")
    worlds.press("really")
    worlds.until(lambda: worlds.shown() == {"get"})
    assert list((tmp_path / "disk").iterdir()) == []


def test_pause_keeps_and_resume_goes_on(worlds, hub):
    hub.fault(BIG, times=None, pace=20_000.0)  # 20 s, were it left alone
    worlds.press("get")
    worlds.agree()
    worlds.until(lambda: bool(hub.asked(BIG, "cdn")))
    worlds.until(lambda: "left" in worlds.dialog.cards[WAN.id].progress.text(), 20_000)
    assert "/s" in worlds.dialog.cards[WAN.id].progress.text()
    assert worlds.dialog.cards[WAN.id].bar.value() > 0
    worlds.press("pause")  # and what is there then is not the whole file
    worlds.until(lambda: worlds.shown() == {"resume", "cancel"})
    there = find_partly(WAN.id)
    assert there.done < there.total
    assert "Paused" in worlds.words() and "fetched" in worlds.words()
    hub.faults.clear()
    worlds.press("resume")
    worlds.until(lambda: worlds.shown() == {"verify", "show", "remove"})
    assert tree(find_installed(WAN.id).folder)[BIG] == hub.repos[WAN.repo].files[BIG]
    assert any(s.range for s in hub.asked(BIG, "cdn"))


def test_cancel_throws_away(worlds, hub):
    hub.fault(BIG, times=None, stall=1000)
    worlds.press("get")
    worlds.agree()
    worlds.until(lambda: bool(hub.asked(BIG, "cdn")))
    worlds.press("cancel")
    worlds.until(lambda: worlds.shown() == {"get"})
    assert find_partly(WAN.id) is None
    assert list(worlds.fetching.settings.folder.iterdir()) == []


def test_the_window_stays_alive_while_bytes_come(worlds, hub, qtbot):
    """Its loop turns many times, and hears of bytes, long before the file is there."""
    hub.fault(BIG, times=None, pace=4_000.0)  # 100 s
    heard = []
    worlds.fetching.progressed.connect(heard.append)
    worlds.press("get")
    worlds.agree()
    worlds.until(lambda: bool(hub.asked(BIG, "cdn")))
    heard.clear()
    for _ in range(60):
        qtbot.wait(5)
    worlds.until(lambda: len(heard) > 2)
    assert worlds.fetching.fact_of(WAN.id).activity == "fetching"
    assert find_installed(WAN.id) is None


def test_closing_pauses_and_another_day_goes_on(worlds, hub, qtbot):
    hub.fault(BIG, times=None, pace=60_000.0)
    worlds.press("get")
    worlds.agree()
    worlds.until(lambda: bool(hub.asked(BIG, "cdn")))
    worlds.fetching.shut_down()
    there = find_partly(WAN.id)
    assert 0 < there.done < there.total and not worlds.fetching._worker._thread.is_alive()
    hub.faults.clear()
    later = Fetching(ModelSettings())
    dialog = WorldsDialog(later)
    qtbot.addWidget(dialog)
    dialog.show()
    again = Worlds(dialog, later, qtbot)
    again.until(lambda: bool(dialog.cards))
    assert again.shown() == {"resume", "cancel"} and "Paused" in again.words()
    again.press("resume")
    again.until(lambda: again.shown() == {"verify", "show", "remove"})
    later.shut_down()


def test_one_after_the_other(worlds, hub):
    second = offer("ltx-video-2b")
    hub.add(second.repo, tiny_files("LTXPipeline", floats=2000), licence="other")
    hub.fault(BIG, times=None, pace=60_000.0)
    for id in (WAN.id, second.id):
        worlds.press("get", id)
        worlds.agree()
        worlds.until(lambda: worlds.sheet() is None)
    assert "Next in line" in worlds.words(second.id)
    hub.faults.clear()
    worlds.press("pause")
    worlds.until(lambda: find_installed(second.id) is not None)
    worlds.until(lambda: worlds.shown() == {"resume", "cancel"})


def test_an_error_is_said_on_its_card(worlds, hub):
    hub.fault("scheduler/scheduler_config.json", times=None, status=429,
              headers={"Retry-After": "7200"})  # fmt: skip
    worlds.press("get")
    worlds.agree()
    worlds.until(lambda: "2 h 00 min" in worlds.words())
    assert "What was fetched is kept" in worlds.words() and worlds.shown() == {"resume", "cancel"}
    hub.faults.clear()
    worlds.press("resume")
    worlds.until(lambda: worlds.shown() == {"verify", "show", "remove"})
    assert "2 h" not in worlds.words()


def test_no_network_is_said_and_can_be_tried_again(worlds, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    worlds.press("get")
    worlds.until(lambda: "no connection" in worlds.words())
    assert worlds.shown() == {"get"}
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    worlds.press("get")
    worlds.until(lambda: worlds.sheet() is not None)
    assert "no connection" not in worlds.words()


def test_a_licence_that_changed_is_shown_before_it_goes_on(worlds, hub):
    settings = worlds.fetching.settings
    hub.fault("scheduler/scheduler_config.json", times=None, status=429,
              headers={"Retry-After": "7200"})  # fmt: skip
    worlds.press("get")
    worlds.agree()
    worlds.until(lambda: worlds.shown() == {"resume", "cancel"})
    accept(settings, WAN, "another-licence")  # as if its words had been others then
    hub.faults.clear()
    worlds.press("resume")
    worlds.until(lambda: worlds.sheet() is not None)
    worlds.agree()
    worlds.until(lambda: worlds.shown() == {"verify", "show", "remove"})


def test_offline_turns_getting_off(worlds, hub):
    worlds.bot.mouseClick(worlds.dialog.offline, Qt.MouseButton.LeftButton)
    assert worlds.fetching.settings.offline_chosen
    assert not worlds.dialog.cards[WAN.id].buttons["get"].isEnabled()
    worlds.bot.mouseClick(worlds.dialog.offline, Qt.MouseButton.LeftButton)
    assert worlds.dialog.cards[WAN.id].buttons["get"].isEnabled() and hub.seen == []


def test_the_token_is_hidden_kept_and_forgotten(worlds, hub):
    dialog = worlds.dialog
    assert dialog.token.echoMode() == dialog.token.EchoMode.Password
    assert not dialog.save_token.isEnabled()
    worlds.until(lambda: "no keyring" in dialog.token_words.text())
    dialog.token.setText("nope")
    worlds.bot.mouseClick(dialog.save_token, Qt.MouseButton.LeftButton)
    worlds.until(lambda: "not a token" in dialog.token_words.text())
    dialog.token.setText(TOKEN)
    worlds.bot.mouseClick(dialog.save_token, Qt.MouseButton.LeftButton)
    assert dialog.token.text() == ""
    worlds.until(lambda: "until the studio is closed" in dialog.token_words.text())
    assert token.read_token(hub.endpoint) == TOKEN
    worlds.bot.mouseClick(dialog.forget_token, Qt.MouseButton.LeftButton)
    worlds.until(lambda: token.read_token(hub.endpoint) is None)
    worlds.until(lambda: not dialog.forget_token.isEnabled())
    settings = worlds.fetching.settings.path
    assert not settings.exists() or TOKEN not in settings.read_text()


def test_files_are_checked_and_only_what_is_damaged_is_fetched_again(worlds, hub):
    worlds.press("get")
    worlds.agree()
    worlds.until(lambda: worlds.shown() == {"verify", "show", "remove"})
    worlds.press("verify")
    worlds.until(lambda: "Installed, checked" in worlds.words())
    assert "is whole" in worlds.dialog.message.text() + worlds.dialog.message.toolTip()
    broken = find_installed(WAN.id).folder / BIG
    data = bytearray(broken.read_bytes())
    data[-1] ^= 1
    broken.write_bytes(data)
    heard = []
    worlds.fetching.installed.connect(lambda: heard.append(1))
    worlds.press("verify")
    worlds.until(lambda: worlds.shown() == {"mend", "show", "remove"})
    assert "Damaged" in worlds.words() and f"{BIG} (another checksum)" in worlds.words()
    hub.fault(BIG, times=None, pace=60_000.0)
    hub.seen.clear()
    worlds.press("mend")
    assert worlds.shown() == {"pause"}, "what is installed is never thrown away by a click"
    worlds.until(lambda: bool(hub.asked(BIG, "cdn")))
    worlds.press("pause")
    worlds.until(lambda: worlds.shown() == {"resume", "cancel"})
    assert heard and find_installed(WAN.id) is None
    hub.faults.clear()
    worlds.press("resume")
    worlds.until(lambda: worlds.shown() == {"verify", "show", "remove"})
    assert all(BIG in s.path or "/lfs/" in s.path for s in hub.seen if s.method == "GET")
    worlds.press("verify")
    worlds.until(lambda: "Installed, checked" in worlds.words())


def test_a_check_can_be_stopped_and_changes_nothing(worlds, hub, monkeypatch):
    from core.models import verify

    worlds.press("get")
    worlds.agree()
    worlds.until(lambda: worlds.shown() == {"verify", "show", "remove"})
    before = tree(find_installed(WAN.id).folder)
    started, hashed = [], verify._hashed

    def slowly(path, moved, cancelled):  # as a large file is: asked again and again
        started.append(path)
        while not cancelled():
            time.sleep(0.01)
        return hashed(path, moved, cancelled)

    monkeypatch.setattr(verify, "_hashed", slowly)
    worlds.press("verify")
    worlds.until(lambda: bool(started))
    assert worlds.shown() == {"cancel"} and "Checking" in worlds.words()
    worlds.press("cancel")
    worlds.until(lambda: worlds.shown() == {"verify", "show", "remove"})
    assert tree(find_installed(WAN.id).folder) == before


def test_a_folder_in_place(worlds, tmp_path):
    mine = lay(tmp_path / "mine", tiny_files("LTXPipeline"))
    before = tree(mine)
    worlds.dialog.import_folder(mine)
    worlds.bot.mouseClick(worlds.sheet().go, Qt.MouseButton.LeftButton)
    worlds.until(lambda: worlds.shown("ltx-video-2b") == {"verify", "show", "remove"})
    assert "Used where it is" in worlds.words("ltx-video-2b")
    worlds.press("remove", "ltx-video-2b")
    assert "Your folder stays" in worlds.words("ltx-video-2b")
    worlds.press("really", "ltx-video-2b")
    worlds.until(lambda: worlds.shown("ltx-video-2b") == {"get"})
    assert tree(mine) == before


def test_a_copy_and_a_folder_that_is_none(worlds, tmp_path):
    worlds.dialog.import_folder(tmp_path)
    worlds.bot.mouseClick(worlds.sheet().go, Qt.MouseButton.LeftButton)
    worlds.until(lambda: "no model_index.json" in worlds.dialog.message.toolTip()
                 + worlds.dialog.message.text())  # fmt: skip
    mine = lay(tmp_path / "mine", tiny_files("LTXPipeline"))
    worlds.dialog.import_folder(mine)
    worlds.sheet().choose_copy()
    worlds.bot.mouseClick(worlds.sheet().go, Qt.MouseButton.LeftButton)
    worlds.until(lambda: worlds.shown("ltx-video-2b") == {"verify", "show", "remove"})
    assert find_installed("ltx-video-2b").owned


def test_the_studio_opens_it_and_hears_of_new_worlds(hand, hub, tmp_path):
    window = hand.w
    hand.trigger("worlds")
    hand.until(lambda: window.commands.worlds_open)
    hand.trigger("worlds")  # the same one again
    window.fetching.import_folder(lay(tmp_path / "mine", tiny_files("LTXPipeline")), False)
    hand.until(lambda: find_installed("ltx-video-2b") is not None)
    dialog = window.commands._worlds
    hand.until(lambda: dialog.cards and dialog.cards["ltx-video-2b"].buttons["remove"].isVisible())
    dialog.accept()
    hand.settle()
    assert not window.commands.worlds_open
    assert Path(os.environ["SLOWFAST_MODELS"]).is_dir()


def test_a_cancel_that_came_too_late_is_forgotten(worlds):
    """All was there already; what is fetched another time must not be thrown away for it."""
    worlds.press("get")
    worlds.agree()
    worlds.fetching._unwanted.add(WAN.id)  # as Cancel leaves it when nobody looks any more
    worlds.until(lambda: worlds.shown() == {"verify", "show", "remove"})
    assert not worlds.fetching._unwanted and find_installed(WAN.id) is not None


def test_a_cancel_counts_where_it_failed_instead_of_stopping(worlds, hub):
    hub.fault(BIG, times=None, flip=True)  # never what was announced
    worlds.press("get")
    worlds.agree()
    worlds.fetching._unwanted.add(WAN.id)
    worlds.until(lambda: worlds.shown() == {"get"})
    assert find_partly(WAN.id) is None and not worlds.fetching._unwanted
    assert "damaged" not in worlds.words() and list(worlds.fetching.settings.folder.iterdir()) == []
