"""What has become of one write in two databases, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, LiteralString, TypeAlias

from psycopg.sql import SQL, Composed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.values import Role

Statement: TypeAlias = LiteralString | bytes | SQL | Composed
"""What psycopg executes, templates excepted."""


class Outcome(StrEnum):
    """What is known of a write in one database."""

    DONE = "done"
    """Its COMMIT was answered."""
    FAILED = "failed"
    """It was not committed there, and will not be."""
    UNKNOWN = "unknown"
    """A COMMIT was sent and not answered: it may have been carried out. Only a look at the rows tells."""


@dataclass(frozen=True, slots=True)
class Write:
    """One database's half."""

    role: Role
    outcome: Outcome
    rows: int | None = None
    """psycopg's `rowcount`; None unless done."""
    error: str = ""
    """Why not, as one clean line without secrets; empty when done."""
    sqlstate: str | None = None
    """Where the server said why."""

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.role} {self.outcome}" + (f": {self.error}" if self.error else f" ({self.rows} rows)")


@dataclass(frozen=True, slots=True)
class BothWrites:
    """Both halves. Nothing was taken back in one database because of the other."""

    primary: Write
    secondary: Write

    @property
    def complete(self) -> bool:
        """Say whether both databases have it; anything else leaves them different, or may."""
        return all(write.outcome is Outcome.DONE for write in self)

    @property
    def failed(self) -> tuple[Role, ...]:
        """Return which do not have it."""
        return self._where(Outcome.FAILED)

    @property
    def unknown(self) -> tuple[Role, ...]:
        """Return which may or may not have it."""
        return self._where(Outcome.UNKNOWN)

    def __iter__(self) -> Iterator[Write]:
        """Go through the halves, the primary's first."""
        return iter((self.primary, self.secondary))

    def __str__(self) -> str:
        """Say it in one line."""
        return "; ".join(map(str, self))

    def _where(self, outcome: Outcome) -> tuple[Role, ...]:
        return tuple(write.role for write in self if write.outcome is outcome)
