"""Text that came from elsewhere, made harmless: one line, no control, nothing that turns or hides."""

from __future__ import annotations

import re
import unicodedata

# ECMA-48: control sequences, strings that end with ST or BEL (a terminal swallows an unfinished one), two-byte escapes.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|\Z)?"
    r"|\x1b[ -/]*[0-~]?"
)
_JOINERS = frozenset("\u200c\u200d")
"""Invisible, but Persian, Indic scripts and emoji are written with them."""
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})
_MARKS_IN_A_ROW = 4
"""Vietnamese and Hebrew need up to three; a pile of hundreds paints over the lines above."""


def clean(text: str, limit: int = 300) -> str:
    """Return `text` as one printable line of at most `limit` characters, an ellipsis marking a cut.

    Escape sequences, control characters, bidirectional overrides and invisible characters go; every run of white space becomes
    one blank. Markup is left as it is: what prints the line must not interpret it.
    """
    # What a cut can hide is bounded, too: a megabyte of text is not worth reading for one line.
    visible = "".join(_visible(_ESCAPES.sub("", text[: limit * 16])))
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _visible(text: str) -> list[str]:
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if character in "\t\n\v\f\r\x85" or category in _SPACES:
            kept.append(" ")
        elif (category not in _DROPPED or character in _JOINERS) and marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return kept
