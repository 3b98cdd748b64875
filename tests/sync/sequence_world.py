"""A database on two servers that share nothing, for the tests of sequences."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import psycopg
from pydantic import SecretStr

from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.sync.handover.handover import PairHandover
from hotswap_tui.sync.handover.sequences import read_sequences
from hotswap_tui.sync.known import Known

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from hotswap_tui.routing.handover import Secured
    from tests.support.clusters import ServerPair

LIMIT_S = 10.0
GAP = 1000


class Both:
    """A database of these tests on both servers."""

    def __init__(self, pair: ServerPair) -> None:
        self.servers = dict(zip(Role, pair, strict=True))

    def url(self, role: Role, *, superuser: bool = False) -> str:
        """Return the application's URL, or the superuser's."""
        server = self.servers[role]
        return f"{(server.superuser_url if superuser else server.url).rpartition('/')[0]}/sequences"

    def run(self, role: Role, *statements: str, superuser: bool = False) -> None:
        """Run these one by one."""
        with psycopg.connect(self.url(role, superuser=superuser), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def value(self, role: Role, query: str) -> int:
        """Return the one number that `query` gives."""
        with psycopg.connect(self.url(role), autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            return int(row[0])

    @asynccontextmanager
    async def inspections(self) -> AsyncIterator[dict[Role, PostgresInspection]]:
        """Give what a switch asks them with."""
        opened = {role: PostgresInspection(parse(SecretStr(self.url(role)))) for role in Role}
        yield opened
        for each in opened.values():
            await each.aclose()


@contextmanager
def both_with(pair: ServerPair, schema: str) -> Iterator[Both]:
    """Make the database with `schema` on both servers, dropped afterwards."""
    for server in pair:
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS sequences WITH (FORCE)")
            connection.execute("CREATE DATABASE sequences TEMPLATE template0")
            connection.execute("ALTER DATABASE sequences OWNER TO ccfinapp")
    both = Both(pair)
    for role in Role:
        both.run(role, schema)
    yield both
    for server in pair:
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE sequences WITH (FORCE)")


def secure(both: Both, known: Known, *, alive: bool, timeout_s: float = LIMIT_S) -> Secured:
    """Do what a switch from the secondary to the primary does before clients come."""

    async def work() -> Secured:
        async with both.inspections() as opened:
            handover = PairHandover(known, GAP, lambda: 0.0)
            return await handover.secure(
                opened.__getitem__, Role.SECONDARY, Role.PRIMARY, timeout_s, sequences=True, alive=alive
            )

    return asyncio.run(work())


def looked_at(both: Both) -> Known:
    """Return what a look at the secondary would know of its sequences now."""

    async def work() -> Known:
        async with both.inspections() as opened:
            return Known({Role.SECONDARY: await read_sequences(opened[Role.SECONDARY], LIMIT_S)})

    return asyncio.run(work())
