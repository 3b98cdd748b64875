"""A database's health as sign and word: the shape says it before a colour does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Health

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.core.snapshot import DatabaseView

HEALTH_WORDS: Final[Mapping[Health, str]] = {
    Health.UNKNOWN: "? unknown",
    Health.UP: "● up",
    Health.DEGRADED: "▲ degraded",
    Health.FAILING: "▲ failing",
    Health.DOWN: "✗ DOWN",
}


def state_words(database: DatabaseView) -> str:
    """Return the database's health as sign and word, and whether one that is up is read-only."""
    words = HEALTH_WORDS[database.health]
    if database.health is Health.UP and database.facts is not None and database.facts.read_only:
        return f"{words} r/o"
    return words
