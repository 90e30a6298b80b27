"""Frozen dataclasses to plain JSON values and back, by their annotations, strictly.

A value of the wrong type is an error that names where it stands; nothing is guessed or converted.
Keys that a dataclass does not know are collected, so that a file written by a newer version of
the studio keeps them when this one writes it again.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Literal

#: Where unknown keys belong (see ``_name_of``) → the keys and their values.
Unknown = dict[str, dict[str, Any]]
Reader = Callable[[Any, str, Unknown], Any]
Writer = Callable[[Any, str, Mapping[str, Mapping[str, Any]]], Any]


class Wrong(Exception):
    """A value is not what it must be; ``path`` leads to it, outermost first."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.path: list[str] = []

    def within(self, key: str) -> Wrong:
        self.path.insert(0, key)
        return self

    def __str__(self) -> str:
        return f"{'/'.join(self.path)}: {self.what}" if self.path else self.what


def read(cls: type, value: Any, unknown: Unknown) -> Any:
    """``value`` as an instance of ``cls``; raises ``Wrong``. Unknown keys go into ``unknown``."""
    return reader(cls)(value, "", unknown)


def write(value: Any, unknown: Mapping[str, Mapping[str, Any]]) -> Any:
    """The JSON form of a dataclass, with the unknown keys it was read with."""
    return writer(type(value))(value, "", unknown)


