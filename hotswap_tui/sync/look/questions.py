"""What a look asks one server, in words that its version and this role's rights allow. Pure."""

from __future__ import annotations

from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

from hotswap_tui.sync.quoting import literal, qualified

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap_tui.sync.look.facts import Server

_SQL: Final = resources.files("hotswap_tui.sync") / "sql"


def _template(name: str) -> Template:
    return Template((_SQL / name).read_text(encoding="utf-8"))


SERVER: Final = (_SQL / "look_server.sql").read_text(encoding="utf-8")
_FACTS: Final = _template("look_facts.sql")
_POSITION: Final = _template("look_position.sql")
_TABLES: Final = _template("look_tables.sql")
_HEARTBEAT: Final = _template("look_heartbeat.sql")

# Not pg_current_wal_lsn(): what is written but not flushed, a walsender does not send.
_CURRENT: Final = (
    "CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() "
    "ELSE pg_catalog.pg_current_wal_flush_lsn() END"
)
_IDENTIFIER: Final = "(SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system())"
_ERRORS: Final = (
    "(SELECT apply_error_count + sync_error_count FROM pg_catalog.pg_stat_subscription_stats WHERE subid = w.subid)"
)
_CONFIRMED: Final = Template(
    "(SELECT confirmed_flush_lsn FROM pg_catalog.pg_replication_slots WHERE slot_name = $slot)"
)
_REPLAYED: Final = Template(
    "(SELECT pg_catalog.min(replay_lsn) FROM pg_catalog.pg_stat_replication WHERE application_name = $sender)"
)
_REPLAYED_BY: Final = Template(
    "(SELECT r.replay_lsn FROM pg_catalog.pg_replication_slots AS s JOIN pg_catalog.pg_stat_replication AS r "
    "ON r.pid = s.active_pid WHERE s.slot_name = $slot)"
)


def facts(server: Server) -> str:
    """Ask for a server's part in replication, without columns that came after its version.

    `pg_subscription.oid` may be read since 14, `pg_stat_subscription_stats` is there since 15, `suborigin` and parallel workers
    since 16 (release notes of each).
    """
    version = server.version // 10000
    return _FACTS.substitute(
        identifier=_IDENTIFIER if server.tells_identifier else "NULL",
        position=_CURRENT,
        subid="w.subid = s.oid" if version >= 14 else "w.subname = s.subname",
        errors=_ERRORS if version >= 15 else "0",
        origin="s.suborigin" if version >= 16 else "NULL",
        leading="w.leader_pid IS NULL" if version >= 16 else "true",
    )


def position(arrived: str = "NULL") -> str:
    """Ask how far the server is, and what has arrived elsewhere."""
    return _POSITION.substitute(position=_CURRENT, arrived=arrived)


def confirmed(slot: str) -> str:
    """Ask how far the subscriber of a logical `slot` has confirmed."""
    return position(_CONFIRMED.substitute(slot=literal(slot)))


def replayed(slot: str = "", sender: str = "") -> str:
    """Ask a source how far the standby of a physical `slot`, or the one named `sender`, has replayed: NULL without pg_monitor.

    What it has only received is more, and what it keeps back (a paused replay, a delay) nobody can read there.
    """
    by_slot = _REPLAYED_BY.substitute(slot=literal(slot)) if slot else ""
    return position(by_slot or _REPLAYED.substitute(sender=literal(sender)))


def tables(publications: Iterable[str]) -> str:
    """Ask for the tables, their rows, and what `publications` carry."""
    names = ", ".join(literal(name) for name in publications)
    return _TABLES.substitute(publications=f"ARRAY[{names}]")


def heartbeat(schema: str, table: str) -> str:
    """Ask when the heartbeat's row was written."""
    return _HEARTBEAT.substitute(table=qualified(schema, table))
