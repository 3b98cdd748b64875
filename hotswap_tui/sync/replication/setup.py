"""Logical replication between the two databases, set up: look at everything, run what is missing, wait for the copy.

What there is stands in the servers' catalogues alone, so that any interruption is followed by running it again.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from hotswap_tui.core.values import Role
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.connecting import connect, deadline, explained
from hotswap_tui.sync.errors import SyncError
from hotswap_tui.sync.replication import requirements, statements, table_requirements
from hotswap_tui.sync.replication.found import Found, find
from hotswap_tui.sync.replication.progress import Progress, left_s, read_progress, read_sizes
from hotswap_tui.sync.replication.reach import may_publish_all, prove_reachable
from hotswap_tui.sync.replication.requirement import Level, Requirement
from hotswap_tui.sync.replication.servers import filled, read_server, unreadable
from hotswap_tui.sync.replication.steps import Pair, Wanted, copies_nothing, copying, next_steps
from hotswap_tui.sync.replication.ways import ways
from hotswap_tui.sync.schema.schema_pair import compared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.replication.servers import ServerFacts
    from hotswap_tui.sync.replication.statements import Connection, Statement, Table
    from hotswap_tui.sync.replication.ways import Way

_MOST_ROUNDS: Final = 10
_LOOK_S: Final = 0.5
_ANSWER_S: Final = 60.0
"""For all questions of one look."""
_IDLE_S: Final = 20.0
"""A subscription whose worker is missing for so long has none; the server starts one every wal_retrieve_retry_interval."""
_FAILURES: Final = 2
"""One failure may be a passing one; the copy is tried again by itself."""


class Setup:
    """Both servers, what is there, and what is to be. A context manager; every method raises SyncError."""

    def __init__(
        self,
        primary: Dsn,
        secondary: Dsn,
        from_secondary: Dsn | None = None,
        *,
        two_way: bool = False,
        copy: bool = True,
    ) -> None:
        self.ways = ways(primary, secondary, from_secondary, two_way=two_way)
        self._dsns = {Role.PRIMARY: primary, Role.SECONDARY: secondary}
        self._secret = tuple(dsn for dsn in (primary, secondary, from_secondary) if dsn is not None)
        self._copy = copy
        self._stack = ExitStack()
        self._connections: dict[Role, Connection] = {}
        self._servers: dict[Role, ServerFacts] = {}
        self._all_tables: dict[Role, bool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def examine(self) -> list[Requirement]:
        """Return everything that was found, the worst that can be said about each; nothing is changed anywhere."""
        unreached = list(self._open())
        if unreached:
            return unreached
        with self._asking():
            self._servers = {role: read_server(role, connection) for role, connection in self._connections.items()}
            found = {way.source: self._find(way) for way in self.ways}
            told = list(requirements.of_servers(self._servers, self.ways, found))
            for way in self.ways:
                told += self._of_way(way, found[way.source])
        told += self._compared()
        return told + [self._reached(way) for way in self.ways if self._may_try(way)]

    def planned(self) -> list[Statement]:
        """Return what would run, in order."""
        pair = self._pair()
        first = next_steps(pair)
        if pair.back is None or pair.found_back is None:
            return first
        begun = statements.alter_subscription(pair.back.way, "ENABLE")
        subscription = pair.found_back.subscription
        waits = subscription is None or not subscription.enabled
        return [*first, begun] if waits and begun not in first else first

    def advance(self, tell: Callable[[Statement], None]) -> bool:
        """Run what is missing, each statement told before; return whether a copy has to be complete before the rest."""
        done = 0
        for _ in range(_MOST_ROUNDS):
            pair = self._pair()
            steps = next_steps(pair)
            if not steps:
                return copying(pair)
            for step in steps:
                tell(step)
                # A TRUNCATE, the remedy, must not come back: a subscription takes a table when it is seen empty, a slot can be moved.
                if step.begins_back and not step.is_slot:
                    self._see_empty(done)
                self._run(step, done)
                done += 1
                if step.begins_back and step.is_slot:
                    self._see_empty(done)
        raise SyncError("the servers do not keep what was set up; somebody else seems to change it at the same time")

    def watch(self) -> Iterator[Progress]:
        """Yield how far the copy is, twice a second, until every table is ready; raises SyncError where it cannot get there."""
        way, target = self.ways[0], self._connections[Role.SECONDARY]
        with self._asking():
            subscription = self._find(way).subscription
            sizes = read_sizes(way, self._connections[way.source])
            if subscription is None:
                raise SyncError(f"there is no subscription {way.subscription} on the {way.target}")
            watch = _Watch(way, read_progress(subscription.oid, target, sizes))
        while True:
            try:
                with self._asking():
                    now = read_progress(subscription.oid, target, sizes)
            except SyncError as error:
                raise SyncError(
                    f"{error}; the copy goes on by itself when both servers live: hotswap-tui sync status"
                ) from None
            yield watch.told(now)
            if now.complete:
                return
            time.sleep(_LOOK_S)

    def _open(self) -> Iterator[Requirement]:
        for role, dsn in self._dsns.items():
            try:
                self._connections[role] = self._stack.enter_context(connect(dsn, application_name="hotswap-tui setup"))
            except SyncError as error:
                yield Requirement(Level.PROBLEM, role, f"cannot be reached: {error}", "hotswap-tui check looks closer")

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Give what is inside a deadline on both servers, and its errors words."""
        with explained(*self._secret), ExitStack() as stack:
            for connection in self._connections.values():
                stack.enter_context(deadline(connection, _ANSWER_S))
            yield

    def _may_try(self, way: Way) -> bool:
        """Say whether a trial could tell more than what is known already."""
        source, target = self._servers[way.source], self._servers[way.target]
        refused = not source.may_replicate and way.route.user == way.source_dsn.user
        unwritable = any(server.in_recovery or server.read_only for server in (source, target))
        return not (refused or unwritable or target.pooled or source.pooled or not source.may_create)

    def _of_way(self, way: Way, found: Found) -> Iterator[Requirement]:
        source, target = self._servers[way.source], self._servers[way.target]
        self._all_tables[way.source] = all_tables = self._publishes_all(way, found)
        books = self._books()
        yield from table_requirements.of_scope(source, way, all_tables=all_tables, found=found, books=books)
        yield from table_requirements.of_tables(source, target, all_tables=all_tables)
        yield from table_requirements.of_found(way, found)
        if not way.back and self._copy:
            yield from table_requirements.of_rows(way, self._in_the_way(way, found), self._taken_back())
            carried = {t.table for t in source.carried(all_tables=all_tables)}
            refused = unreadable(self._connections[way.source], way.route.login_user())
            yield from table_requirements.of_reading(way, [table for table in refused if table in carried])

    def _in_the_way(self, way: Way, found: Found) -> tuple[Table, ...]:
        """Return the tables that are to be copied, and have rows on the target already."""
        source, target = self._servers[way.source], self._servers[way.target]
        known = found.subscription.tables if found.subscription and not copies_nothing(found) else frozenset()
        theirs = {t.table for t in target.tables}
        carried = source.carried(all_tables=self._all_tables[way.source])
        new = (t.table for t in carried if t.table in theirs and t.table not in known)
        return filled(self._connections[way.target], tuple(new))

    def _taken_back(self) -> frozenset[Table]:
        """Return the tables of which the primary takes what is done on the secondary."""
        back = ways(self._dsns[Role.PRIMARY], self._dsns[Role.SECONDARY], two_way=True)[1]
        subscription = find(back, None, self._connections[Role.PRIMARY]).subscription
        return subscription.tables if subscription else frozenset()

    def _see_empty(self, done: int) -> None:
        """Raise SyncError for rows that were written on the secondary since it was looked at: they would never reach the primary."""
        if not self._copy:
            return
        with self._asking():
            rows = list(
                table_requirements.of_rows(self.ways[0], self._in_the_way(self.ways[0], self._find(self.ways[0])))
            )
        if rows:
            raise SyncError(
                f"{rows[0].text}, written since it was looked at, some before the way back began: stop what writes there, and "
                f"{rows[0].fix}; {_so_far(done)}"
            )

    def _publishes_all(self, way: Way, found: Found) -> bool:
        """Say whether the publication is to be, or has to stay, of all tables."""
        source, publication = self._servers[way.source], found.publication
        if publication is not None:
            return publication.all_tables and not (self._books() and publication.owned)
        if self._books() or source.in_recovery or source.read_only:
            return False
        return may_publish_all(self._connections[way.source], way)

    def _books(self) -> tuple[Table, ...]:
        """Return the tables of migration tools on either server, which neither is to publish."""
        return tuple(sorted({table for server in self._servers.values() for table in server.books()}))

    def _compared(self) -> Iterator[Requirement]:
        try:
            found = asyncio.run(compared(self._dsns[Role.PRIMARY], self._dsns[Role.SECONDARY]))
        except InspectionError as error:
            raise SyncError(f"the schemas cannot be compared: {error}") from None
        return table_requirements.of_schema([str(difference) for difference in found])

    def _reached(self, way: Way) -> Requirement:
        try:
            with explained(*self._secret):
                prove_reachable(way, self._connections[way.source], self._connections[way.target])
        except SyncError as error:
            sentence, _, fix = str(error).rpartition("; ")
            return Requirement(Level.PROBLEM, way.target, sentence or str(error), fix if sentence else "")
        return Requirement(
            Level.OK, way.target, f"its server reaches the {way.source} by {way.variable}, and may subscribe"
        )

    def _pair(self) -> Pair:
        with self._asking():
            found = [self._find(way) for way in self.ways]
        wanted = [self._wanted(way) for way in self.ways]
        if len(self.ways) == 1:
            return Pair(wanted[0], found[0])
        return Pair(wanted[0], found[0], replace(wanted[1], copy=False), found[1])

    def _wanted(self, way: Way) -> Wanted:
        tables = None if self._all_tables[way.source] else self._servers[way.source].listed()
        return Wanted(way, tables, self._books(), self._copy, min(server.major for server in self._servers.values()))

    def _find(self, way: Way) -> Found:
        return find(way, self._connections[way.source], self._connections[way.target])

    def _run(self, step: Statement, done: int) -> None:
        try:
            statements.run(self._connections[step.role], step, self._secret)
        except SyncError as error:
            raise SyncError(f"{error}; {_so_far(done)}") from None


