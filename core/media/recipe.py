"""The recipe of an export, carried in the MP4 itself: what to do to make the film again."""

from __future__ import annotations

import json
import os

import av

from core.media.errors import MediaError, cannot_read
from core.media.files import existing_file

RECIPE_KEY = "slowfast_recipe"
"""The metadata key that ``export_mp4`` is given the JSON under."""

MAX_RECIPE = 8 << 20
"""Characters; a film of thousands of actions has well under one million."""

_OTHER = "The film itself still plays; choose another export or the project folder."


def read_recipe(path: str | os.PathLike) -> dict | None:
    """The recipe in an exported film, None when it carries none.

    The file may come from anybody: the recipe is read as JSON and nothing else, and no more
    than 8 million characters of it. Raises MediaError for a file that is no video, and for a
    recipe that is damaged or too large.
    """
    path = existing_file(path)
    try:
        with av.open(
            str(path),
            options={"format_whitelist": "mov", "protocol_whitelist": "file"},
            metadata_errors="replace",
        ) as container:
            text = container.metadata.get(RECIPE_KEY)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise cannot_read(
            path, "it is not an MP4, or it is damaged or cut short", "Choose an exported MP4."
        ) from error
    if text is None:
        return None
    if len(text) > MAX_RECIPE:
        raise MediaError(f"The recipe in {path.name} is too large to be one. {_OTHER}")
    try:
        recipe = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MediaError(f"The recipe in {path.name} is damaged. {_OTHER}") from error
    if not isinstance(recipe, dict):
        raise MediaError(f"The recipe in {path.name} is damaged. {_OTHER}")
    return recipe
