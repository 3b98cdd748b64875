"""One thing that replication needs, and whether it is there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHOWN: Final = 5


class Level(IntEnum):
    """How bad it is."""

    OK = 0
    NOTE = 1
    WARNING = 2
    PROBLEM = 3
    """Nothing can be set up."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What was found. Texts are single clean lines without secrets."""

    level: Level
    subject: str
    """What it is about: a database's role, or both."""
    text: str
    fix: str = ""
    """What to do; empty where nothing has to be done."""


def problems(found: Iterable[Requirement]) -> list[Requirement]:
    """Return what has to be mended first."""
    return [requirement for requirement in found if requirement.level is Level.PROBLEM]


def listed(names: Sequence[str]) -> str:
    """Return the first names, and how many there are more."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
