"""What an engine tells while somebody listens: first everything, then what is new."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hotswap_tui.api import samples, wire
from hotswap_tui.api.exchange import exchange
from hotswap_tui.api.refusals import expect_ok
from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.snapshot import Snapshot
from hotswap_tui.core.values import Event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from hotswap_tui.api.exchange import Answer
    from hotswap_tui.api.samples import Samples
    from hotswap_tui.core.values import Role


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What has changed, or, in the first one, everything."""

    snapshot: Snapshot
    events: tuple[Event, ...] = ()
    """New ones, oldest first."""
    samples: Mapping[Role, Samples] = field(default_factory=dict)
    """New ones, by their time."""


class Updates:
    """The updates of one engine, in their order."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._version: str | None = None

    async def next(self) -> Update:
        """Wait for the next one; a wait that was cut short may be taken up again.

        Raises NoEngineError when the engine has ended, WireError when it is of another version.
        """
        line = await self._answer.line()
        try:
            plain = wire.loads(line)
            if self._version is None:
                self._version = str(wire.check_stamp(plain).get("version", ""))
            return _update(plain)
        except wire.MalformedError as error:
            raise wire.other_version(self._version or "") from error


def _update(plain: Any) -> Update:
    if not isinstance(plain, dict):
        raise wire.MalformedError("an update must be an object")
    return Update(
        wire.from_plain(Snapshot, plain.get("snapshot")),
        tuple(wire.from_plain(Event, event) for event in plain.get("events", ())),
        samples.unpack(plain.get("samples", {})),
    )


@asynccontextmanager
async def updates(path: Path, *, with_samples: bool) -> AsyncIterator[Updates]:
    """Listen to the engine at `path`; the connection ends with the block.

    Raises NoEngineError, NotAllowedError, WireError.
    """
    async with exchange(path, "GET", "/watch" if with_samples else "/watch?samples=0") as answer:
        try:
            await expect_ok(path, answer)
        except RefusedError as error:
            raise wire.other_version("") from error
        yield Updates(answer)
