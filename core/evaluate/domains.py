"""Which suites a world can be measured on: it has to know what is asked for."""

from __future__ import annotations

from core.learning.language import BOOKS
from core.worlds.protocol import World


def hears(world: World, domain: str) -> bool:
    """Whether the world was taught words of ``domain``. One that reads free text hears all."""
    verbs = getattr(getattr(getattr(world, "text", None), "config", None), "verbs", None)
    return verbs is None or not set(verbs).isdisjoint(BOOKS[domain].phrases)


def check_hears(world: World, domain: str, suite: str) -> None:
    """Raises ValueError, with what to do, where ``suite`` speaks of what the world knows not."""
    if hears(world, domain):
        return
    if domain == "robot":
        raise ValueError(
            f"moving a thing and putting it back needs a robot world, and {world.name} was not "
            "taught a robot's words: first-person worlds have no things that can be moved. Train "
            "one (core.learning.train --sources robot), or use --task waypoint here."
        )
    raise ValueError(
        f"{suite} walks through scenes, and {world.name} was taught no walks: the camera at a "
        "robot's table never moves. What is measured there is: planning --task put-back."
    )
