"""The document as JSON text and back.

Rates are written "num/den". Unknown keys are kept (``Project.extra``: those of the document
itself by name, those of things inside it under ``INSIDE``). Whatever is read is checked: a file
damaged by hand gives a ``ProjectError`` that names the place, never a document that breaks later.
"""

from __future__ import annotations

import json
from typing import Any

from core.project import checks, codec, migrations
from core.project.errors import ProjectError
from core.project.model import SCHEMA, Project

#: The first key of a project file, and what says that it is one.
FORMAT_KEY, FORMAT = "format", "slowfast-project"
#: The key in ``Project.extra`` for unknown keys of clips, takes and so on.
INSIDE = "\x00inside"


def to_json(p: Project) -> str:
    extra = dict(p.extra)
    inside = extra.pop(INSIDE, {})
    data = codec.write(p, inside)
    whole = {FORMAT_KEY: FORMAT, "schema": p.schema, **data}
    whole.update((k, v) for k, v in extra.items() if k not in whole)
    return "{\n" + ",\n".join(f"{_encode(k)}: {_lines(v)}" for k, v in whole.items()) + "\n}\n"


#: ``indent`` would be four times slower: it leaves the encoder that is written in C.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _lines(value: Any) -> str:
    """A line for each thing in a list or an object: fast, and fit to be read and compared."""
    if isinstance(value, list) and value:
        return "[\n " + ",\n ".join(map(_encode, value)) + "\n]"
    if isinstance(value, dict) and any(isinstance(v, dict) for v in value.values()):
        return "{\n " + ",\n ".join(f"{_encode(k)}: {_encode(v)}" for k, v in value.items()) + "\n}"
    return _encode(value)


def from_json(text: str) -> Project:
    """Raises ``ProjectError``. A newer schema is read as far as it is understood (``is_newer``)."""
    data = parse(text)
    if type(data) is not dict or data.get(FORMAT_KEY) != FORMAT:
        raise ProjectError("This is not a SlowFast Studio project.")
    schema = migrations.schema_of(data)
    try:
        return _document(migrations.migrate(data))
    except ProjectError as error:
        if schema > SCHEMA:
            raise ProjectError(
                f"The project was made by a newer version of the studio (schema {schema}, this one "
                f"knows {SCHEMA}) and cannot be shown here. Update the studio. ({error})"
            ) from None
        raise


def is_newer(p: Project) -> bool:
    """Whether the document was read from a file of a newer schema and must not be written."""
    return p.schema > SCHEMA


def parse(text: str) -> Any:
    """JSON, with every way it can be broken told in a sentence."""

    def refuse(name: str) -> Any:
        raise ProjectError(f"The file has “{name}” where a number must be.")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise ProjectError(
            f"The file is damaged at line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    except RecursionError:
        raise ProjectError("The file is damaged: it is nested too deeply.") from None
    except ValueError as error:  # a number of thousands of digits
        raise ProjectError(f"The file is damaged: {error}.") from None


def _document(data: dict[str, Any]) -> Project:
    data = {k: v for k, v in data.items() if k != FORMAT_KEY}
    unknown: codec.Unknown = {}
    try:
        p: Project = codec.read(Project, data, unknown)
    except codec.Wrong as wrong:
        raise ProjectError(f"The project file is wrong at {wrong}.") from None
    if problem := checks.find_problem(p):
        raise ProjectError(f"The project file is wrong at {problem}.")
    extra = unknown.pop(f"Project:{p.id}", {})
    extra.pop(INSIDE, None)
    if unknown:
        extra[INSIDE] = unknown
    object.__setattr__(p, "extra", extra)  # before anyone else has seen it
    return p
