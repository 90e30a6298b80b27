"""Tasks and events as one line of JSON each, for pipes between processes. Strict, never pickle."""

from __future__ import annotations

import base64
import json
from typing import Any

from core.project import codec
from core.rollout.events import (
    BegunAgain,
    Cancelled,
    EngineEvent,
    Failed,
    Fitted,
    Learned,
    Preview,
    Progress,
    Remark,
    TakeReady,
)
from core.rollout.request import ChunkTask, EngineTask, LearnTask

_KINDS: dict[str, type[Any]] = {
    c.__name__: c for c in (
        ChunkTask, LearnTask, Progress, Fitted, BegunAgain, Remark, TakeReady, Learned, Failed,
        Cancelled,
    )
}


class NotOurs(ValueError):
    """A line that is no message of ours."""


def to_json(value: EngineTask | EngineEvent) -> dict[str, Any]:
    if isinstance(value, Preview):
        jpeg = base64.b64encode(value.jpeg).decode("ascii")
        return {"kind": "Preview", "jpeg": jpeg, "step": value.step, "steps": value.steps}
    return {"kind": type(value).__name__, **_finite(codec.write(value, {}))}


def from_json(data: Any) -> EngineTask | EngineEvent:
    """Raises NotOurs."""
    try:
        values = dict(data)
        kind = values.pop("kind")
        if kind == "Preview":
            jpeg = base64.b64decode(values["jpeg"], validate=True)
            return Preview(jpeg, int(values["step"]), int(values["steps"]))
        for name in ("loss_before", "loss_after", "change", "seconds"):
            if isinstance(values.get(name), str):
                values[name] = float(values[name])
        if kind == "Learned":
            return Learned(**values)
        return codec.read(_KINDS[kind], values, {})
    except (KeyError, TypeError, ValueError, codec.Wrong) as error:
        raise NotOurs(f"not a message of the engine: {error}") from error


def to_line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> dict[str, Any]:
    """Raises NotOurs."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise NotOurs(f"not JSON: {line[:80]!r}") from error
    if not isinstance(message, dict):
        raise NotOurs("not an object")
    return message


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: a measure that went to pieces travels as text."""
    return {
        k: str(v) if isinstance(v, float) and (v != v or v in (float("inf"), float("-inf"))) else v
        for k, v in values.items()
    }
