"""What a sentence is made of: pieces that know what to say where room is scarce."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotswap_tui.core.values import Level

SEPARATOR = "   "
MUST, SHOULD, MAY = range(3)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the sentence. With `command` it names what a person can press, `text` being what that does."""

    text: str
    shorter: tuple[str, ...] = ()
    """Said instead where room is scarce, the longest first."""
    level: Level | None = None
    rank: int = MUST
    """What goes first when room is scarce: the highest."""
    command: str = ""

    def say(self, keys: Mapping[str, str]) -> str:
        """Return the words, the command's key before them."""
        return f"{keys[self.command]} {self.text}" if self.command else self.text


@dataclass(frozen=True, slots=True)
class Sentence:
    """Parts in the order in which they are read; the first names who serves."""

    level: Level
    parts: tuple[Part, ...]

    def say(self, keys: Mapping[str, str] | None = None) -> str:
        """Return it as one line; parts about commands without a key in `keys` are left out."""
        known = keys or {}
        said = (part.say(known) for part in self.parts if not part.command or part.command in known)
        return SEPARATOR.join(said)


def keys_last(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return what is told first, then what can be pressed."""
    return tuple(sorted(parts, key=lambda part: bool(part.command)))


def clause(reason: str) -> str:
    """Return what stands before the advice."""
    return reason.partition("; ")[0]
