"""Lines for a terminal or a pipe: cells of fixed width, nothing that could move a cursor, ASCII where there is no more."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO
from unicodedata import combining, east_asian_width, normalize

from hotswap_tui.core.ascii_signs import SIGNS
from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 2000


def say(lines: Iterable[str]) -> None:
    """Print data."""
    for line in lines:
        print(shown(line, sys.stdout), flush=True)


def tell(lines: Iterable[str]) -> None:
    """Narrate on standard error, if anybody reads it."""
    for line in lines:
        try:
            print(shown(line, sys.stderr), file=sys.stderr, flush=True)
        except OSError:
            return


def shown(line: str, stream: TextIO) -> str:
    """Return `line` as `stream` can show it; what is not printable is left out."""
    from hotswap_tui.tui.terminal import has_utf8  # noqa: PLC0415 - `--help` needs none of it

    safe = line if line.isprintable() else "".join(c for c in line if c.isprintable())
    return safe if has_utf8(os.environ, stream.encoding) else to_ascii(safe)


def to_ascii(line: str) -> str:
    """Return `line` in ASCII, cell for cell where it is a table; letters lose their accents."""
    if line.isascii():
        return line
    return "".join(c if c.isascii() else _letter(c) for c in line.translate(SIGNS))


def _letter(character: str) -> str:
    plain = normalize("NFKD", character)[:1]
    return plain if plain.isascii() else "?" * width_of(character)


def width_of(text: str) -> int:
    """Return how many cells `text` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def fit(text: str, width: int) -> str:
    """Return `text`, cleaned, in exactly `width` cells: cut with an ellipsis or filled with blanks."""
    safe = clean(text)
    have = width_of(safe)
    if have <= width:
        return safe + " " * (width - have)
    while width_of(safe) > width - 1:
        safe = safe[:-1]
    return safe + "…" + " " * (width - 1 - width_of(safe))


def cut(line: str, width: int) -> str:
    """Return as much of `line` as `width` cells hold."""
    while width_of(line) > width:
        line = line[:-1]
    return line


def right(text: str, width: int) -> str:
    """Return `text`, cleaned, at the right end of at least `width` cells."""
    safe = clean(text)
    return " " * (width - width_of(safe)) + safe


def wrap(text: str, width: int, most: int = 0) -> list[str]:
    """Return `text`, cleaned, in lines of at most `width` cells; `most` lines when given, an ellipsis at the cut."""
    lines, line = [], ""
    for word in clean(text, _LONGEST).split(" "):
        candidate = f"{line} {word}" if line else word
        if width_of(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *whole, line = _chop(word, width)
        lines += whole
    lines.append(line)
    if most and len(lines) > most:
        lines[most - 1 :] = [fit(f"{lines[most - 1]} {lines[most]}", width).rstrip()]
    return lines


def _chop(word: str, width: int) -> list[str]:
    pieces = [""]
    for character in word:
        if width_of(pieces[-1]) + width_of(character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
