"""The keyword form, `host=localhost dbname=app`, with libpq's quoting (its manual, "Keyword/Value Connection Strings")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.dsn.model import DsnError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Pair:
    """Hold one `key=value` of the text, its value unquoted, with where it begins and ends."""

    key: str
    value: str
    start: int
    end: int


def read_keywords(text: str) -> dict[str, str]:
    """Return the keywords of `text`; the last of a repeated one wins. Raises `DsnError`."""
    return {pair.key: pair.value for pair in pairs(text)}


def pairs(text: str) -> Iterator[Pair]:
    """Yield the pairs of `text` in order. Raises `DsnError` where it ends to be keyword form."""
    at = _skip_blanks(text, 0)
    while at < len(text):
        key, begin = _read_key(text, at)
        value, end = _read_quoted(text, begin + 1) if text[begin : begin + 1] == "'" else _read_plain(text, begin)
        yield Pair(key, value, at, end)
        at = _skip_blanks(text, end)


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _read_key(text: str, at: int) -> tuple[str, int]:
    end = at
    while end < len(text) and text[end] != "=" and not text[end].isspace():
        end += 1
    equals = _skip_blanks(text, end)
    if end == at or text[equals : equals + 1] != "=":
        raise DsnError(
            "a '=' is missing after a word; a value with blanks stands in quotation marks: password='two words'"
        )
    return text[at:end], _skip_blanks(text, equals + 1)


def _read_plain(text: str, at: int) -> tuple[str, int]:
    value = ""
    while at < len(text) and not text[at].isspace():
        if text[at] == "\\":
            at += 1
        value += text[at : at + 1]
        at += 1
    return value, min(at, len(text))


def _read_quoted(text: str, at: int) -> tuple[str, int]:
    value = ""
    while at < len(text):
        if text[at] == "'":
            return value, at + 1
        if text[at] == "\\":
            at += 1
        value += text[at : at + 1]
        at += 1
    raise DsnError("a quotation mark is not closed; write a quotation mark inside a value as \\'")
