"""Two servers that setup and teardown may change, a fresh database on both for each case."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg

from hotswap_tui.core.values import Role
from hotswap_tui.demo.servers import ROLE, SUPERUSER
from hotswap_tui.dsn import Dsn, parse
from hotswap_tui.dsn.secret import SecretStr
from hotswap_tui.sync.replication.setup import Setup
from hotswap_tui.sync.replication.teardown import Teardown
from tests.support.replicated import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.demo.servers import Server
    from hotswap_tui.sync.replication.statements import Statement
    from tests.support.clusters import Clusters

ODD = "x'y\\z \"q$$ é%@/"
"""A password that every level of quoting has something to say about."""
NAMES = ("primary", "secondary")
_numbers = count(1)


@dataclass(frozen=True)
class World:
    """One database on both servers, its tables empty on the secondary."""

    primary: Server
    secondary: Server
    database: str

    def server(self, role: str) -> Server:
        return self.primary if role == Role.PRIMARY else self.secondary

    def dsn(self, role: str, user: str = SUPERUSER) -> Dsn:
        server = self.server(role)
        if user == "odd":
            dsn = parse(SecretStr(server.superuser_url))
            return replace(dsn, database=self.database, user="odd", password=SecretStr(ODD))
        url = server.superuser_url if user == SUPERUSER else server.url
        return replace(parse(SecretStr(url)), database=self.database)

    def setup(self, user: str = SUPERUSER, **options: Any) -> Setup:
        return Setup(self.dsn("primary", user), self.dsn("secondary", user), **options)

    def teardown(self, user: str = SUPERUSER) -> Teardown:
        return Teardown(self.dsn("primary", user), self.dsn("secondary", user))

    def execute(self, role: str, query: str) -> list[tuple[Any, ...]]:
        with connected(self.server(role), self.database) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def on_both(self, query: str) -> None:
        for role in NAMES:
            self.execute(role, query)

    def objects(self) -> dict[str, list[str]]:
        """Return what replication consists of, per server."""
        query = (
            "SELECT 'publication ' || pubname FROM pg_publication UNION ALL "
            "SELECT 'subscription ' || subname FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid "
            "WHERE datname = current_database() UNION ALL "
            "SELECT 'slot ' || slot_name FROM pg_replication_slots WHERE database = current_database() ORDER BY 1"
        )
        return {role: [name for (name,) in self.execute(role, query)] for role in NAMES}

    def whole(self, *, two_way: bool = False) -> dict[str, list[str]]:
        """Return what there is of it when all is set up."""
        name = self.database
        there = {
            "primary": [f"publication {name}_pub", f"slot {name}_sub"],
            "secondary": [f"subscription {name}_sub"],
        }
        if two_way:
            there["secondary"] += [f"publication {name}_back_pub", f"slot {name}_back_sub"]
            there["primary"].append(f"subscription {name}_back_sub")
        return {role: sorted(names) for role, names in there.items()}

    def allow(self, user: str = ROLE) -> None:
        """Give an ordinary role what it needs on both servers."""
        self.on_both(f"ALTER ROLE {user} REPLICATION")
        self.on_both(f"GRANT pg_create_subscription TO {user}")

    def forbid(self, user: str = ROLE) -> None:
        self.on_both(f"ALTER ROLE {user} NOREPLICATION")
        self.on_both(f"REVOKE pg_create_subscription FROM {user}")


def finished(setup: Setup) -> list[Statement]:
    """Look, run everything and wait for the copy; return what was run."""
    run: list[Statement] = []
    found = setup.examine()
    assert [r.text for r in found if r.level.name == "PROBLEM"] == []
    while setup.advance(run.append):
        for _ in setup.watch():
            pass
    return run


@contextmanager
def connected(server: Server, database: str) -> Iterator[psycopg.Connection[Any]]:
    url = f"{server.superuser_url.rpartition('/')[0]}/{database}"
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@contextmanager
def started(clusters: Clusters) -> Iterator[tuple[Server, Server]]:
    servers = []
    try:
        for name in NAMES:
            server = clusters.make(name, wal_level="logical", settings=QUICK)
            servers.append(server)
            server.start()
        yield (servers[0], servers[1])
    finally:
        for server in servers:
            server.remove()


@contextmanager
def fresh(servers: tuple[Server, Server]) -> Iterator[World]:
    """Make the database on both, and remove it with all that replicates it."""
    world = World(*servers, f"case_{next(_numbers)}")
    for server in servers:
        server.start()
        with connected(server, "postgres") as connection:
            connection.execute(f"CREATE DATABASE {world.database} TEMPLATE cc_financial OWNER {ROLE}".encode())
    world.execute("secondary", "TRUNCATE users, accounts, transactions, budgets, marker, heartbeats")
    try:
        yield world
    finally:
        for server in servers:
            server.start()
        with world.teardown() as teardown:
            teardown.run(lambda _: None)
        for server in servers:
            with connected(server, "postgres") as connection:
                connection.execute(f"DROP DATABASE {world.database} WITH (FORCE)".encode())
