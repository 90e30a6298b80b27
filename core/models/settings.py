"""What the studio remembers about worlds: folders, licences accepted, offline, which hub.

One JSON file in the studio's own settings folder, so that an update of the program never touches
it. Window and command line may write at the same time. A token is never in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.models.errors import ModelError, disk_trouble
from core.project.atomic import write_atomic

APP = "slowfast-studio"
HUB = "https://huggingface.co"
FILE = "worlds.json"
_TRUE = ("1", "true", "yes", "on")


def settings_folder() -> Path:
    """Where the studio keeps its settings; beside the file that SLOWFAST_SETTINGS names."""
    override = os.environ.get("SLOWFAST_SETTINGS")
    if override:
        return Path(override).absolute().parent
    import platformdirs

    return Path(platformdirs.user_config_dir(APP, appauthor=False))


def default_folder() -> Path:
    """Where worlds are put unless the person says otherwise. SLOWFAST_MODELS overrides it."""
    override = os.environ.get("SLOWFAST_MODELS")
    if override:
        return Path(override).absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir(APP, appauthor=False)) / "models"


class ModelSettings:
    """Reads the file every time it is asked, because another process may have written it."""

    def __init__(self, path: Path | None = None):
        self.path = path or settings_folder() / FILE

    # -- reading ---------------------------------------------------------------------------------

    def read(self) -> dict[str, Any]:
        """The file's content; {} where there is none or it is damaged."""
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def folder(self) -> Path:
        """Where new worlds go."""
        chosen = self.read().get("folder")
        return Path(chosen) if isinstance(chosen, str) and chosen else default_folder()

    @property
    def roots(self) -> list[Path]:
        """Every folder worlds were put in, the default first; one that is unplugged stays known."""
        known = self.read().get("roots")
        listed = [r for r in known if isinstance(r, str)] if isinstance(known, list) else []
        return list(dict.fromkeys([default_folder(), self.folder, *map(Path, listed)]))

    @property
    def offline(self) -> bool:
        """By the person's choice or because HF_HUB_OFFLINE says so."""
        return self.offline_chosen or self.offline_forced

    @property
    def offline_chosen(self) -> bool:
        return self.read().get("offline") is True

    @property
    def offline_forced(self) -> bool:
        return os.environ.get("HF_HUB_OFFLINE", "").lower() in _TRUE

    @property
    def endpoint(self) -> str:
        """The hub's address: HF_ENDPOINT, else the chosen one, else huggingface.co."""
        chosen = os.environ.get("HF_ENDPOINT") or self.read().get("endpoint") or HUB
        return check_endpoint(str(chosen))

    def accepted(self, world: str) -> dict[str, str]:
        """What was accepted for ``world``: version, card, at. {} where nothing was."""
        all_accepted = self.read().get("accepted")
        found = all_accepted.get(world) if isinstance(all_accepted, dict) else None
        return found if isinstance(found, dict) else {}

    # -- writing ---------------------------------------------------------------------------------

    def set_folder(self, folder: Path | None) -> None:
        self._change(lambda s: s.update(folder=str(folder.absolute()) if folder else ""))

    def set_offline(self, on: bool) -> None:
        self._change(lambda s: s.update(offline=on))

    def set_endpoint(self, endpoint: str) -> None:
        chosen = check_endpoint(endpoint) if endpoint else ""
        self._change(lambda s: s.update(endpoint=chosen))

    def add_root(self, folder: Path) -> None:
        if folder.absolute() not in self.roots:
            self._change(
                lambda s: s.update(roots=[*_list(s.get("roots")), str(folder.absolute())])
            )

    def set_accepted(self, world: str, what: dict[str, str]) -> None:
        def change(s: dict[str, Any]) -> None:
            kept = s.get("accepted")
            s["accepted"] = {**(kept if isinstance(kept, dict) else {}), world: what}

        self._change(change)

    def _change(self, change: Callable[[dict[str, Any]], None]) -> None:
        from filelock import FileLock, Timeout

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(str(self.path) + ".lock", timeout=10):
                content = {"schema": 1, **self.read()}
                change(content)
                write_atomic(self.path, json.dumps(content, indent=2).encode())
        except Timeout as error:
            raise ModelError(
                f"{self.path} is held by another studio.", "Close it, then try again."
            ) from error
        except OSError as error:
            raise disk_trouble(self.path, error) from error


def check_endpoint(address: str) -> str:
    """``address`` without its last slash; raises ModelError where it is no web address."""
    address = address.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
        _ = parts.port
    except ValueError:
        fine = False
    if not fine:
        raise ModelError(
            "The address of the hub is not a web address.",
            "Write it like https://huggingface.co (HF_ENDPOINT sets it too).",
        )
    return address


def _list(value: object) -> list:
    return list(value) if isinstance(value, list) else []
