"""What may happen on a secondary while it serves, made at random: some of it writes, some of it must not look as if it had."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from hotswap_tui.demo.servers import Server

Connection = psycopg.Connection[Any]


class Kind(Enum):
    """What an act does to the data."""

    WRITES = auto()
    """A row was written, whether or not another act has undone it: never SAFE."""
    NOTHING = auto()
    """Nothing was written by anybody but ourselves: SAFE."""
    OTHER = auto()
    """A transaction was committed without a row of a user's table: what the verdict is depends on the server."""


@dataclass
class Case:
    """One stay on the secondary."""

    server: Server
    random: Random
    acts: list[tuple[str, Kind]] = field(default_factory=list)
    _connections: list[Connection] = field(default_factory=list)
    _open: list[Connection] = field(default_factory=list)

    def connect(self, *, database: str = "cc_financial", autocommit: bool = True) -> Connection:
        """Give a connection of the superuser's that ends with the case."""
        url = self.server.superuser_url.rpartition("/")[0]
        connection = psycopg.connect(f"{url}/{database}", autocommit=autocommit, options="-c lock_timeout=2s")
        self._connections.append(connection)
        return connection

    def execute(self, *statements: str) -> None:
        """Run the statements as transactions of their own."""
        if not self._connections:
            self.connect()
        for statement in statements:
            self._connections[0].execute(statement.encode())

    def contents(self) -> list[Any]:
        """Return everything in the user's tables."""
        names = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'hotswap_heartbeat' ORDER BY 1"
        tables = [name for (name,) in self._connections[0].execute(names).fetchall()]
        query = " UNION ALL ".join(
            f"SELECT '{name}', md5(coalesce(string_agg(t::text, '/' ORDER BY t::text), '')) FROM {name} t"
            for name in tables
        )
        return self._connections[0].execute(query.encode()).fetchall()

    def before_the_mark(self) -> None:
        """Leave transactions behind that the mark finds unfinished, and some that it finds rolled back."""
        self.execute("SELECT 1")
        for act in self.random.sample(list(_BEFORE), k=self.random.choice((0, 0, 1, 2))):
            _BEFORE[act](self)

    def act(self, *, writing: bool) -> None:
        """Do some things."""
        kinds = ACTS if writing else {name: act for name, act in ACTS.items() if act[0] is Kind.NOTHING}
        for name in self.random.choices(list(kinds), k=self.random.randint(1, 4)):
            kind, do = kinds[name]
            do(self)
            self.acts.append((name, kind))

    def after(self) -> None:
        """End what was left open before the mark: by chance it was committed after all."""
        for connection in self._open:
            ending = self.random.choice(("COMMIT", "ROLLBACK"))
            connection.execute(ending.encode())
            self.acts.append((f"open before: {ending}", Kind.WRITES if ending == "COMMIT" else Kind.NOTHING))
        self._open.clear()

    def close(self) -> None:
        """Leave nothing unfinished behind."""
        for connection in self._connections:
            connection.close()
        with psycopg.connect(self.server.superuser_url, autocommit=True) as connection:
            for (name,) in connection.execute("SELECT gid FROM pg_prepared_xacts").fetchall():
                connection.execute(f"ROLLBACK PREPARED '{name}'".encode())

    def leave_open(self, *statements: str) -> None:
        """Begin a transaction that is not ended yet."""
        connection = self.connect()
        for statement in ("BEGIN", *statements):
            connection.execute(statement.encode())
        self._open.append(connection)

    def leave_prepared(self) -> None:
        """Prepare a transaction that is not ended in this case."""
        self.prepare(ASIDE)

    def prepare(self, statement: str) -> str:
        """Prepare a transaction and return its name."""
        name = f"prepared_{self.random.random()}"
        self.execute("BEGIN", statement, f"PREPARE TRANSACTION '{name}'")
        return name


INSERT: Final = "INSERT INTO users (email, name) VALUES (gen_random_uuid()::text, 'x')"
UPDATE: Final = "UPDATE accounts SET balance_cents = balance_cents + 1 WHERE id = 1"
DELETE: Final = "DELETE FROM transactions WHERE id = (SELECT min(id) FROM transactions)"
ASIDE: Final = "INSERT INTO marker (name) VALUES (gen_random_uuid()::text)"
"""Takes no lock that anything else waits for."""
REFILL: Final = "INSERT INTO transactions (account_id, payee, category, amount_cents) SELECT 1, 'p', 'c', n FROM generate_series(1, 20) n"


def _statements(*statements: str) -> Callable[[Case], None]:
    return lambda case: case.execute(*statements)


def _copy(case: Case) -> None:
    with case.connect() as connection, connection.cursor().copy("COPY users (email, name) FROM STDIN") as copy:
        copy.write_row((f"{case.random.random()}@example.com", "copied"))


def _committed_prepared(case: Case) -> None:
    case.execute(f"COMMIT PREPARED '{case.prepare(INSERT)}'")


def _rolled_back_prepared(case: Case) -> None:
    case.execute(f"ROLLBACK PREPARED '{case.prepare(UPDATE)}'")