class _Watch:
    """Notice what keeps a copy from ever being complete."""

    def __init__(self, way: Way, first: Progress) -> None:
        self._way = way
        self._first = first
        self._begun_s = self._worked_s = time.monotonic()

    def told(self, now: Progress) -> Progress:
        """Return `now` with the time that is left; raises SyncError."""
        at_s = time.monotonic()
        if now.working:
            self._worked_s = at_s
        elif at_s - self._worked_s > _IDLE_S and not now.complete:
            raise SyncError(
                f"no worker of subscription {self._way.subscription} runs on the {self._way.target}: its log says why (often the way "
                "to the other server, its password, or max_logical_replication_workers); it is tried again by itself"
            )
        if now.errors - self._first.errors >= _FAILURES:
            raise SyncError(
                f"the copy fails again and again ({now.errors - self._first.errors} times; not ready: "
                f"{', '.join(now.waiting[:3])}): the {self._way.target}'s log says why, rows that were there before, most often; "
                "hotswap-tui sync teardown ends it, then empty the tables and begin again"
            )
        return replace(now, left_s=left_s(self._first, now, at_s - self._begun_s))


def _so_far(done: int) -> str:
    have = (
        "nothing has been done"
        if not done
        else "1 statement has been run"
        if done == 1
        else f"{done} statements have been run"
    )
    return f"{have}; run the same command again to go on, or hotswap-tui sync teardown to undo"
