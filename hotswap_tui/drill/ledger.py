"""The books of clients that ask again and again: every attempt, counted from the beginning and from the last lap."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hotswap_tui.drill.totals import Attempt, ClientTotals, Longest, Seen, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILURES_KEPT = 1000


@dataclass(slots=True)
class _Count:
    successes: int = 0
    errors: int = 0
    wait: Longest = field(default_factory=Longest)
    outage: Longest = field(default_factory=Longest)


class Tally:
    """Count one client's attempts, twice: from the beginning, and from the last `restart`."""

    def __init__(self, client: int) -> None:
        self.client = client
        self._all = _Count()
        self._lap = _Count()
        self._began_s: float | None = None
        self._without_s: float | None = None
        self._marker = ""

    def begin(self, now_s: float) -> None:
        """Note that an attempt begins."""
        self._began_s = now_s
        if self._without_s is None:
            self._without_s = now_s

    def succeed(self, now_s: float, marker: str) -> Attempt:
        """Note that it succeeded."""
        without_s = now_s if self._without_s is None else self._without_s
        for count in (self._all, self._lap):
            count.successes += 1
            count.outage = count.outage.or_longer(now_s - without_s, now_s)
        self._without_s = None
        self._marker = marker
        return Attempt(now_s, self.client, self._end(now_s), marker=marker)

    def fail(self, now_s: float, error: str, text: str) -> Attempt:
        """Note that it failed."""
        for count in (self._all, self._lap):
            count.errors += 1
        return Attempt(now_s, self.client, self._end(now_s), error=error, text=text)

    def _end(self, now_s: float) -> float:
        took_s = 0.0 if self._began_s is None else now_s - self._began_s
        for count in (self._all, self._lap):
            count.wait = count.wait.or_longer(took_s, now_s)
        self._began_s = None
        return took_s

    def stop(self) -> None:
        """Forget what is under way: this side ended it."""
        self._began_s = self._without_s = None

    def restart(self) -> None:
        """Begin the second count anew."""
        self._lap = _Count()

    def totals(self, now_s: float, *, lap: bool) -> ClientTotals:
        """Return the first count, or with `lap` the second."""
        count = self._lap if lap else self._all
        waiting_s = 0.0 if self._began_s is None else now_s - self._began_s
        without_s = 0.0 if self._without_s is None else now_s - self._without_s
        return ClientTotals(
            self.client,
            count.successes,
            count.errors,
            wait=count.wait.or_longer(waiting_s, now_s),
            outage=count.outage.or_longer(without_s, now_s),
            waiting_s=waiting_s,
            marker=self._marker,
        )


class Ledger:
    """Collect what all clients meet; `timeline` is how many of the newest attempts are kept one by one."""

    def __init__(self, clients: int, timeline: int, now_s: float) -> None:
        self.tallies = tuple(Tally(number) for number in range(clients))
        self._timeline: deque[Attempt] = deque(maxlen=timeline)
        self._failures: deque[Attempt] = deque(maxlen=FAILURES_KEPT)
        self._seen: dict[str, Seen] = {}
        self._lap_seen: dict[str, Seen] = {}
        self._began_s = self._lap_s = now_s

    def add(self, attempt: Attempt) -> None:
        """Enter an attempt that its client's tally has counted."""
        self._timeline.append(attempt)
        if attempt.error:
            self._failures.append(attempt)
            return
        for seen in (self._seen, self._lap_seen):
            before = seen.get(attempt.marker)
            seen[attempt.marker] = before.again(attempt.at_s) if before else Seen(1, attempt.at_s, attempt.at_s)

    def timeline(self) -> Sequence[Attempt]:
        """Return the attempts that were kept, in the order in which they ended."""
        return tuple(self._timeline)

    def totals(self, now_s: float) -> Totals:
        """Return the count from the beginning."""
        clients = tuple(tally.totals(now_s, lap=False) for tally in self.tallies)
        return Totals(self._began_s, now_s, clients, dict(self._seen), tuple(self._failures))

    def lap(self, now_s: float) -> Totals:
        """Return the count since the last lap, and begin the next."""
        clients = tuple(tally.totals(now_s, lap=True) for tally in self.tallies)
        failures = tuple(failure for failure in self._failures if failure.at_s >= self._lap_s)
        totals = Totals(self._lap_s, now_s, clients, self._lap_seen, failures)
        for tally in self.tallies:
            tally.restart()
        self._lap_seen, self._lap_s = {}, now_s
        return totals
