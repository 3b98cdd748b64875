"""Two servers with the demo's schema, replicated in one direction or in both by plain SQL."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psycopg

from hotswap_tui.demo.servers import DATABASE, Server
from tests.support.until import until_sync

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.clusters import Clusters

QUICK: Final[Mapping[str, str | int]] = {
    "wal_writer_delay": "100ms",  # a position is confirmed after this
    "wal_retrieve_retry_interval": "100ms",  # and a worker that ended is started again
    "max_connections": 100,
    "max_wal_senders": 20,
    "max_replication_slots": 20,
    "max_worker_processes": 24,
    "max_logical_replication_workers": 16,
    "max_sync_workers_per_subscription": 4,
}
"""Room for several subscriptions, and no waiting."""
_READY_S: Final = 30.0


class Replicated(NamedTuple):
    """Two started servers; each change of the primary arrives on the secondary, with `two_way` also the other way round."""

    primary: Server
    secondary: Server
    database: str
    two_way: bool

    def url(self, server: Server) -> str:
        """Return the application's URL of this database on one of the servers."""
        return _named(server.url, self.database)

    def superuser_url(self, server: Server) -> str:
        """Return the superuser's."""
        return _named(server.superuser_url, self.database)

    @property
    def publication(self) -> str:
        """Name the publication on the primary."""
        return f"{self.database}_pub"

    @property
    def subscription(self) -> str:
        """Name the subscription on the secondary, and its slot on the primary."""
        return f"{self.database}_sub"

    @property
    def back_publication(self) -> str:
        """Name the publication on the secondary."""
        return f"{self.database}_back_pub"

    @property
    def back_subscription(self) -> str:
        """Name the subscription on the primary, and its slot on the secondary."""
        return f"{self.database}_back_sub"

    def execute(self, server: Server, query: str) -> list[tuple[Any, ...]]:
        """Run one statement as superuser; return its rows, none where it gives none."""
        with psycopg.connect(self.superuser_url(server), autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def await_caught_up(self, source: Server | None = None, timeout_s: float = _READY_S) -> None:
        """Return when what `source` (the primary) has committed so far is on the other server."""
        source = source or self.primary
        name = self.subscription if source is self.primary else self.back_subscription
        with psycopg.connect(self.superuser_url(source), autocommit=True) as connection:
            _await_caught_up(connection, name, timeout_s)


@contextmanager
def replicated_pair(
    clusters: Clusters,
    *,
    two_way: bool = False,
    database: str = DATABASE,
    settings: Mapping[str, str | int] | None = None,
) -> Iterator[Replicated]:
    """Make two started servers (about 1 s) and replicate the demo's schema from one to the other; removed at the end.

    The secondary's tables have the primary's rows, its marker included. A fixture of a module makes one and shares it.
    """
    with ExitStack() as stack:
        servers = []
        for name in ("primary", "secondary"):
            server = clusters.make(name, wal_level="logical", settings={**QUICK, **(settings or {})})
            stack.callback(server.remove)
            server.start()
            servers.append(server)
        yield replicate(*servers, two_way=two_way, database=database)


def replicate(primary: Server, secondary: Server, *, two_way: bool = False, database: str = DATABASE) -> Replicated:
    """Replicate a database that both servers have with the same tables, and return when every row is there.

    With another name than the demo's, it is first made on both as a copy of the demo's, which nobody may be connected to.
    """
    pair = Replicated(primary, secondary, database, two_way)
    for server in (primary, secondary):
        if database != DATABASE:
            _create(server, database)
    _empty(pair.superuser_url(secondary))
    with (
        psycopg.connect(pair.superuser_url(primary), autocommit=True) as on_primary,
        psycopg.connect(pair.superuser_url(secondary), autocommit=True) as on_secondary,
    ):
        _publish(on_primary, pair.publication)
        _publish(on_secondary, pair.back_publication, wanted=two_way)
        # The slot of the way back begins before anything can be written there.
        if two_way:
            back = "pg_create_logical_replication_slot"
            on_secondary.execute(f"SELECT {back}('{pair.back_subscription}', 'pgoutput')".encode())
        _subscribe(on_secondary, pair.subscription, pair.superuser_url(primary), pair.publication, two_way=two_way)
        _await_ready(on_secondary)
        if two_way:
            url = pair.superuser_url(secondary)
            _subscribe(on_primary, pair.back_subscription, url, pair.back_publication, two_way=True, back=True)
        _await_caught_up(on_primary, pair.subscription, _READY_S)
    return pair


def unreplicate(pair: Replicated) -> None:
    """Remove what `replicate` made, both servers being up, and the database when it is a copy."""
    ways = [(pair.secondary, pair.subscription, pair.primary, pair.publication)]
    if pair.two_way:
        ways.append((pair.primary, pair.back_subscription, pair.secondary, pair.back_publication))
    for target, subscription, source, publication in ways:
        pair.execute(target, f"DROP SUBSCRIPTION IF EXISTS {subscription}")
        pair.execute(source, f"DROP PUBLICATION IF EXISTS {publication}")
    if pair.database != DATABASE:
        for server in (pair.primary, pair.secondary):
            with psycopg.connect(_named(server.superuser_url, "postgres"), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {pair.database} WITH (FORCE)".encode())


def _named(url: str, database: str) -> str:
    return f"{url.rpartition('/')[0]}/{database}"


def _create(server: Server, database: str) -> None:
    with psycopg.connect(_named(server.superuser_url, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database} TEMPLATE {DATABASE}".encode())
        connection.execute(f"ALTER DATABASE {database} OWNER TO ccfinapp".encode())


def _empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'"
        )
        connection.execute(f"TRUNCATE {', '.join(name for (name,) in rows)} RESTART IDENTITY".encode())


def _publish(connection: psycopg.Connection[Any], name: str, *, wanted: bool = True) -> None:
    if wanted:
        connection.execute(f"CREATE PUBLICATION {name} FOR ALL TABLES".encode())


def _subscribe(
    connection: psycopg.Connection[Any], name: str, url: str, publication: str, *, two_way: bool, back: bool = False
) -> None:
    options = [
        *(("origin = none",) if two_way else ()),
        *(("create_slot = false", "copy_data = false") if back else ()),
        "streaming = parallel",
    ]
    connection.execute(
        f"CREATE SUBSCRIPTION {name} CONNECTION '{url}' PUBLICATION {publication} WITH ({', '.join(options)})".encode()
    )


def _await_ready(connection: psycopg.Connection[Any]) -> None:
    query = "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'"
    until_sync(lambda: connection.execute(query).fetchone() == (0,), _READY_S)


def _await_caught_up(connection: psycopg.Connection[Any], slot: str, timeout_s: float) -> None:
    (at,) = connection.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone() or ("",)
    query = "SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name = %s"
    until_sync(lambda: connection.execute(query, (at, slot)).fetchone() == (True,), timeout_s)
