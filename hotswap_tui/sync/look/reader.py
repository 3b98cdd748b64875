"""One look at the pair: what carries writes from one database to the other, and how far it is behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from hotswap_tui.core.sync import SHOWN, SchemaDrift, SyncReading, aged
from hotswap_tui.core.values import Role
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.dossier.dossier import examine
from hotswap_tui.sync.dossier.taking import taker
from hotswap_tui.sync.handover.sequences import drift
from hotswap_tui.sync.look import contents, slots
from hotswap_tui.sync.look.asked import Asked
from hotswap_tui.sync.look.facts import read_facts
from hotswap_tui.sync.look.flows import Ends, flow
from hotswap_tui.sync.look.looking import measured
from hotswap_tui.sync.look.relation import links, relation
from hotswap_tui.sync.look.rows import estimates, not_carried, read_tables, write_rate
from hotswap_tui.sync.look.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from hotswap_tui.core.sync import Flow, Mark, Slot
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.known import Known
    from hotswap_tui.sync.look.facts import Facts
    from hotswap_tui.sync.look.measuring import Measured
    from hotswap_tui.sync.look.relation import Link
    from hotswap_tui.sync.look.rows import Tables

    _Read = Callable[[Role, Asked], Awaitable[None]]

TIMEOUT_S: Final = 5.0
SCHEMA_EVERY: Final = 10
"""Looks at both databases from one comparison of their schemas to the next."""
SLEPT_S: Final = 1.0
"""A computer's sleep of that length counts."""


