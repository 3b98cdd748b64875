"""What moves client traffic, and the errors by which it says that it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.values import RouterReading, Switch


class SwitchError(Exception):
    """Traffic stayed where it was: `step` failed with `error`."""

    def __init__(self, step: str, error: str) -> None:
        super().__init__(f"{step}: {error}")
        self.step = step
        self.error = error


class OutcomeUnknownError(Exception):
    """Nobody can say yet whether traffic moved."""


class Router(Protocol):
    """Moves client traffic."""

    async def current(self) -> RouterReading:
        """Read back where traffic goes; failures are told in the reading."""
        ...

    async def switch(self, switch: Switch, progress: Callable[[str, bool], None]) -> RouterReading:
        """Move traffic to `switch.target`, telling each step (and whether it is past cancelling); return the proof.

        Raises SwitchError when traffic stayed, OutcomeUnknownError when nobody can say.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the data plane, leaving traffic where it is."""
        ...
