"""What replication means for a migration: which database goes first, what has to arrive before, and what it does not carry after.

Logical replication carries no DDL (PostgreSQL's manual, "Logical Replication: Restrictions"), and a row is applied to the table as the
target has it then. The database that writes goes first: what it writes in the new form waits until the other one has the change,
and then goes on by itself. The other way round, rows on their way in the old form meet a dropped column or a new NOT NULL, and
would never fit again.
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Role
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.handover import HandoverError
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.books import MIGRATION_BOOKS
from hotswap_tui.sync.handover.catching_up import catch_up
from hotswap_tui.sync.quoting import literal
from hotswap_tui.sync.schema.catalogue import TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from hotswap_tui.dsn import Dsn

_QUERY: Final = Template(
    (resources.files("hotswap_tui.sync") / "sql" / "migration_tables.sql").read_text(encoding="utf-8")
).substitute(books=", ".join(map(literal, sorted(MIGRATION_BOOKS))))
_STANDBY: Final = "SELECT pg_catalog.pg_is_in_recovery()"
_ARRIVES_S: Final = 10.0
"""What the other database gets to take what was written before."""


@dataclass(frozen=True, slots=True)
class Side:
    """One database."""

    standby: bool
    """In recovery, and so not to be migrated."""
    subscribes: bool
    books: str
    """Tables of migration tools that it publishes, cleaned."""
    untaken: frozenset[str]
    """Tables that no subscription brings rows for, cleaned."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Both."""

    of: Mapping[Role, Side]

    @property
    def two_way(self) -> bool:
        """Say whether both take writes of the other."""
        return all(side.subscribes for side in self.of.values())

    @property
    def replicate(self) -> bool:
        """Say whether either does."""
        return any(side.subscribes for side in self.of.values())

    @property
    def books(self) -> str:
        """Name the tables of migration tools that are carried; mostly empty.

        The run for the other database would find everything done, or its own notes would stop replication.
        """
        found = [side.books for role, side in self.of.items() if side.books and self.of[role.other].subscribes]
        return ", ".join(dict.fromkeys(found))

    def order(self, serves: Role | None) -> list[Role]:
        """Return which to migrate, in order: who is written first, by replication or as `serves` says."""
        first = serves if self.two_way and serves is not None else Role.PRIMARY
        if not self.two_way and self.of[Role.PRIMARY].subscribes:
            first = Role.SECONDARY
        return [role for role in (first, first.other) if not self.of[role].standby]

    def new_tables(self, before: Sides) -> list[str]:
        """Return the tables that have come since `before`, and that replication does not carry yet."""
        found = [
            side.untaken - before.of[role].untaken
            for role, side in self.of.items()
            if side.subscribes and not side.standby
        ]
        return sorted(frozenset().union(*found))


async def read_sides(primary: Dsn, secondary: Dsn) -> Sides:
    """Ask both; raises InspectionError, which names the database."""
    async with _opened(primary, secondary) as pair:
        return Sides({role: await _side(role, inspection) for role, inspection in pair.items()})


async def arrived(primary: Dsn, secondary: Dsn, source: Role) -> str:
    """Wait until the other database has what `source` has committed; return why it has not, empty when it has."""
    async with _opened(primary, secondary) as pair:
        try:
            await catch_up(pair.__getitem__, source, source.other, _ARRIVES_S, lambda _: None)
        except HandoverError as error:
            return clean(str(error))
    return ""


async def _side(role: Role, inspection: PostgresInspection) -> Side:
    try:
        ((standby,),) = await inspection.rows(_STANDBY, TIMEOUT_S)
        ((subscribes, books, untaken),) = await inspection.rows(_QUERY, TIMEOUT_S)
    except InspectionError as error:
        raise InspectionError(f"{role}: {error}") from error
    names = json.loads(untaken) if untaken else []
    return Side(standby == "t", subscribes == "t" and standby != "t", clean(books or ""), frozenset(map(clean, names)))


@asynccontextmanager
async def _opened(primary: Dsn, secondary: Dsn) -> AsyncIterator[dict[Role, PostgresInspection]]:
    pair = {Role.PRIMARY: PostgresInspection(primary), Role.SECONDARY: PostgresInspection(secondary)}
    try:
        yield pair
    finally:
        for one in pair.values():
            await one.aclose()
