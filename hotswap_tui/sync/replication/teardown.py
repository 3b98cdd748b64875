"""Undo a setup: both subscriptions, their slots and the publications, as far as the servers can be reached."""

from __future__ import annotations

import time
from contextlib import ExitStack
from importlib import resources
from typing import TYPE_CHECKING, Final, Self

from hotswap_tui.core.values import Role
from hotswap_tui.sync.connecting import connect, deadline, explained
from hotswap_tui.sync.errors import SyncError
from hotswap_tui.sync.quoting import identifier, literal
from hotswap_tui.sync.replication import statements
from hotswap_tui.sync.replication.found import Found, find
from hotswap_tui.sync.replication.ways import ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.replication.statements import Connection, Statement
    from hotswap_tui.sync.replication.ways import Way

_SLOTS: Final = (resources.files("hotswap_tui.sync") / "sql" / "teardown_slots.sql").read_text(encoding="utf-8")
_IN_USE: Final = "SELECT 1 FROM pg_catalog.pg_replication_slots WHERE active AND slot_name = %s"
_RELEASED_S: Final = 20.0
"""A slot is in use until its sender notices that the subscription has gone."""
_ANSWER_S: Final = 60.0
_POLL_S: Final = 0.1


class Teardown:
    """What there is of both ways. A context manager; every method raises SyncError."""

    def __init__(self, primary: Dsn, secondary: Dsn) -> None:
        there, back = ways(primary, secondary, two_way=True)
        self.ways = (back, there)
        self._dsns = {Role.PRIMARY: primary, Role.SECONDARY: secondary}
        self.unreached: dict[Role, str] = {}
        """Servers that cannot be asked, and why."""
        self._stack = ExitStack()
        self._connections: dict[Role, Connection] = {}
        self._oids: dict[Way, int] = {}
        """Of subscriptions that have been seen: the slots of tables that were being copied are named after them."""

    def __enter__(self) -> Self:
        for role, dsn in self._dsns.items():
            try:
                self._connections[role] = self._stack.enter_context(
                    connect(dsn, application_name="hotswap-tui teardown")
                )
            except SyncError as error:
                self.unreached[role] = str(error)
        if len(self.unreached) == len(self._dsns):
            self._stack.close()
            raise SyncError(f"neither server can be reached: {'; '.join(self.unreached.values())}")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def planned(self) -> list[Statement]:
        """Return what is to run on the servers that can be asked; nothing when there is nothing of it."""
        with explained(*self._dsns.values()), ExitStack() as stack:
            for connection in self._connections.values():
                stack.enter_context(deadline(connection, _ANSWER_S))
            return [step for way in self.ways for step in self._of_way(way)]

    def run(self, tell: Callable[[Statement], None]) -> int:
        """Run it, each statement told before; return how many were run. The way back goes first."""
        done = 0
        for step in self.planned():
            tell(step)
            try:
                self._await_released(step)
                statements.run(self._connections[step.role], step, self._dsns.values())
            except SyncError as error:
                raise SyncError(
                    f"{error}; {done} statements have been run, run the same command again to go on"
                ) from None
            done += 1
        return done

    def left_behind(self) -> Iterator[tuple[Role, str, str]]:
        """Yield what may be left on servers that could not be reached: where, the statement that removes it, and why it matters."""
        for way in self.ways:
            if way.target in self.unreached:
                name = identifier(way.subscription)
                undo = f"ALTER SUBSCRIPTION {name} DISABLE; ALTER SUBSCRIPTION {name} SET (slot_name = NONE); DROP SUBSCRIPTION {name};"
                yield way.target, undo, "a subscription without its slot tries to connect for ever"
            if way.source in self.unreached:
                undo = f"{self._slots_of(way)}; DROP PUBLICATION IF EXISTS {identifier(way.publication)};"
                yield way.source, undo, "a slot that nobody reads keeps write-ahead log until the disk is full"

    def _slots_of(self, way: Way) -> str:
        """Return what drops all slots of a way, whichever of them there are."""
        copying = f" OR starts_with(slot_name::text, 'pg_{self._oids[way]}_sync_')" if way in self._oids else ""
        condition = f"slot_name = {literal(way.slot)}{copying}"
        return f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE {condition}"  # noqa: S608 - quoted

    def _of_way(self, way: Way) -> Iterator[Statement]:
        source, target = self._connections.get(way.source), self._connections.get(way.target)
        found = find(way, source, target)
        if found.subscription is not None:
            self._oids[way] = found.subscription.oid
        yield from _subscription(way, found)
        if source is not None:
            yield from self._on_source(way, found, source)

    def _on_source(self, way: Way, found: Found, source: Connection) -> Iterator[Statement]:
        subscription = found.subscription
        # A subscription that was made by hand may have a slot of another name.
        names = {way.slot, (subscription.slot if subscription else None) or way.slot}
        oid = str(subscription.oid) if subscription else ""
        rows = source.execute(_SLOTS.encode(), {"names": sorted(names), "oid": oid}).fetchall()
        yield from (statements.drop_slot(way.source, name) for (name,) in rows)
        if found.publication is not None:
            yield statements.drop_publication(way)

    def _await_released(self, step: Statement) -> None:
        """Wait until the slot that is to be dropped is in nobody's use any more, but not for ever."""
        if not step.drops_slot:
            return
        connection = self._connections[step.role]
        ends_s = time.monotonic() + _RELEASED_S
        with explained(self._dsns[step.role]), deadline(connection, _ANSWER_S):
            while connection.execute(_IN_USE.encode(), (step.drops_slot,)).fetchone() and time.monotonic() < ends_s:
                time.sleep(_POLL_S)


def _subscription(way: Way, found: Found) -> Iterator[Statement]:
    """Yield how a subscription goes without asking its source, which may be dead: its slot is dropped there afterwards."""
    if found.subscription is None:
        return
    if found.subscription.enabled:
        yield statements.alter_subscription(way, "DISABLE")
    if found.subscription.slot is not None:
        yield statements.alter_subscription(way, "SET (slot_name = NONE)")
    yield statements.drop_subscription(way)
