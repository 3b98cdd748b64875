"""What a switch asks a server itself, past or through the data plane; the probes carry it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.core.traffic import Identity


class InspectionError(Exception):
    """The server did not answer as it should; one clean line without secrets."""


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A transaction that keeps a database from being drained. Texts are cleaned."""

    pid: int
    """The server's process."""
    application: str
    """application_name as the client gave it; may be empty."""
    state: str
    """As in pg_stat_activity: `active`, `idle in transaction`, …"""
    age_s: float
    """Since the transaction began."""


class Inspection(Protocol):
    """One connection to one server, opened when it is first asked. Every method raises InspectionError."""

    async def identify(self, timeout_s: float) -> Identity:
        """Return who answers."""
        ...

    async def open_transactions(self, pids: Sequence[int], timeout_s: float) -> tuple[OpenTransaction, ...]:
        """Return the transactions that the server processes `pids` have open, the oldest first."""
        ...

    async def terminate(self, pids: Sequence[int], timeout_s: float) -> int:
        """End the server processes `pids`; return how many took it."""
        ...

    async def rows(self, query: str, timeout_s: float) -> list[tuple[str | None, ...]]:
        """Return what `query`, one statement without a semicolon, selects: each value as the server's text, not cleaned."""
        ...

    async def aclose(self) -> None:
        """Close the connection; nothing is left behind."""
        ...
