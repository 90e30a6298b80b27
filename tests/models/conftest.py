"""A hub on loopback with one small world, and settings of their own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.models import token
from core.models.download import Download
from core.models.hub import Hub
from core.models.licences import accept
from core.models.offers import Offer
from core.models.patience import Patience
from core.models.places import Installed
from core.models.progress import Progress
from core.models.settings import ModelSettings
from tests.models import hub_server
from tests.models.worlds import TINY, tiny_files

QUICK = Patience(waits=(0.01,) * 4, longest=2.0)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reaches the settings, worlds or tokens of whoever runs the tests."""
    monkeypatch.setenv("SLOWFAST_SETTINGS", str(tmp_path / "settings" / "studio.ini"))
    monkeypatch.setenv("SLOWFAST_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for name in ("HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(token, "_run", {})


@pytest.fixture
def server() -> Iterator[hub_server.Hub]:
    with hub_server.Hub() as hub:
        hub.add(TINY.repo, tiny_files())
        yield hub


@pytest.fixture
def settings(server: hub_server.Hub) -> ModelSettings:
    made = ModelSettings()
    made.set_endpoint(server.endpoint)
    return made


@dataclass
class Getter:
    """Downloads the tiny world and remembers what was told."""

    server: hub_server.Hub
    settings: ModelSettings
    told: list[Progress] = field(default_factory=list)
    timeout: float = 5.0

    def make(self, offer: Offer = TINY, **options: Any) -> Download:
        hub = Hub(
            self.settings.endpoint, lambda: token.read_token(self.settings.endpoint),
            self.settings.offline, self.timeout,
        )  # fmt: skip
        return Download(
            offer, self.settings, hub, progress=self.told.append,
            **{"patience": QUICK, **options},
        )  # fmt: skip

    def get(self, offer: Offer = TINY, **options: Any) -> Installed:
        accept(self.settings, offer)
        return self.make(offer, **options).run()


@pytest.fixture
def getter(server: hub_server.Hub, settings: ModelSettings) -> Getter:
    return Getter(server, settings)
