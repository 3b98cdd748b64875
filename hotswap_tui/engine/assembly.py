"""From checked settings to an engine over real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.values import Kind, Level, Role, Tell
from hotswap_tui.dsn import parse
from hotswap_tui.engine.clock import SystemClock
from hotswap_tui.engine.engine import Engine
from hotswap_tui.engine.journal import SqliteJournal
from hotswap_tui.engine.picture import Target
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.probes.prober import PostgresProber
from hotswap_tui.routing.unrouted import Unrouted
from hotswap_tui.sync.handover.handover import PairHandover
from hotswap_tui.sync.known import Known
from hotswap_tui.sync.look.reader import PairReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hotswap_tui.config import Loaded
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.values import Event
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.router import Router


def assemble(loaded: Loaded, tell: Callable[[Event], None]) -> Engine:
    """Return an engine that checks the configured databases; `tell` receives every event, for the log.

    The caller holds the lock of the state directory.
    """
    policy = loaded.settings.policy()
    dsns = {Role.PRIMARY: loaded.primary} | ({Role.SECONDARY: loaded.secondary} if loaded.secondary else {})
    known = Known()
    return Engine(
        policy,
        {role: _target(role, dsn, policy) for role, dsn in dsns.items()},
        _router(loaded, dsns, known),
        SqliteJournal(loaded.settings.state_dir),
        SystemClock(),
        name=loaded.primary.login_database(),
        pair=" ".join(f"{dsn.login_user()}@{dsn.identity}" for dsn in dsns.values()),
        tell=tell,
        notices=[Tell(Kind.CONFIG, Level.WARNING, warning) for warning in loaded.warnings],
        on_switch=loaded.settings.on_switch_arguments(),
        reader=PairReader(dsns, known, suspended_s=SystemClock().suspended_s) if loaded.secondary is not None else None,
    )


def controlled(loaded: Loaded) -> tuple[Path, ...]:
    """Return the directories that one engine at a time may control: its own, and the gateway's unless it only observes."""
    directory = loaded.settings.state_dir
    if loaded.gateway is None or loaded.settings.observe:
        return (directory,)
    return (directory, loaded.gateway.directory)


def _router(loaded: Loaded, dsns: Mapping[Role, Dsn], known: Known) -> Router:
    clock = SystemClock()
    handover = PairHandover(known, loaded.settings.sequence_gap, clock.wall_s) if loaded.secondary is not None else None
    if loaded.gateway is None:
        return Unrouted(handover, lambda role: PostgresInspection(dsns[role]))
    if loaded.settings.observe:
        from hotswap_tui.routing.observed import Observed  # noqa: PLC0415 - only who has set HOTSWAP_OBSERVE needs it

        return Observed(loaded.gateway, dsns)
    # psycopg takes a tenth of the start, and only a gateway needs it
    from hotswap_tui.routing.pgbouncer import PgBouncerRouter  # noqa: PLC0415

    application = parse(loaded.gateway.application)
    return PgBouncerRouter(
        loaded.gateway,
        dsns,
        inspect=lambda role: PostgresInspection(dsns[role]),
        canary=lambda: PostgresInspection(application, pooled=True),
        handover=handover,
    )


def _target(role: Role, dsn: Dsn, policy: Policy) -> Target:
    prober = PostgresProber(
        role,
        dsn,
        timeout_s=policy.connection_timeout_s,
        writable=role is Role.PRIMARY,
        write_check=policy.write_check,
    )
    return Target(prober, dsn.address, dsn.masked(), (*dsn.notes, *prober.limits))
