"""The end of what a hook printed, fit for a screen and a journal."""

from __future__ import annotations

import re
from typing import Final

from hotswap_tui.core.text import clean
from hotswap_tui.dsn import MASK, mask

KEPT_BYTES: Final = 4096

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://\S+")
_NAMED: Final = re.compile(
    r"""(?ix) ( authorization \s? [:=] \s? ["']? \w+ \s
      | (?: passw(?:or)?[dt] | pwd | secret | token | api_?key ) \w{0,40} ["']? \s? [:=] \s? )
    (?: '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | \S+ )"""
)
"""What programs print before a secret, `set -x` and curl's `-v` above all. No part may scan a long line again and again."""


class Tail:
    """Keeps the last KEPT_BYTES of any amount of output."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._cut = False

    def take(self, data: bytes) -> None:
        """Append `data`."""
        self._data += data
        if len(self._data) > KEPT_BYTES:
            del self._data[:-KEPT_BYTES]
            self._cut = True

    def text(self) -> str:
        """Return the lines, cleaned, without what looks like a secret; an ellipsis stands for what was cut off."""
        text = self._data.decode("utf-8", "replace")
        lines = (hide(clean(line, KEPT_BYTES)) for line in _from_a_boundary(text, cut=self._cut).splitlines())
        told = "\n".join(line for line in lines if line)
        return f"…\n{told}".rstrip() if self._cut else told


def _from_a_boundary(text: str, *, cut: bool) -> str:
    """Drop what a cut has left of a line, or of a word: it may be the end of a connection string."""
    if not cut:
        return text
    line = re.search(r"[\r\n]", text) or re.search(r"\s", text)
    return text[line.end() :] if line else ""


def hide(text: str) -> str:
    """Return `text` with the secrets of connection strings, and of what is called one, replaced."""
    return _NAMED.sub(lambda named: named[1] + MASK, _URL.sub(lambda url: mask(url[0]), text))
