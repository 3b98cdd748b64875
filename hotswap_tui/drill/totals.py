"""What clients that ask again and again have met, as immutable values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Attempt:
    """One transaction of one client, connecting included where it had to. Monotonic seconds."""

    at_s: float
    """When it ended."""
    client: int
    took_s: float
    marker: str = ""
    """Which server answered; empty after an error."""
    error: str = ""
    """The error's class, with its SQLSTATE where it has one; empty after a success."""
    text: str = ""
    """What the error said."""


@dataclass(frozen=True, slots=True)
class Longest:
    """The longest of its kind, and when it ended (monotonic seconds; now, while it goes on)."""

    took_s: float = 0.0
    at_s: float = 0.0

    def or_longer(self, took_s: float, at_s: float) -> Longest:
        """Return the longer of the two."""
        return Longest(took_s, at_s) if took_s > self.took_s else self


@dataclass(frozen=True, slots=True)
class ClientTotals:
    """One client's count; waits and outages that go on are in it as far as they have come."""

    client: int
    successes: int
    errors: int
    wait: Longest
    """The longest attempt, whether it succeeded or not."""
    outage: Longest
    """The longest time from the first attempt after a success to the next success: a wait, or errors and waits in a row."""
    waiting_s: float
    """How long the present attempt has taken; 0 between two."""
    marker: str
    """Which server answered last."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How often and when one server answered. Monotonic seconds."""

    answers: int
    first_s: float
    last_s: float

    def again(self, at_s: float) -> Seen:
        """Return the count with one more answer."""
        return Seen(self.answers + 1, self.first_s, at_s)


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """What all clients met from `since_s` to `at_s` (monotonic)."""

    since_s: float
    at_s: float
    clients: tuple[ClientTotals, ...]
    markers: Mapping[str, Seen]
    """By the server's marker."""
    failures: tuple[Attempt, ...]
    """The latest ones, the oldest first."""

    @property
    def successes(self) -> int:
        """Count the transactions that were committed and answered."""
        return sum(client.successes for client in self.clients)

    @property
    def errors(self) -> int:
        """Count the transactions that failed."""
        return sum(client.errors for client in self.clients)

    @property
    def waiting_s(self) -> float:
        """Return how long the client has waited that waits longest now."""
        return max((client.waiting_s for client in self.clients), default=0.0)

    @property
    def wait(self) -> Longest:
        """Return the longest attempt of all."""
        return max((client.wait for client in self.clients), key=lambda wait: wait.took_s, default=Longest())

    @property
    def outage(self) -> Longest:
        """Return the longest time that any client was without a success."""
        return max((client.outage for client in self.clients), key=lambda outage: outage.took_s, default=Longest())

    @property
    def worst(self) -> ClientTotals | None:
        """Return the client with the longest outage, the one with more errors first; None without clients."""
        return max(self.clients, key=lambda client: (client.outage.took_s, client.errors), default=None)
