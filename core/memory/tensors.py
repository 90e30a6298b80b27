"""Safetensors files as numpy arrays with one JSON value beside them. Never pickle, never torch.

Such files come from other people too (episodes), so the header is read and judged before anything
is allocated. One metadata key holds all facts: safetensors writes several in random order, and a
file should depend on its content only.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.project import atomic

KEY = "slowfast"
MAX_HEADER = 4 << 20  # bytes
MAX_TENSORS = 20_000
_DTYPES = {"F32": 4, "F64": 8, "I64": 8, "U8": 1}


class TensorFileError(Exception):
    """A file of tensors is missing, broken or can't be written; ``str`` is a sentence."""


@dataclass(frozen=True)
class Header:
    """What a file says about itself: its facts, and dtype, shape and place of each tensor."""

    facts: Mapping[str, Any]
    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, str]
    places: Mapping[str, tuple[int, int]]  # offsets from the beginning of the file


def read_header(path: str | os.PathLike) -> Header:
    """Read and check the header alone. Raises TensorFileError."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            first = file.read(8)
            length = struct.unpack("<Q", first)[0] if len(first) == 8 else 0
            if not 2 <= length <= min(MAX_HEADER, size - 8):
                raise _broken(path)
            header = json.loads(file.read(length))
        return _header(header, 8 + length, size)
    except FileNotFoundError as error:
        raise TensorFileError(
            f"{path.name} is not there any more ({path.parent}). Put it back, or choose another."
        ) from error
    except OSError as error:
        raise TensorFileError(f"{path.name} cannot be read. {atomic.why(error)}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _broken(path) from error


def read_arrays(
    path: str | os.PathLike, names: list[str] | None = None
) -> tuple[dict[str, np.ndarray], Header]:
    """Tensors by name (all, or those of ``names`` that are there). Raises TensorFileError."""
    header = read_header(path)
    wanted = header.shapes if names is None else [n for n in names if n in header.shapes]
    try:
        with open(path, "rb") as file:
            return {name: _array(file, header, name) for name in wanted}, header
    except (OSError, ValueError) as error:
        raise _broken(Path(path)) from error


def write_arrays(
    path: str | os.PathLike, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]
) -> None:
    """Write a file whole, or raise TensorFileError and leave what was there."""
    from safetensors.numpy import save

    path = Path(path)
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, allow_nan=False)
    data = save({k: np.ascontiguousarray(v) for k, v in arrays.items()}, metadata={KEY: text})
    if struct.unpack("<Q", data[:8])[0] > MAX_HEADER:
        raise TensorFileError(f"{path.name} was not written: there is too much to say about it.")
    try:
        atomic.write_atomic(path, data)
    except OSError as error:
        raise TensorFileError(
            f"{path.name} was not written. {atomic.why(error)} Nothing that was there was changed."
        ) from error


def _header(data: Any, begin: int, size: int) -> Header:
    metadata = data.pop("__metadata__", {})
    facts = json.loads(metadata.get(KEY, "{}"))
    if type(facts) is not dict or len(data) > MAX_TENSORS:
        raise ValueError("the facts are not an object, or there are too many tensors")
    shapes, dtypes, places = {}, {}, {}
    for name, entry in data.items():
        shape, (start, stop) = entry["shape"], entry["data_offsets"]
        whole = [*shape, start, stop]
        if len(shape) > 6 or any(type(n) is not int or not 0 <= n < 2**40 for n in whole):
            raise ValueError(f"{name} has no proper shape")
        if stop - start != math.prod(shape) * _DTYPES[entry["dtype"]] or begin + stop > size:
            raise ValueError(f"{name} lies outside the file")
        shapes[name], dtypes[name] = tuple(shape), entry["dtype"]
        places[name] = (begin + start, begin + stop)
    return Header(facts, shapes, dtypes, places)


_NUMPY = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U8": "|u1"}


def _array(file: Any, header: Header, name: str) -> np.ndarray:
    start, stop = header.places[name]
    file.seek(start)
    data = bytearray(stop - start)
    if file.readinto(data) != len(data):
        raise ValueError("the file is cut short")
    return np.frombuffer(data, _NUMPY[header.dtypes[name]]).reshape(header.shapes[name])


def _broken(path: Path) -> TensorFileError:
    return TensorFileError(
        f"{path.name} is damaged or cut short, or it is another kind of file. "
        "Use a copy of it if there is one, or make it again."
    )
