"""How many messages an hour may have. Pure.

Every incident that people were told of has a place kept for its summary, so that it is never too late for that one.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

HOUR_S: Final = 3600.0
PER_HOUR: Final = 16
"""Messages in any hour."""
FOR_URGENT: Final = 4
"""Of them, those that are kept for what stops the service."""


class Rate:
    """The messages of the last hour. Monotonic seconds."""

    def __init__(self, sent_s: Iterable[float] = ()) -> None:
        self._sent_s = deque(sorted(sent_s))

    def used(self, now_s: float) -> int:
        """Return how many were sent within the hour that ends now."""
        while self._sent_s and self._sent_s[0] + HOUR_S <= now_s:
            self._sent_s.popleft()
        return len(self._sent_s)

    def admits(self, now_s: float, *, kept: int, more: int = 1, urgent: bool = True) -> bool:
        """Say whether `more` messages fit besides the `kept` places."""
        return self.used(now_s) + kept + more <= (PER_HOUR if urgent else PER_HOUR - FOR_URGENT)

    def send(self, now_s: float) -> None:
        """Count one message."""
        self._sent_s.append(now_s)

    def frees_s(self) -> float | None:
        """Return when the next place becomes free; None when all are."""
        return self._sent_s[0] + HOUR_S if self._sent_s else None
