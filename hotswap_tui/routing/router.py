"""What moves client traffic, and the errors by which it says that it could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hotswap_tui.core.traffic import NOBODY, Waited
from hotswap_tui.routing.handover import NOTHING_SECURED, Secured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.core.plan import Plan, Step
    from hotswap_tui.core.values import Role, RouterReading, Tell


class SwitchError(Exception):
    """Traffic stayed where it was, and everything was put back: `step` failed with `error`, and clients `waited` for it."""

    def __init__(self, step: str, error: str, waited: Waited = NOBODY) -> None:
        super().__init__(f"{step}: {error}")
        self.step = step
        self.error = error
        self.waited = waited


class HoldError(Exception):
    """Clients could not be held, or not be released; one line."""


class OutcomeUnknownError(Exception):
    """Nobody can say yet whether traffic moved, or which server answers it."""


class Progress(Protocol):
    """Told by a switch as it goes on."""

    def __call__(self, step: Step, *, done: bool, detail: str = "") -> None:
        """Say that `step` begins, goes on (`detail`: what it waits for) or is `done`."""
        ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """The proof of a switch."""

    reading: RouterReading
    waited: Waited = NOBODY
    severed: int = 0
    """Connections to the database that was left which had to be cut off."""
    proof: str = ""
    """Which server answered the canary, in words; empty without a gateway."""
    secured: Secured = NOTHING_SECURED
    """What was done about the data before clients came."""


class Router(Protocol):
    """Moves client traffic."""

    async def current(self) -> RouterReading:
        """Read back where traffic goes; failures are told in the reading."""
        ...

    async def verify(self, role: Role) -> RouterReading:
        """Read back, and send a canary through the data plane to `role`; `proven` in the reading says what came of it.

        Nothing is proven as long as connections to a database that was left are open.
        """
        ...

    async def hold(self, budget_s: float) -> None:
        """Let new work of clients wait, for `budget_s` unless `release` comes first; raises HoldError.

        `hold`, `release` and `switch` are carried out one at a time, in the order in which they were called. Returns as soon as new
        work waits; open transactions go on. Where this program dies or hangs, clients go on at most some seconds after the budget is
        over.
        """
        ...

    async def release(self) -> Waited:
        """Let those who wait go on, and say who waited; raises HoldError as long as that is not known to be done."""
        ...

    async def switch(self, target: Role, plan: Plan, progress: Progress) -> Arrival:
        """Move traffic to `target` as `plan` says; a hold that is in force is taken over and ended.

        Raises SwitchError when traffic stayed, OutcomeUnknownError when nobody can say. Cancelled before `repoint` begins, it
        puts everything back; a later cancellation is dropped, and it returns or raises as without.
        """
        ...

    async def reconcile(self) -> Sequence[Tell]:
        """Put in order what a life before left half done: end its hold, restore its time-outs, let the target file decide.

        Returns what a person should know. Called once, before the first `current`, which tries again what could not be done.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the data plane, leaving traffic where it is; a hold is released."""
        ...