def _elsewhere(case: Case) -> None:
    case.connect(database="postgres").execute("CREATE TABLE IF NOT EXISTS elsewhere (n int)")


def _lost_connection(case: Case) -> None:
    connection = case.connect(autocommit=False)
    connection.execute(INSERT.encode())
    connection.close()


def _failed(case: Case) -> None:
    with case.connect() as connection:
        try:
            connection.execute(
                "INSERT INTO users (email, name) SELECT 'twice@example.com', 'x' FROM generate_series(1, 2)"
            )
        except psycopg.errors.UniqueViolation:
            return


_PARTLY: Final = ("BEGIN", "SAVEPOINT a", DELETE, "ROLLBACK TO a", UPDATE, "SAVEPOINT b", INSERT, "RELEASE b", "COMMIT")

ACTS: Final[dict[str, tuple[Kind, Callable[[Case], None]]]] = {
    "insert": (Kind.WRITES, _statements(INSERT)),
    "update": (Kind.WRITES, _statements(UPDATE)),
    "update to the same": (Kind.WRITES, _statements("UPDATE accounts SET name = name")),
    "delete": (Kind.WRITES, _statements(REFILL, DELETE)),
    "insert and delete": (
        Kind.WRITES,
        _statements(
            "BEGIN",
            "INSERT INTO users (email, name) VALUES ('gone', 'x')",
            "DELETE FROM users WHERE email = 'gone'",
            "COMMIT",
        ),
    ),
    "truncate": (Kind.WRITES, _statements(REFILL, "TRUNCATE transactions")),
    "copy": (Kind.WRITES, _copy),
    "savepoints partly rolled back": (Kind.WRITES, _statements(*_PARTLY)),
    "prepared and committed": (Kind.WRITES, _committed_prepared),
    "a table made and filled": (
        Kind.WRITES,
        _statements("CREATE TABLE IF NOT EXISTS made AS SELECT 1 AS n", "INSERT INTO made VALUES (2)"),
    ),
    "written, then statistics reset": (Kind.WRITES, _statements(INSERT, "SELECT pg_stat_reset()")),
    "an unlogged table": (
        Kind.WRITES,
        _statements("CREATE UNLOGGED TABLE IF NOT EXISTS fleeting (n int)", "INSERT INTO fleeting VALUES (1)"),
    ),
    "without waiting for the disk": (
        Kind.WRITES,
        _statements("BEGIN", "SET LOCAL synchronous_commit = off", INSERT, "COMMIT"),
    ),
    "rollback": (Kind.NOTHING, _statements("BEGIN", INSERT, UPDATE, "ROLLBACK")),
    "truncate and rollback": (Kind.NOTHING, _statements("BEGIN", "TRUNCATE transactions", "ROLLBACK")),
    "ddl and rollback": (Kind.NOTHING, _statements("BEGIN", "ALTER TABLE users ADD COLUMN never int", "ROLLBACK")),
    "prepared and rolled back": (Kind.NOTHING, _rolled_back_prepared),
    "savepoints and rollback": (Kind.NOTHING, _statements("BEGIN", "SAVEPOINT a", INSERT, "RELEASE a", "ROLLBACK")),
    "lost connection": (Kind.NOTHING, _lost_connection),
    "failed statement": (Kind.NOTHING, _failed),
    "read": (Kind.NOTHING, _statements("SELECT count(*) FROM users", "BEGIN", "SELECT 1", "COMMIT")),
    "statistics reset": (Kind.NOTHING, _statements("SELECT pg_stat_reset()")),
    "statistics of one table reset": (
        Kind.NOTHING,
        _statements("SELECT pg_stat_reset_single_table_counters('users'::regclass)"),
    ),
    "checkpoint": (Kind.NOTHING, _statements("CHECKPOINT")),
    "nextval": (Kind.OTHER, _statements("SELECT nextval('users_id_seq')")),
    "ddl": (Kind.OTHER, _statements("ALTER TABLE users ADD COLUMN IF NOT EXISTS more int")),
    "drop": (Kind.OTHER, _statements("DROP TABLE IF EXISTS made")),
    "locked rows": (Kind.OTHER, _statements("BEGIN", "SELECT * FROM users FOR UPDATE", "COMMIT")),
    "analyze": (Kind.OTHER, _statements("VACUUM ANALYZE users")),
    "temporary table": (Kind.OTHER, _statements("CREATE TEMP TABLE IF NOT EXISTS mine (n int)")),
    "another database": (Kind.OTHER, _elsewhere),
    "left prepared": (Kind.OTHER, lambda case: case.leave_prepared()),
}
"""By name: what it does to the data, and how it is done."""
ENDED_UNPROVEN: Final = "left prepared"

_BEFORE: Final[dict[str, Callable[[Case], None]]] = {
    "open": lambda case: case.leave_open(ASIDE),
    "open in a savepoint": lambda case: case.leave_open("SAVEPOINT a", ASIDE, "RELEASE a"),
    "rolled back": _statements("BEGIN", INSERT, "ROLLBACK"),
    "committed": _statements(INSERT),
}
