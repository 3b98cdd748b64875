"""The heartbeat's table as a logged one on both databases, so that whatever copies tables carries its row.

The write check makes it unlogged, which no method copies.
"""

from __future__ import annotations

from contextlib import ExitStack
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Self

from hotswap_tui.core.values import Role
from hotswap_tui.sync.connecting import connect, deadline, explained
from hotswap_tui.sync.errors import SyncError
from hotswap_tui.sync.look.relation import HEARTBEAT
from hotswap_tui.sync.quoting import identifier
from hotswap_tui.sync.replication.statements import Statement, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from hotswap_tui.dsn import Dsn

_CREATE: Final = (resources.files("hotswap_tui.probes") / "sql" / "heartbeat_create.sql").read_text("utf-8")
_LONGEST_S: Final = 10.0
_LOOK: Final = """\
SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.quote_ident(pg_catalog.current_schema()),
       pg_catalog.quote_ident(n.nspname), c.relpersistence = 'p',
       EXISTS (SELECT FROM pg_catalog.pg_publication WHERE puballtables)
FROM (VALUES (1)) AS always
LEFT JOIN pg_catalog.pg_class AS c
    ON c.relname = 'hotswap_heartbeat' AND c.relkind = 'r' AND pg_catalog.pg_table_is_visible(c.oid)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
"""
_STANDBY: Final = "is in recovery: its source's row comes along by itself, and nothing can be written there"


class Heartbeats:
    """Both databases, looked at; use it with `with`. Every method raises SyncError."""

    def __init__(self, primary: Dsn, secondary: Dsn) -> None:
        """Prepare; nothing is opened."""
        self._dsns = {Role.PRIMARY: primary, Role.SECONDARY: secondary}
        self._connections: dict[Role, psycopg.Connection[tuple[Any, ...]]] = {}
        self._stack = ExitStack()
        self.published: list[Role] = []
        """Where a publication FOR ALL TABLES carries every logged table."""

    def __enter__(self) -> Self:
        """Connect to both."""
        with ExitStack() as stack:
            for role, dsn in self._dsns.items():
                connection = stack.enter_context(connect(dsn))
                with explained(dsn), deadline(connection, _LONGEST_S):
                    # The write check finds the table by the role's own search_path.
                    connection.execute("RESET search_path")
                self._connections[role] = connection
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Close both connections."""
        self._stack.close()

    def planned(self, *, remove: bool) -> list[Statement]:
        """Return what has to run so that both have the logged table, or neither has any.

        The secondary comes first when it is made: what is published before the other side has it would stop replication there.
        """
        self.published = []
        roles = (Role.PRIMARY, Role.SECONDARY) if remove else (Role.SECONDARY, Role.PRIMARY)
        return [statement for role in roles for statement in self._planned(role, remove=remove)]

    def run(self, statements: list[Statement], say: Callable[[Statement], None]) -> None:
        """Run them in order, each on its own; `say` is told before each."""
        for statement in statements:
            say(statement)
            connection = self._connections[statement.role]
            with explained(self._dsns[statement.role]), deadline(connection, _LONGEST_S):
                connection.execute(statement.sql.encode())

    def _planned(self, role: Role, *, remove: bool) -> Iterator[Statement]:
        connection = self._connections[role]
        with explained(self._dsns[role]), deadline(connection, _LONGEST_S):
            row = connection.execute(_LOOK).fetchone()
        assert row is not None
        in_recovery, place, schema, logged, published = row
        if in_recovery:
            raise SyncError(f"the {role} {_STANDBY}")
        if published:
            self.published.append(role)
        if remove:
            if schema is not None:
                yield plain(role, f"DROP TABLE {schema}.{identifier(HEARTBEAT)}")
        elif schema is not None:
            if not logged:
                yield plain(role, f"ALTER TABLE {schema}.{identifier(HEARTBEAT)} SET LOGGED")
        elif place is None:
            raise SyncError(f"the {role} has no schema in which this role would find the table: set its search_path")
        else:
            yield from (plain(role, statement) for statement in _creation())


def _creation() -> list[str]:
    """Return the write check's own statements, for a table that is logged."""
    text = _CREATE.replace("CREATE UNLOGGED TABLE", "CREATE TABLE")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [statement.strip() for statement in code.split(";") if statement.strip()]