class Question(Protocol):
    """What `engine.ports.SyncQuestion` says."""

    @property
    def active(self) -> Role:
        """Which database serves."""
        ...

    @property
    def ask(self) -> frozenset[Role]:
        """Which may be asked now."""
        ...

    @property
    def mark(self) -> Mark | None:
        """Where the secondary stood when traffic was moved to it."""
        ...


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class PairReader:
    """Look at both databases; nothing stays open between two looks, so that a cloud database may sleep."""

    def __init__(
        self,
        dsns: Mapping[Role, Dsn],
        known: Known,
        *,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = _loop_time,
        suspended_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Prepare; nothing is opened. `timeout_s` is the most that one question takes, a look takes three times that.

        `suspended_s` tells how long this computer has slept since it was started, which `clock` does not count.
        """
        self._dsns = dict(dsns)
        self._known = known
        self._timeout_s = timeout_s
        self._clock = clock
        self._suspended_s = suspended_s
        self._slept_s = suspended_s()
        self._facts: dict[Role, Facts] = {}
        self._links: tuple[Link, ...] = ()
        self._trails = {role: Trail() for role in Role}
        self._slots: dict[Role, tuple[Slot, ...]] = {}
        self._schemas = contents.Schemas()
        self._since_schema = SCHEMA_EVERY
        self._reading = SyncReading(0.0)
        self._mark: Mark | None = None
        """Of the stay on the secondary that the last dossier is about."""
        self._open: set[Asked] = set()

    async def read(self, question: Question) -> SyncReading:
        """Return what was found out; never raise for what a server or network does.

        What could not be asked now stays as it was, with its own moment.
        """
        self._notice_sleep()
        deadline_s = asyncio.get_running_loop().time() + 3 * self._timeout_s
        asked = {
            role: Asked(self._dsns[role], self._timeout_s, deadline_s)
            for role in Role
            if role in question.ask and role in self._dsns
        }
        self._open.update(asked.values())
        try:
            await self._look(question, asked)
        finally:
            for one in asked.values():
                await one.aclose()
                self._open.discard(one)
        self._notice_sleep()
        return self._reading

    def _notice_sleep(self) -> None:
        """Make what is known as old as it is after a sleep, in which sources went on; where they stood when is forgotten."""
        slept_s = self._suspended_s() - self._slept_s
        if slept_s >= SLEPT_S:
            self._slept_s += slept_s
            self._trails = {role: Trail() for role in Role}
            self._reading = aged(self._reading, slept_s)

    async def aclose(self) -> None:
        """Close every connection that a look still has."""
        for one in tuple(self._open):
            await one.aclose()

    async def _look(self, question: Question, asked: Mapping[Role, Asked]) -> None:
        before = dict(self._facts)
        await _each(asked, self._read_facts)
        answered = {role: one for role, one in asked.items() if not one.error}
        self._links = links(self._facts, question.active, self._links)
        self._known.relation = relation(self._facts, self._links)
        if primary := self._facts.get(Role.PRIMARY):
            self._known.takers = _takers(primary)
        distances = await self._measure(answered)
        tables = await self._read_tables(answered)
        await _each(answered, self._read_slots(before))
        reading = replace(
            self._reading,
            read_s=self._clock(),
            relation=self._known.relation,
            flows=self._flows(distances, before, answered, tables),
            slots=tuple(slot for role in Role for slot in self._slots.get(role, ())),
            write_rate=self._write_rate(question.active, before, answered),
            primary_error=_error(asked, Role.PRIMARY),
            secondary_error=_error(asked, Role.SECONDARY),
        )
        reading = _with_rows(reading, tables)
        reading = await self._with_sequences(reading, answered, question.active)
        reading = await self._with_schema(reading, answered)
        self._reading = await self._with_dossier(reading, answered, question)

    async def _read_facts(self, role: Role, one: Asked) -> None:
        self._facts[role] = await read_facts(one.rows, self._clock())

    async def _measure(self, answered: Mapping[Role, Asked]) -> list[Measured | None]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(measured(link, answered, self._facts, self._trails[link.source], self._clock))
                for link in self._links
            ]
        return [task.result() for task in tasks]

    async def _read_tables(self, answered: Mapping[Role, Asked]) -> dict[Role, Tables]:
        found: dict[Role, Tables] = {}

        async def take(role: Role, one: Asked) -> None:
            found[role] = await read_tables(one.rows, self._publications(role))

        await _each(answered, take)
        return found

    def _publications(self, source: Role) -> tuple[str, ...]:
        taken = (link.subscription for link in self._links if link.source is source)
        return tuple(name for subscription in taken if subscription is not None for name in subscription.publications)

    def _read_slots(self, before: Mapping[Role, Facts]) -> _Read:
        async def take(role: Role, _: Asked) -> None:
            now = self._facts[role]
            left = await asyncio.to_thread(slots.disk_left, now.server) if now.slots else None
            self._slots[role] = slots.held(role, now, before.get(role), left)

        return take

    def _flows(
        self,
        distances: list[Measured | None],
        before: Mapping[Role, Facts],
        answered: Mapping[Role, Asked],
        tables: Mapping[Role, Tables],
    ) -> tuple[Flow, ...]:
        told = []
        for link, distance in zip(self._links, distances, strict=True):
            source, target = link.source, link.target
            ends = Ends(
                self._facts[source], self._facts[target], source in answered, target in answered, before.get(target)
            )
            missing = None
            if link.subscription is not None and source in tables:
                missing = not_carried(tables[source], link.subscription)
            told.append(flow(link, ends, distance, missing, self._reading.flow(source)))
        return tuple(told)

    def _write_rate(self, active: Role, before: Mapping[Role, Facts], answered: Mapping[Role, Asked]) -> float | None:
        return write_rate(self._facts[active], before.get(active)) if active in answered else None

    async def _with_sequences(self, reading: SyncReading, answered: Mapping[Role, Asked], active: Role) -> SyncReading:
        if reading.relation in contents.ALIKE:
            return replace(reading, sequences_behind=0, sequences=())

        async def take(role: Role, one: Asked) -> None:
            if (found := await contents.sequences_of(one)) is not None:
                self._known.sequences[role] = found

        await _each(answered, take)
        known = self._known.sequences
        if len(known) < len(Role):
            return reading
        behind = drift(known[active], known[active.other])
        return replace(reading, sequences_behind=len(behind), sequences=behind[:SHOWN])

    async def _with_schema(self, reading: SyncReading, answered: Mapping[Role, Asked]) -> SyncReading:
        if reading.relation in contents.ALIKE:
            return replace(reading, schema=SchemaDrift(0, (), reading.read_s))
        if len(answered) < len(Role):
            return reading
        self._since_schema += 1
        if self._since_schema < SCHEMA_EVERY and reading.schema is not None:
            return reading
        found = await self._schemas.compare(answered, reading.read_s)
        if found is None:
            return reading
        self._since_schema = 0
        return replace(reading, schema=found)

    async def _with_dossier(
        self, reading: SyncReading, answered: Mapping[Role, Asked], question: Question
    ) -> SyncReading:
        if question.active is not Role.SECONDARY:
            return replace(reading, dossier=None)
        if question.mark != self._mark:  # what was found out about an earlier stay there says nothing
            self._mark, reading = question.mark, replace(reading, dossier=None)
        secondary, primary = answered.get(Role.SECONDARY), answered.get(Role.PRIMARY)
        if secondary is None:
            return reading
        try:
            dossier = await examine(
                secondary.inspection,
                None if primary is None else primary.inspection,
                question.mark,
                reading.flows,
                read_s=reading.read_s,
                timeout_s=secondary.left_s,
            )
        except InspectionError as error:
            return replace(reading, secondary_error=reading.secondary_error or str(error))
        return replace(reading, dossier=dossier)


async def _each(asked: Mapping[Role, Asked], read: _Read) -> None:
    """Let `read` ask each database, all at once; one that fails is marked as such."""

    async def guarded(role: Role, one: Asked) -> None:
        try:
            await read(role, one)
        except InspectionError as error:
            one.error = one.error or str(error)

    async with asyncio.TaskGroup() as group:
        for role, one in asked.items():
            group.create_task(guarded(role, one))


def _takers(facts: Facts) -> str:
    return " ".join(taker(facts.identifier, subscription.oid) for subscription in facts.subscriptions)


def _error(asked: Mapping[Role, Asked], role: Role) -> str:
    return asked[role].error if role in asked else ""


def _with_rows(reading: SyncReading, tables: Mapping[Role, Tables]) -> SyncReading:
    if len(tables) < len(Role):
        return reading
    found = estimates(tables[Role.PRIMARY], tables[Role.SECONDARY])
    if reading.relation in contents.PHYSICAL:  # a standby has no statistics to compare, and the rows come by themselves
        return replace(reading, primary_rows=None, secondary_rows=None, tables=())
    return replace(reading, primary_rows=found.primary, secondary_rows=found.secondary, tables=found.tables)
