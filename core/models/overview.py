"""Every world that is offered or installed, with what became of it on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.models.offers import OFFERS, Offer, offer
from core.models.places import Installed, Partly, installed, partly
from core.models.settings import ModelSettings

State = Literal["embedded", "installed", "lost", "partly", "offered"]


@dataclass(frozen=True)
class Item:
    """``lost``: it was used in place and its folder is not there any more."""

    id: str
    name: str
    state: State
    offer: Offer | None = None
    world: Installed | None = None
    begun: Partly | None = None

    @property
    def folder(self) -> Path | None:
        if self.world is not None:
            return Path(self.world.marker.source) if self.world.marker.source else self.world.folder
        return self.begun.folder if self.begun is not None else None

    @property
    def disk(self) -> int:
        """Bytes of the studio's own that it takes; a folder used in place takes none."""
        if self.world is not None:
            return self.world.marker.bytes if self.world.owned else 0
        return self.begun.done if self.begun is not None else 0


def overview(settings: ModelSettings) -> list[Item]:
    """The offers in their order, each as installed, begun or offered; then other imports."""
    worlds = {world.id: world for world in installed(settings)}
    begun = {one.id: one for one in partly(settings)}
    items = []
    for one in OFFERS:
        world, part = worlds.pop(one.id, None), begun.get(one.id)
        if one.embedded:
            items.append(Item(one.id, one.name, "embedded", one))
        elif world is not None:
            items.append(_item(world))
        else:
            state: State = "partly" if part is not None else "offered"
            items.append(Item(one.id, one.name, state, one, None, part))
    return items + [_item(world) for world in worlds.values()]


def _item(world: Installed) -> Item:
    state: State = "installed" if world.there else "lost"
    return Item(world.id, world.name, state, offer(world.marker.offer), world)
