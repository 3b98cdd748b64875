"""What is told to people, and the words it is told in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Level

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

TYPES: Final[Mapping[Level, str]] = {
    Level.INFO: "info",
    Level.GOOD: "success",
    Level.WARNING: "warning",
    Level.BAD: "failure",
}
"""Apprise's notification types."""
LOOK_S: Final = 10.0
"""Between two looks at what tells no event when it is over."""
_SENTENCE: Final = 140
_LINE: Final = 500


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that people are told. `wall_s` is when it happened, seconds since 1970."""

    topic: str
    level: Level
    text: str
    wall_s: float
    lines: tuple[str, ...] = ()
    """What follows in the body."""

    @property
    def sentence(self) -> str:
        """Return the first clause, short enough for a title."""
        return clean(self.text, _LINE).partition("; ")[0][:_SENTENCE]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it leaves: plain text."""

    title: str
    body: str
    type: str
    """One of Apprise's."""


def letter(message: Message, name: str, host: str, zone: tzinfo | None = None) -> Letter:
    """Return `message` about the database `name`, as seen from `host`; times in `zone`, local when None."""
    full = clean(message.text, _LINE)
    moment = datetime.fromtimestamp(message.wall_s, UTC).astimezone(zone).isoformat(" ", "seconds")
    lines = (*((full,) if full != message.sentence else ()), *(clean(line, _LINE) for line in message.lines))
    body = "\n".join((*lines, moment))
    return Letter(f"{clean(name, 40)} on {clean(host, 40)}: {message.sentence}", body, TYPES[message.level])


def span(seconds: float) -> str:
    """Return a span of time in words that need no context: `0.4 s`, `42 s`, `2 min 5 s`, `3 h 12 min`, `2 d 4 h`."""
    value = max(seconds, 0.0)
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    for unit_s, unit, part_s, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= unit_s:
            rest = whole % unit_s // part_s
            return f"{whole // unit_s} {unit} {rest} {part}" if rest else f"{whole // unit_s} {unit}"
    return f"{whole} s"


def clock(wall_s: float) -> str:
    """Return the local time of day."""
    return datetime.fromtimestamp(wall_s, UTC).astimezone().strftime("%H:%M:%S")
