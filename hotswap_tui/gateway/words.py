"""What PgBouncer complains of when it does not start, as one line that is safe to show."""

from __future__ import annotations

import re
from typing import Final

from hotswap_tui.core.text import clean

_LINE: Final = re.compile(r"^(?:\S+ \S+ \S+ )?\[\d+\] (?P<level>[A-Z]+) (?P<text>.*)$")
_SERIOUS: Final = frozenset({"WARNING", "ERROR", "FATAL"})
# A line of the target file that PgBouncer does not understand is repeated in its complaint, password included.
_QUOTED: Final = re.compile(r'(value) ".*" (for parameter)')
_TAIL: Final = re.compile(r"((?:unrecognized|unknown) connection parameter|syntax error in connection string).*")
_FIRST: Final = 4


def first_words(said: str) -> str:
    """Return the first complaints in what PgBouncer has said, or the first lines where it did not get so far; no values."""
    lines = [line for line in said.splitlines() if line.strip()]
    parsed = [_LINE.match(line) for line in lines]
    serious = [match["text"] for match in parsed if match and match["level"] in _SERIOUS]
    chosen = serious or [line for line, match in zip(lines, parsed, strict=True) if match is None]
    return "; ".join(clean(_without_values(line), 200) for line in chosen[:_FIRST])


def _without_values(line: str) -> str:
    return _TAIL.sub(r"\1", _QUOTED.sub(r"\1 \2", line))
