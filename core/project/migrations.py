"""From the schema of an older file to this one's, one step at a time.

Each step is a pure function from the JSON object of schema n to that of n + 1, and each has a
fixture in ``tests/project/fixtures``: a file as that version wrote it, which must always open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.project.errors import ProjectError
from core.project.memory_use import preset_named
from core.project.model import SCHEMA

Step = Callable[[dict[str, Any]], dict[str, Any]]


def _with_slow_adapter(data: dict[str, Any]) -> dict[str, Any]:
    """A project carries the slow adapter of its world from schema 2 on."""
    return {**data, "slow_adapter": None}


def _both(data: dict[str, Any]) -> dict[str, Any]:
    """The preset with both memories was called "default" until schema 3."""
    takes = data.get("takes")
    if isinstance(takes, dict):
        data = {**data, "takes": {id: with_preset_of_today(take) for id, take in takes.items()}}
    return with_preset_of_today(data)


def with_preset_of_today(holder: Any) -> Any:
    """``holder`` with its memory's preset as it is called today; what is damaged stays as it is."""
    memory = holder.get("memory") if isinstance(holder, dict) else None
    preset = memory.get("preset") if isinstance(memory, dict) else None
    if not isinstance(preset, str):
        return holder
    return {**holder, "memory": {**memory, "preset": preset_named(preset)}}


#: schema → the step that leads to the next one.
STEPS: Mapping[int, Step] = {1: _with_slow_adapter, 2: _both}


def schema_of(data: Mapping[str, Any]) -> int:
    schema = data.get("schema")
    if type(schema) is not int or schema < 1:
        raise ProjectError(f"“schema” must be a whole number from 1 on, not {schema!r:.40}.")
    return schema


def migrate(
    data: dict[str, Any], steps: Mapping[int, Step] = STEPS, to: int = SCHEMA
) -> dict[str, Any]:
    """``data`` in schema ``to``; a newer one is left as it is."""
    schema = schema_of(data)
    while schema < to:
        if schema not in steps:
            raise ProjectError(f"There is no way to bring schema {schema} to {to}.")
        data = steps[schema](data)
        schema += 1
        data = {**data, "schema": schema}
    return data