@cache
def reader(kind: Any) -> Reader:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return lambda value, name, unknown: value
    if kind in _SCALARS:
        return _SCALARS[kind]
    if is_dataclass(kind):
        return _object_reader(kind)
    if origin is Literal:
        return _literal_reader(args)
    if origin in (types.UnionType, typing.Union):
        return _optional_reader(args)
    if origin is tuple and args[1:] == (Ellipsis,):
        return _list_reader(reader(args[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping_reader(reader(args[1]))
    raise TypeError(f"no way to read {kind}")


@cache
def writer(kind: Any) -> Writer:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is Fraction:
        return lambda v, name, unknown: f"{v.numerator}/{v.denominator}"
    if kind in _SCALARS or kind is Any or origin is Literal:
        return lambda v, name, unknown: v
    if is_dataclass(kind):
        return _object_writer(kind)
    if origin in (types.UnionType, typing.Union):
        inner = writer(_optional(args))
        return lambda v, name, unknown: None if v is None else inner(v, name, unknown)
    if origin is tuple:
        one = writer(args[0])
        return lambda v, name, unknown: [one(i, name, unknown) for i in v]
    if origin is not None and issubclass(origin, Mapping):
        item = writer(args[1])
        return lambda v, name, unknown: {k: item(i, name, unknown) for k, i in v.items()}
    raise TypeError(f"no way to write {kind}")


# ---- objects ------------------------------------------------------------------------------------


def _name_of(cls: type, name: str, id: Any) -> str:
    """What unknown keys are kept under: things with an id keep them wherever they are moved."""
    return f"{cls.__name__}:{id}" if id is not None else name


def _known(cls: type) -> dict[str, Any]:
    """Field → annotation, without the field where unknown keys themselves are kept."""
    hints = typing.get_type_hints(cls)
    return {f.name: hints[f.name] for f in fields(cls) if f.name != "extra"}


def _object_reader(cls: type) -> Reader:
    parts = {name: reader(hint) for name, hint in _known(cls).items()}
    required = {
        f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING
    }

    def read_object(value: Any, name: str, unknown: Unknown) -> Any:
        if type(value) is not dict:
            raise Wrong(f"expected an object, found {_seen(value)}")
        name = _name_of(cls, name, value.get("id") if "id" in parts else None)
        found: dict[str, Any] = {}
        for key, item in value.items():
            part = parts.get(key)
            if part is None:
                unknown.setdefault(name, {})[key] = item
                continue
            try:
                found[key] = part(item, f"{name}/{key}", unknown)
            except Wrong as wrong:
                raise wrong.within(key) from None
        missing = required - found.keys()
        if missing:
            raise Wrong(f"“{min(missing)}” is missing")
        return cls(**found)

    return read_object


def _object_writer(cls: type) -> Writer:
    parts = [(name, writer(hint)) for name, hint in _known(cls).items()]

    def write_object(value: Any, name: str, unknown: Mapping[str, Mapping[str, Any]]) -> Any:
        name = _name_of(cls, name, getattr(value, "id", None))
        data = {key: part(getattr(value, key), f"{name}/{key}", unknown) for key, part in parts}
        if name in unknown:
            data.update((k, v) for k, v in unknown[name].items() if k not in data)
        return data

    return write_object


# ---- everything else ----------------------------------------------------------------------------


def _seen(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    names |= {int: "a whole number", float: "a number", type(None): "nothing"}
    what = names.get(type(value), type(value).__name__)
    return f"{what} ({str(value)[:40]!r})" if type(value) in (str, int, float) else what


def _read_int(value: Any, name: str, unknown: Unknown) -> int:
    if type(value) is not int:
        raise Wrong(f"expected a whole number, found {_seen(value)}")
    if abs(value) >= 2**63:
        raise Wrong("the number is too large")
    return value


def _read_float(value: Any, name: str, unknown: Unknown) -> float:
    if type(value) not in (int, float):
        raise Wrong(f"expected a number, found {_seen(value)}")
    if type(value) is int and abs(value) >= 2**63 or not math.isfinite(value):
        raise Wrong("the number is too large")
    return float(value)


def _read_bool(value: Any, name: str, unknown: Unknown) -> bool:
    if type(value) is not bool:
        raise Wrong(f"expected true or false, found {_seen(value)}")
    return value


def _read_str(value: Any, name: str, unknown: Unknown) -> str:
    if type(value) is not str:
        raise Wrong(f"expected a text, found {_seen(value)}")
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise Wrong("the text has a broken character")
    return value


def _read_fraction(value: Any, name: str, unknown: Unknown) -> Fraction:
    numerator, slash, denominator = value.partition("/") if type(value) is str else ("", "", "")
    digits = numerator.isascii() and numerator.isdigit()
    digits = digits and denominator.isascii() and denominator.isdigit()
    if not slash or not digits or max(len(numerator), len(denominator)) > 12:
        raise Wrong(f'expected a fraction such as "24/1", found {_seen(value)}')
    if int(denominator) == 0:
        raise Wrong("a fraction cannot be over zero")
    return Fraction(int(numerator), int(denominator))


_SCALARS: dict[Any, Reader] = {
    int: _read_int,
    float: _read_float,
    bool: _read_bool,
    str: _read_str,
    Fraction: _read_fraction,
}


def _literal_reader(values: tuple[Any, ...]) -> Reader:
    def read_literal(value: Any, name: str, unknown: Unknown) -> Any:
        if type(value) is not str or value not in values:
            raise Wrong(f"expected one of {', '.join(values)}, found {_seen(value)}")
        return value

    return read_literal


def _optional(args: tuple[Any, ...]) -> Any:
    inner = [a for a in args if a is not type(None)]
    if len(inner) != 1 or len(args) != 2:
        raise TypeError(f"only one type or None can be read, not {args}")
    return inner[0]


def _optional_reader(args: tuple[Any, ...]) -> Reader:
    inner = reader(_optional(args))
    return lambda value, name, unknown: None if value is None else inner(value, name, unknown)


def _list_reader(item: Reader) -> Reader:
    def read_list(value: Any, name: str, unknown: Unknown) -> tuple[Any, ...]:
        if type(value) is not list:
            raise Wrong(f"expected a list, found {_seen(value)}")
        found = []
        for i, one in enumerate(value):
            try:
                found.append(item(one, name, unknown))
            except Wrong as wrong:
                raise wrong.within(str(i)) from None
        return tuple(found)

    return read_list


def _mapping_reader(item: Reader) -> Reader:
    def read_mapping(value: Any, name: str, unknown: Unknown) -> dict[str, Any]:
        if type(value) is not dict:
            raise Wrong(f"expected an object, found {_seen(value)}")
        found = {}
        for key, one in value.items():
            try:
                found[_read_str(key, name, unknown)] = item(one, name, unknown)
            except Wrong as wrong:
                raise wrong.within(key[:80]) from None
        return found

    return read_mapping
