"""Gated worlds and tokens: asked for where needed, sent nowhere else, written nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import keyring
import pytest
from keyring.backend import KeyringBackend

from core.models import token
from core.models.errors import AccessRefused, ModelError
from tests.models.worlds import TINY, tree

GOOD, STRANGER = "hf_goodtokenabcdefgh", "hf_strangertokenxyz"


class Drawer(KeyringBackend):
    """A keyring that works, in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


@pytest.fixture
def drawer():
    before, made = keyring.get_keyring(), Drawer()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def no_keyring():
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def gated(server):
    server.tokens |= {GOOD, STRANGER}
    server.let_in.add(GOOD)
    server.repos[TINY.repo].gated = True
    return server


def test_a_gated_world_without_a_token(getter, gated, no_keyring):
    with pytest.raises(AccessRefused, match="accept the conditions there, then give") as caught:
        getter.get()
    assert TINY.page in str(caught.value)


def test_a_gated_world_with_a_token_of_a_stranger(getter, gated, settings, drawer):
    token.save_token(settings.endpoint, STRANGER)
    with pytest.raises(AccessRefused, match="not among them yet"):
        getter.get()


def test_a_gated_world_with_a_token(getter, gated, settings, drawer, caplog):
    caplog.set_level("DEBUG")
    assert token.save_token(settings.endpoint, f" {GOOD}\n") == "keyring"
    world = getter.get()
    sent = [s for s in gated.seen if s.token]
    assert sent and all(s.token == f"Bearer {GOOD}" and s.server == "hub" for s in sent)
    assert gated.asked("vae/diffusion_pytorch_model.safetensors", "cdn")  # without it
    assert GOOD not in caplog.text
    for folder in (world.folder, settings.path.parent):
        assert all(GOOD.encode() not in content for content in tree(folder).values())
    assert drawer.kept == {(token.SERVICE, token.host_of(settings.endpoint)): GOOD}


def test_an_open_world_is_fetched_without_the_token(getter, server, settings, drawer):
    server.tokens.add(GOOD)
    token.save_token(settings.endpoint, GOOD)
    getter.get()
    assert not any(s.token for s in server.seen)


def test_a_world_known_to_be_gated_is_asked_for_with_it_at_once(getter, gated, settings, drawer):
    token.save_token(settings.endpoint, GOOD)
    getter.get(replace(TINY, gated=True))
    assert all(s.token for s in gated.seen if s.server == "hub")


def test_a_private_world(getter, gated, settings, drawer):
    gated.repos[TINY.repo].private = True
    with pytest.raises(AccessRefused, match="gated, private or gone"):
        getter.get()
    token.save_token(settings.endpoint, GOOD)
    getter.get()


def test_a_token_that_ran_out(getter, gated, settings, drawer):
    gated.repos[TINY.repo].private = True
    token.save_token(settings.endpoint, "hf_withdrawn_long_ago")
    with pytest.raises(AccessRefused, match="does not take this token") as caught:
        getter.get()
    assert "hf_withdrawn" not in str(caught.value)


def test_without_a_keyring_it_is_kept_for_this_run(settings, no_keyring, monkeypatch):
    assert "no keyring" in token.keyring_problem()
    assert token.save_token(settings.endpoint, GOOD) == "this run"
    assert token.read_token(settings.endpoint) == GOOD
    assert token.token_place(settings.endpoint) == "this run"
    assert not settings.path.exists() or GOOD not in settings.path.read_text()
    token.forget_token(settings.endpoint)
    assert token.read_token(settings.endpoint) is None
    monkeypatch.setenv("HF_TOKEN", STRANGER)
    assert token.token_place(settings.endpoint) == "environment"


def test_a_keyring_that_breaks_is_as_none(settings, drawer, monkeypatch):
    def broken(*_):
        raise RuntimeError("no bus")

    monkeypatch.setattr(drawer, "set_password", broken)
    monkeypatch.setattr(drawer, "get_password", broken)
    assert token.save_token(settings.endpoint, GOOD) == "this run"
    assert token.read_token(settings.endpoint) == GOOD


def test_each_hub_has_its_own_token(settings, drawer):
    token.save_token("https://huggingface.co", GOOD)
    assert token.read_token("https://mirror.example") is None
    assert token.read_token("https://huggingface.co") == GOOD
    token.forget_token("https://huggingface.co")
    assert token.read_token("https://huggingface.co") is None


def test_a_token_never_goes_unencrypted(drawer, monkeypatch):
    with pytest.raises(ModelError, match="not encrypted"):
        token.save_token("http://mirror.example", GOOD)
    monkeypatch.setenv("HF_TOKEN", GOOD)
    assert token.read_token("http://mirror.example") is None


@pytest.mark.parametrize("bad", ["", "short", "two words long", "hf_\x07bellbellbell", "h" * 600])
def test_what_is_no_token(settings, drawer, bad):
    with pytest.raises(ModelError, match="not a token"):
        token.save_token(settings.endpoint, bad)
    assert drawer.kept == {}


def test_a_login_of_another_program_is_not_used(server, settings, tmp_path):
    """The hub's own client would send the token of its login by itself."""
    server.tokens.add(STRANGER)
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text(STRANGER)
    code = (
        "from core.models.download import make_hub, plan\n"
        "from core.models.settings import ModelSettings\n"
        "from tests.models.worlds import TINY\n"
        "print(plan(TINY, make_hub(ModelSettings())).bytes)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
        env={**os.environ, "HF_HOME": str(home), "PYTHONPATH": os.getcwd()},
    )
    assert done.returncode == 0, done.stderr
    assert server.seen and not any(s.token for s in server.seen)
