"""The ways by which one server's writes reach another, and what is missing there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Final, Protocol

from hotswap_tui.core.text import clean
from hotswap_tui.routing.handover import HandoverError
from hotswap_tui.sync import lsn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.values import Role
    from hotswap_tui.routing.inspection import Inspection

_SQL: Final = resources.files("hotswap_tui.sync") / "sql"
_TARGET: Final = (_SQL / "link_target.sql").read_text(encoding="utf-8")
_SOURCE: Final = (_SQL / "link_source.sql").read_text(encoding="utf-8")
_APPLIED: Final = (_SQL / "applied.sql").read_text(encoding="utf-8")
_REPLAYED: Final = "SELECT pg_catalog.pg_last_wal_replay_lsn()"


class Link(Protocol):
    """A way by which the source's writes reach the target."""

    trouble: str
    """Why it may be that nothing comes, as seen last; empty when nothing shows one."""

    async def missing(self, place: int, timeout_s: float) -> int:
        """Return how many bytes are missing up to `place`, 0 when all before it is seen there; raises InspectionError."""
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """A link, and which place of the source has to be reached; None: nobody can have written there."""

    link: Link
    place: int | None


async def find(inspect: Callable[[Role], Inspection], source: Role, target: Role, timeout_s: float) -> Way:
    """Return how the writes of `source` reach `target`, and the place behind all that is committed now.

    One round trip to both, two where the target is in recovery. Raises HandoverError where nothing leads there, InspectionError.
    """
    before, own = await asyncio.gather(
        inspect(source).rows(_SOURCE, timeout_s), inspect(target).rows(_TARGET, timeout_s)
    )
    place = None if before[0][1] is None else lsn.place(before[0][1])
    if own[0][0] == "t":
        await _see_one_server(inspect, source, target, timeout_s)
        return Way(_Standby(inspect(target)), place)
    return Way(_Subscriptions(inspect(source), inspect(target), _fed(before, own, source, target)), place)


async def _see_one_server(inspect: Callable[[Role], Inspection], source: Role, target: Role, timeout_s: float) -> None:
    """Raise HandoverError unless the standby `target` is one of `source`."""
    identities = await asyncio.gather(inspect(source).identify(timeout_s), inspect(target).identify(timeout_s))
    first, second = (each.system_identifier for each in identities)
    if first is None or second is None:
        raise HandoverError(f"whether {target} is a standby of {source} is not told to this role")
    if first != second:
        raise HandoverError(f"{target} is a standby, but not of {source}")


def _fed(
    before: Sequence[Sequence[str | None]], own: Sequence[Sequence[str | None]], source: Role, target: Role
) -> dict[str, str]:
    """Return the target's subscriptions that are fed by slots of the source, with their slots."""
    slots = {row[2] for row in before if row[2] is not None}
    fed = {}
    for _, name, slot, enabled, copying in own:
        if name is None or slot is None or slot not in slots:
            continue
        if enabled != "t":
            raise HandoverError(f"the subscription {clean(name)} on {target} is disabled")
        if copying != "0":
            raise HandoverError(f"the subscription {clean(name)} still copies its tables: {copying} not ready")
        fed[name] = slot
    if not fed:
        raise HandoverError(f"no replication leads from {source} to {target}")
    return fed


@dataclass(slots=True)
class _Standby:
    """Physical replication."""

    target: Inspection
    trouble: str = ""

    async def missing(self, place: int, timeout_s: float) -> int:
        """See how far it has replayed."""
        ((replayed,),) = await self.target.rows(_REPLAYED, timeout_s)
        return max(0, place - (lsn.place(replayed) if replayed is not None else 0))


@dataclass(slots=True)
class _Subscriptions:
    """Logical replication, by one subscription or several."""

    source: Inspection
    target: Inspection
    fed: dict[str, str]
    trouble: str = ""
    _confirmed: dict[str, int] = field(default_factory=dict)

    async def missing(self, place: int, timeout_s: float) -> int:
        """See how far the worker has come, and what the slot has been told; either proves it.

        The slot's confirmation waits for the target's disk, two rounds of its wal_writer_delay: 0.2 to 0.4 s where the worker's
        own place is seen after 1 to 5 ms.
        """
        slots, applied = await asyncio.gather(
            self.source.rows(_SOURCE, timeout_s), self.target.rows(_APPLIED, timeout_s)
        )
        come = {name: lsn.place(at) for name, at in applied if name is not None and at is not None}
        confirmed = {row[2]: (lsn.place(row[3] or "0/0"), row[4] == "t") for row in slots}
        reached = []
        self.trouble = ""
        for name, slot in self.fed.items():
            at, active = confirmed.get(slot, (0, False))
            reached.append(max(at, come.get(name, 0) if active else 0))
            if not active:
                self.trouble = f"the subscription {clean(name)} is not connected"
        return max(0, place - min(reached))
