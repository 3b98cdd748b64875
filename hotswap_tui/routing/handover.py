"""What a switch does about the data itself; `sync` carries it out over the switch's own connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.sync import Mark
    from hotswap_tui.core.values import Role
    from hotswap_tui.routing.inspection import Inspection


class HandoverError(Exception):
    """It could not be done, or not be proven; one clean line without secrets."""


@dataclass(frozen=True, slots=True)
class Secured:
    """What was done at the target before clients come."""

    mark: Mark | None = None
    """Where the target stood; None: not asked for, or it could not be read."""
    words: str = ""
    """What happened to its sequences, for the event; empty when there was nothing to do."""
    problem: str = ""
    """What could not be done, for a person to know; empty when all was."""
    repeating: bool = False
    """Sequences of the target are, or may be, behind: clients would be given keys that exist."""


NOTHING_SECURED = Secured()


class Handover(Protocol):
    """The data's part of a switch. `inspect` gives the switch's own connection to a database."""

    def rehearsal(self, target: Role) -> Sequence[str]:
        """Return queries that change nothing, after which `target` is quick to answer what `secure` asks."""
        ...

    async def catch_up(
        self,
        inspect: Callable[[Role], Inspection],
        source: Role,
        target: Role,
        timeout_s: float,
        waits: Callable[[str], None],
    ) -> str:
        """Return, in words, once `target` has everything that `source` had committed when this was called.

        `waits` is told how much is missing. Raises HandoverError when it is not so within `timeout_s`, or cannot be found out.
        """
        ...

    async def prove_safe(self, inspect: Callable[[Role], Inspection], mark: Mark | None, timeout_s: float) -> str:
        """Return the proof, in words, that nothing was written on the secondary since `mark` which the primary lacks.

        Clients are held. Raises HandoverError when nothing proves it.
        """
        ...

    async def secure(
        self,
        inspect: Callable[[Role], Inspection],
        source: Role,
        target: Role,
        timeout_s: float,
        *,
        sequences: bool,
        alive: bool,
    ) -> Secured:
        """Move the target's sequences ahead where `sequences` asks for it, and note where the target stands.

        `alive`: the source lives and nobody writes there, so its sequences are read; otherwise the last values known and the
        highest keys, plus the gap. Never raises for what a server does.
        """
        ...
