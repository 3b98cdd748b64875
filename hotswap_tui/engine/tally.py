"""What an engine has counted since it started."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.core.snapshot import SwitchOutcome
    from hotswap_tui.core.traffic import Waited
    from hotswap_tui.core.values import Event, Role, Verdict

PASSED: Final = "passed"


@dataclass(frozen=True, slots=True)
class Tally:
    """Counters that only grow while the engine lives."""

    checks: Mapping[tuple[Role, str], int]
    """By database and result: `passed`, or the fault's value."""
    switches: Mapping[tuple[str, str], int]
    """By kind and result."""
    events: Mapping[str, int]
    """By kind."""
    waited_clients: int
    """Clients that holds kept waiting."""
    longest_waits_s: float
    """The sum of the longest wait of each hold."""

    @property
    def observed(self) -> int:
        """Return how often an engine that only observes would have moved traffic."""
        return self.events.get(Kind.OBSERVED.value, 0)


class Counts:
    """Count while the engine works."""

    def __init__(self) -> None:
        self._checks: Counter[tuple[Role, str]] = Counter()
        self._switches: Counter[tuple[str, str]] = Counter()
        self._events: Counter[str] = Counter()
        self._waited_clients = 0
        self._longest_waits_s = 0.0

    def checked(self, verdict: Verdict) -> None:
        """Count a check."""
        self._checks[verdict.role, PASSED if verdict.fault is None else verdict.fault.value] += 1

    def switched(self, outcome: SwitchOutcome) -> None:
        """Count a switch that has ended."""
        self._switches[outcome.switch.kind.value, outcome.result] += 1
        self.waited(outcome.waited)

    def waited(self, waited: Waited) -> None:
        """Count who had to wait."""
        self._waited_clients += waited.clients
        self._longest_waits_s += waited.longest_s

    def told(self, event: Event) -> None:
        """Count an event."""
        self._events[event.kind.value] += 1

    def tally(self) -> Tally:
        """Return what was counted so far."""
        return Tally(
            dict(self._checks), dict(self._switches), dict(self._events), self._waited_clients, self._longest_waits_s
        )
