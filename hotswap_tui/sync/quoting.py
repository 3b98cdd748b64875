"""Names and texts in SQL that takes no parameters."""

from __future__ import annotations

from typing import Final

_NEEDS_UNICODE: Final = 0x20
_DELETE: Final = 0x7F


def literal(text: str) -> str:
    """Return `text` as a string constant, whatever `standard_conforming_strings` says and on one line.

    Backslashes and control characters are written as escapes (PostgreSQL's manual, 4.1.2.2). Raises ValueError for a zero byte,
    which no server can store.
    """
    _refuse_zero(text)
    escaped = "".join(_escaped(character) for character in text)
    return f"'{escaped}'" if escaped == text.replace("'", "''") else f" E'{escaped}'"


def identifier(text: str) -> str:
    """Return `text` as a quoted name.

    Raises ValueError for a zero byte and for no text at all, which are no names.
    """
    _refuse_zero(text)
    if not text:
        raise ValueError("a name has at least one character")
    return '"' + text.replace('"', '""') + '"'


def qualified(schema: str, name: str) -> str:
    """Return the quoted name of something in `schema`."""
    return f"{identifier(schema)}.{identifier(name)}"


def _escaped(character: str) -> str:
    if character == "'":
        return "''"
    if character == "\\":
        return "\\\\"
    code = ord(character)
    return f"\\{code:03o}" if code < _NEEDS_UNICODE or code == _DELETE else character


def _refuse_zero(text: str) -> None:
    if "\0" in text:
        raise ValueError("no text of a database holds a zero byte")
