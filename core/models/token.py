"""The access token for gated worlds: in the system's keyring, one for each hub.

It never goes into a project, a file of the studio, a log, an error's words or the arguments of a
process. Without a keyring it is kept for this run only.
"""

from __future__ import annotations

import os
import threading
from typing import Literal
from urllib.parse import urlsplit

from core.models.errors import ModelError

SERVICE = "slowfast-studio"
Place = Literal["keyring", "this run", "environment", ""]

_lock = threading.Lock()
_run: dict[str, str] = {}  # by host: tokens kept for this run only


def host_of(endpoint: str) -> str:
    return urlsplit(endpoint).netloc.lower()


def may_carry(endpoint: str) -> bool:
    """Whether a token may go there: encrypted, or not leaving this machine."""
    parts = urlsplit(endpoint)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


def read_token(endpoint: str) -> str | None:
    """The token for this hub, or None. May ask the system, so not on the interface thread."""
    return _find(endpoint)[0]


def token_place(endpoint: str) -> Place:
    """Where the token for this hub comes from; "" where there is none."""
    return _find(endpoint)[1]


def _find(endpoint: str) -> tuple[str | None, Place]:
    if not may_carry(endpoint):
        return None, ""
    host = host_of(endpoint)
    with _lock:
        if host in _run:
            return _run[host], "this run"
    stored = _from_keyring(host)
    if stored:
        return stored, "keyring"
    given = os.environ.get("HF_TOKEN", "").strip()
    return (given, "environment") if given else (None, "")


def _from_keyring(host: str) -> str | None:
    try:
        import keyring

        return keyring.get_password(SERVICE, host)
    except Exception:  # backends raise what they like: locked, no bus, no backend
        return None


def keyring_problem() -> str:
    """Why there is no keyring to keep a token in, as a sentence; "" when there is one."""
    try:
        import keyring
        from keyring.backends import fail, null

        backend = keyring.get_keyring()
    except Exception as error:
        return f"The keyring of this system can't be used ({type(error).__name__})."
    if isinstance(backend, fail.Keyring | null.Keyring):
        return "This system has no keyring that the studio can use."
    return ""


def save_token(endpoint: str, token: str) -> Place:
    """Keep ``token`` for this hub; returns where. Raises ModelError for what can't be a token."""
    token = check_token(token)
    if not may_carry(endpoint):
        raise ModelError(
            f"A token is not sent to {host_of(endpoint)}, because that address is not encrypted.",
            "Use an address that begins with https.",
        )
    host = host_of(endpoint)
    if not keyring_problem():
        try:
            import keyring

            keyring.set_password(SERVICE, host, token)
            if keyring.get_password(SERVICE, host) == token:
                with _lock:
                    _run.pop(host, None)
                return "keyring"
        except Exception:  # a locked or broken keyring: this run only
            pass
    with _lock:
        _run[host] = token
    return "this run"


def forget_token(endpoint: str) -> None:
    """Remove it from the keyring and from this run."""
    host = host_of(endpoint)
    with _lock:
        _run.pop(host, None)
    try:
        import keyring

        keyring.delete_password(SERVICE, host)
    except Exception:  # it was not there, or there is no keyring
        pass


def check_token(token: str) -> str:
    token = token.strip()
    if not (8 <= len(token) <= 512 and token.isascii() and token.isprintable()) or " " in token:
        raise ModelError(
            "That is not a token.",
            "Copy it again from the page of your account; it is one word like hf_….",
        )
    return token
