"""What client traffic looks like from the data plane, and who answers at the end of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Traffic:
    """The data plane's pools and counters at one moment, for the databases that we move."""

    at_s: float
    """When it was read; monotonic seconds."""
    clients_active: int
    """Clients that are linked to a server connection or idle between transactions."""
    clients_waiting: int
    servers_active: int
    servers_idle: int
    max_wait_s: float
    """How long the client has waited that waits longest; 0 when none waits."""
    queries: int
    """Queries since PgBouncer's start."""
    query_time_us: int
    """Their time at the servers, summed up."""
    queries_per_s: float | None = None
    """Since the reading before; None at the first."""
    mean_query_ms: float | None = None
    """Since the reading before; None at the first and when nothing ran."""


@dataclass(frozen=True, slots=True)
class Waited:
    """Whom a hold kept waiting, read just before the release."""

    clients: int = 0
    longest_s: float = 0.0


NOBODY = Waited()


@dataclass(frozen=True, slots=True)
class Hold:
    """Clients wait while we make sure. Monotonic seconds."""

    since_s: float
    until_s: float
    """When they are released whatever is known by then."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which server answers. What the server did not tell is None."""

    system_identifier: str | None
    started_at: float
    """The postmaster's start, seconds since 1970, with microseconds."""
    in_recovery: bool
    address: str | None
    """The server's own address and port; None over a Unix socket."""
    database: str

    def differs(self, other: Identity) -> str:
        """Return what shows that the two are not one server, as a sentence; empty when nothing does.

        A physical standby shares its primary's system identifier, so the start and the recovery state count, too. Addresses
        of different families may belong to one server: they are compared within one family only.
        """
        if self.system_identifier and other.system_identifier and self.system_identifier != other.system_identifier:
            return f"system identifier {self.system_identifier} instead of {other.system_identifier}"
        if abs(self.started_at - other.started_at) > 0.001:
            return "another postmaster start time"
        if self.in_recovery is not other.in_recovery:
            return "in recovery" if self.in_recovery else "not in recovery"
        if (
            self.address
            and other.address
            and _same_family(self.address, other.address)
            and self.address != other.address
        ):
            return f"address {self.address} instead of {other.address}"
        return "" if self.database == other.database else f"database {self.database} instead of {other.database}"


def _same_family(address: str, other: str) -> bool:
    return address.startswith("[") is other.startswith("[")
