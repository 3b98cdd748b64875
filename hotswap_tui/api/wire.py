"""The values of this house as JSON and back, for the control socket.

A dataclass is an object, an enum its value (of `Level` its name), a tuple an array. JSON knows no infinite numbers: one is
`{"float": "inf"}`. What a newer program adds is passed over and what an older one lacks takes its default, so that neighbouring
versions understand each other; where they do not, that is said, and nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from hotswap_tui import __version__
from hotswap_tui.core import plan, policy, snapshot, sync, traffic, values

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

VERSION: Final = 1
"""Of this form; it grows when an older program could misunderstand a newer one."""
STAMP: Final[Mapping[str, object]] = {"wire": VERSION, "version": __version__}
"""Who speaks; part of every first answer."""

_NAMES: Final[Mapping[str, Any]] = {
    name: value
    for module in (sync, values, plan, traffic, policy, snapshot)
    for name, value in vars(module).items()
    if isinstance(value, type)
} | {"Mapping": Mapping}
"""What annotations mean: most of them are written for the type checker only."""
_NOT_FINITE: Final = "float"
_SCALARS: Final[Mapping[type, str]] = {
    str: "must be a text",
    int: "must be a whole number",
    float: "must be a number",
    bool: "must be true or false",
}

Decoder: TypeAlias = "Callable[[Any], Any]"
_DECODERS: Final[dict[Any, Decoder]] = {}


class MalformedError(ValueError):
    """What arrived is not what was expected; one line that names the place."""


class WireError(OSError):
    """The two programs are of versions that do not understand each other; the text names them and what to do."""


def dumps(plain: object) -> bytes:
    """Return one line of JSON, without its end."""
    return json.dumps(plain, separators=(",", ":"), allow_nan=False).encode()


def loads(text: bytes | bytearray) -> Any:
    """Return what one line of JSON says; raises MalformedError."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError("it is not JSON") from error


def to_plain(value: Any) -> Any:
    """Return `value` made of what JSON knows."""
    kind: Any = type(value)
    if kind in {str, int, bool, NoneType}:
        return value
    if kind is float:
        return value if isfinite(value) else {_NOT_FINITE: repr(value)}
    if isinstance(value, Enum):
        return value.value if isinstance(value, str) else value.name
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: to_plain(item) for name, item in value.items()}
    return {name: to_plain(getattr(value, name)) for name in _field_names(kind)}


def from_plain(kind: type[T], plain: Any) -> T:
    """Return the `kind` that `to_plain` took apart; raises MalformedError."""
    value: T = decoder(kind)(plain)
    return value


def check_stamp(plain: Any) -> dict[str, Any]:
    """Return a first answer whose form this program knows; raises WireError, or MalformedError when it is no answer of ours."""
    if not isinstance(plain, dict) or "wire" not in plain:
        raise MalformedError("who answers is no engine")
    if plain["wire"] != VERSION:
        raise other_version(str(plain.get("version", "")))
    return plain


def other_version(theirs: str) -> WireError:
    """Return the error that names the engine's version and ours."""
    return WireError(
        f"the engine is of another version ({theirs[:40] or 'unknown'}, this is {__version__}); restart the older one"
    )


def decoder(kind: Any) -> Decoder:
    """Return what reads a value of the type `kind`; raises TypeError for a type that has no form on the wire."""
    origin = get_origin(kind)
    if origin is UnionType:
        return _union(get_args(kind))
    if origin is tuple and get_args(kind)[1:] == (Ellipsis,):
        return _items(decoder(get_args(kind)[0]))
    if origin is Mapping and get_args(kind)[0] is str:
        return _mapping(decoder(get_args(kind)[1]))
    if kind not in _DECODERS:
        _DECODERS[kind] = _simple(kind)
    return _DECODERS[kind]


def _simple(kind: Any) -> Decoder:
    if kind in _SCALARS:
        return _scalar(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _record(kind)
    raise TypeError(f"{kind} has no form on the wire")


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _refuse_constant(name: str) -> None:
    raise MalformedError(f"{name} is not JSON")


def _scalar(kind: type) -> Decoder:
    must = _SCALARS[kind]

    def read(plain: Any) -> Any:
        if type(plain) is kind:
            return plain
        if kind is float and type(plain) is int:
            return _number(plain)
        if kind is float and type(plain) is dict and plain.get(_NOT_FINITE) in {"inf", "-inf", "nan"}:
            return float(plain[_NOT_FINITE])
        raise MalformedError(must)

    return read


def _number(plain: int) -> float:
    try:
        return float(plain)
    except OverflowError:
        raise MalformedError("is too large a number") from None


def _enum(kind: type[Enum]) -> Decoder:
    known = {to_plain(member): member for member in kind}

    def read(plain: Any) -> Any:
        if type(plain) is str and plain in known:
            return known[plain]
        raise MalformedError(f"must be one of {', '.join(known)}")

    return read


def _union(kinds: tuple[Any, ...]) -> Decoder:
    """Read `X | None`, or one of several scalars."""
    others = tuple(kind for kind in kinds if kind is not NoneType)
    inner = decoder(others[0]) if len(others) == 1 else _one_of(others)
    if len(others) == len(kinds):
        return inner
    return lambda plain: None if plain is None else inner(plain)


def _one_of(kinds: tuple[type, ...]) -> Decoder:
    if not _SCALARS.keys() >= set(kinds):
        raise TypeError(f"a union of {kinds} has no form on the wire")

    def read(plain: Any) -> Any:
        if type(plain) in kinds:
            return plain
        if float in kinds:
            return decoder(float)(plain)
        raise MalformedError(" or ".join(_SCALARS[kind] for kind in kinds))

    return read


def _items(inner: Decoder) -> Decoder:
    def read(plain: Any) -> Any:
        if type(plain) is not list:
            raise MalformedError("must be an array")
        return tuple(inner(item) for item in plain)

    return read


def _mapping(inner: Decoder) -> Decoder:
    def read(plain: Any) -> Any:
        if type(plain) is not dict:
            raise MalformedError("must be an object")
        return {name: inner(item) for name, item in plain.items()}

    return read


def _record(kind: type) -> Decoder:
    hints = get_type_hints(kind, localns=dict(_NAMES))
    known = [(field.name, decoder(hints[field.name])) for field in fields(kind)]
    required = [field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING]

    def read(plain: Any) -> Any:
        if type(plain) is not dict:
            raise MalformedError("must be an object")
        for name in required:
            if name not in plain:
                raise MalformedError(f"{name} is missing")
        return kind(**{name: _field(name, inner, plain[name]) for name, inner in known if name in plain})

    return read


def _field(name: str, inner: Decoder, plain: Any) -> Any:
    try:
        return inner(plain)
    except MalformedError as error:
        text = str(error)
        raise MalformedError(f"{name} {text}" if text.startswith(("must", "is")) else f"{name}.{text}") from None
