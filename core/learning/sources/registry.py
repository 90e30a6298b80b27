"""The sources by name. Each is imported when it is asked for: they need different libraries."""

from __future__ import annotations

from pathlib import Path

from core.learning.sources.source import Source, SourceUnavailable

__all__ = ["SOURCES", "SourceUnavailable", "make_source"]

#: Name → what it shows.
SOURCES: dict[str, str] = {
    "first-person": "walks through rooms, gardens and streets that are drawn here",
    "driving": "roads seen from a car, drawn here",
    "robot": "an arm that picks, pushes, puts back and swaps blocks (needs MuJoCo)",
    "footage": "videos of your own, with actions from a CSV or from optical flow",
}


def make_source(
    name: str,
    *,
    kinds: tuple[str, ...] = (),
    footage: Path | None = None,
    actions: Path | None = None,
) -> Source:
    """The source of that name. ``kinds`` are kinds of walks or drives (none given: all).

    Raises ValueError for a name that is none, for kinds the source does not have, and for
    footage without a folder; SourceUnavailable where a library is missing.
    """
    if name == "first-person":
        from core.learning.sources.first_person import FirstPerson

        return FirstPerson(kinds) if kinds else FirstPerson()
    if name == "driving":
        from core.learning.sources.driving import Driving

        return Driving(kinds) if kinds else Driving()
    if name == "robot":
        from core.learning.sources.robot import Robot

        return Robot()
    if name == "footage":
        from core.learning.sources.footage import Footage

        if footage is None:
            raise ValueError("say which folder the videos are in: --footage FOLDER")
        return Footage(footage, actions)
    raise ValueError(f"there is no source {name!r}; use one of {', '.join(SOURCES)}")
