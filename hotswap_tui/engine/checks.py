"""The checks in flight: at most one of each database, and another after it when one was asked for meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from hotswap_tui.core.values import Role, Verdict
    from hotswap_tui.engine.picture import Target


class Checks:
    """Runs checks of `targets`; `ended` gets each verdict, `noted` once what a check could not do."""

    def __init__(
        self,
        targets: Mapping[Role, Target],
        spawn: Callable[[Coroutine[None, None, None]], object],
        *,
        wants_fresh: Callable[[Role], bool],
        ended: Callable[[Verdict], None],
        noted: Callable[[Role, str], None],
    ) -> None:
        self._targets = targets
        self._spawn = spawn
        self._wants_fresh = wants_fresh
        self._ended = ended
        self._note = noted
        self._again: dict[Role, bool] = {}
        self._noted: dict[Role, str] = {}
        self._closing = False
        self.running: set[Role] = set()

    def close(self) -> None:
        """Begin no other check after those in flight."""
        self._closing = True

    def ask(self, role: Role, *, fresh: bool) -> None:
        """Check `role` now, or once more when the check in flight has ended."""
        if role in self.running:
            self._again[role] = fresh or self._again.get(role, False)
        else:
            self.begin(role, fresh=fresh)

    def begin(self, role: Role, *, fresh: bool = False) -> None:
        """Check `role`, of which no check is in flight."""
        self.running.add(role)
        self._spawn(self._check(role, fresh=fresh or self._wants_fresh(role)))

    async def _check(self, role: Role, *, fresh: bool) -> None:
        prober = self._targets[role].prober
        verdict = await prober.check(fresh=fresh)
        self.running.discard(role)
        if prober.note and prober.note != self._noted.get(role):
            self._note(role, prober.note)
        self._noted[role] = prober.note
        again = self._again.pop(role, None)
        if again is not None and not self._closing:
            self.begin(role, fresh=again)
        self._ended(verdict)
