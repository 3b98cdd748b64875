"""Look at one database: the engine's own check first, then what a server that answers tells about itself."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Final

import asyncpg

from hotswap_tui.config.endpoint import is_this_machine
from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Role
from hotswap_tui.doctor.facts import Clock, Details, Encryption, Look
from hotswap_tui.doctor.look_names import look_up
from hotswap_tui.probes.classify import classify
from hotswap_tui.probes.connect import Connector
from hotswap_tui.probes.deadline import finished
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.probes.prober import PostgresProber
from hotswap_tui.probes.session import unexpected
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.routing.layout import CONSOLE

if TYPE_CHECKING:
    from hotswap_tui.core.traffic import Identity
    from hotswap_tui.core.values import Verdict
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.probes.session import Row, Session

_SERVER: Final = (resources.files("hotswap_tui.doctor") / "sql" / "server.sql").read_text(encoding="utf-8")
_CLOCK: Final = "SELECT (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8"
_CLOCK_TRIES: Final = 3
"""The shortest round trip tells the time best."""
_ANSWER_LIMIT: Final = 4096
_NAME_LIMIT: Final = 63
POOLER: Final = "a pooler"
PGBOUNCER: Final = "PgBouncer"
_NOT_ADMIN: Final = "not allowed"
"""What PgBouncer tells who asks for its console and may not have it."""


async def look_at(role: Role, dsn: Dsn, timeout_s: float) -> Look:
    """Return everything about one database within twice `timeout_s`; never raises for what a server or network does."""
    lookups, verdict = await asyncio.gather(look_up(dsn, timeout_s), _check(role, dsn, timeout_s))
    look = Look(role, dsn, verdict, lookups)
    if not any(lookup.error for lookup in lookups):
        look = replace(look, local=await asyncio.to_thread(_is_local, dsn))
    if verdict.facts is None:
        return look
    identity, (details, trouble) = await asyncio.gather(_identify(dsn, timeout_s), _ask(dsn, timeout_s))
    return replace(look, identity=identity, details=details, trouble=trouble)


async def _check(role: Role, dsn: Dsn, timeout_s: float) -> Verdict:
    prober = PostgresProber(role, dsn, timeout_s=timeout_s, writable=role is Role.PRIMARY)
    async with aclosing(prober):
        return await prober.check(fresh=True)


async def _identify(dsn: Dsn, timeout_s: float) -> Identity | None:
    async with aclosing(PostgresInspection(dsn)) as inspection:
        try:
            return await inspection.identify(timeout_s)
        except InspectionError:
            return None  # what the other questions met says why


async def _ask(dsn: Dsn, timeout_s: float) -> tuple[Details | None, str]:
    """Return the details, or why there are none."""
    opened: list[Session] = []

    async def work() -> Details:
        session = await Connector(dsn, timeout_s).open()
        opened.append(session)
        return await _details(session)

    try:
        task = await finished(work(), timeout_s, lambda: next(iter(opened), None))
    finally:
        for session in opened:
            session.terminate()
    if task is None:
        return None, f"no answer within {timeout_s:g} s"
    error = task.exception()
    if error is None:
        return await _with_pooler(task.result(), dsn, timeout_s), ""
    secrets = [s.get_secret_value() for s in (dsn.password, dsn.tls.key_password) if s is not None]
    return None, classify(error, secrets=secrets).detail


async def _with_pooler(details: Details, dsn: Dsn, timeout_s: float) -> Details:
    """Return `details` with the pooler's name, if one answers and it is PgBouncer: that one alone has such a database."""
    if not details.pooler:
        return details
    console = replace(dsn, database=CONSOLE, options=None, server_settings=())
    try:
        async with asyncio.timeout(timeout_s):
            session = await Connector(console, timeout_s, pooled=True).open()
    except asyncpg.PostgresError as error:
        return replace(details, pooler=PGBOUNCER) if _NOT_ADMIN in str(error) else details
    except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        return details
    session.terminate()
    return replace(details, pooler=PGBOUNCER)


async def _details(session: Session) -> Details:
    rows = await session.rows(_SERVER, _ANSWER_LIMIT)
    clocks = [await _clock(session) for _ in range(_CLOCK_TRIES)]
    tls = session.tls
    encryption = None if tls is None else Encryption(tls.version() or "", (tls.cipher() or ("",))[0])
    try:
        (row,) = rows
        return _read(row, session, encryption, min(clocks, key=lambda clock: clock.uncertainty_s))
    except ValueError as error:
        raise unexpected(rows) from error


async def _clock(session: Session) -> Clock:
    before_s = time.time()
    begun_s = time.monotonic()
    rows = await session.rows(_CLOCK, _ANSWER_LIMIT)
    half_s = (time.monotonic() - begun_s) / 2
    try:
        ((microseconds,),) = rows
        return Clock(int(str(microseconds)) / 1_000_000 - (before_s + half_s), half_s)
    except ValueError as error:
        raise unexpected(rows) from error


def _read(row: Row, session: Session, encryption: Encryption | None, clock: Clock) -> Details:
    number, pid, user, superuser, ends_s, reserved, role_limit, role_used, tables, beat, tls = row
    return Details(
        version_number=int(str(number)),
        user=clean(str(user), _NAME_LIMIT),
        superuser=superuser == "t",
        password_ends_s=None if ends_s is None else float(ends_s),
        reserved=int(str(reserved)),
        role_limit=int(str(role_limit)),
        role_connections=int(str(role_used)),
        tables=int(str(tables)),
        may_beat=beat == "t",
        server_tls=tls == "t",
        pooler="" if int(str(pid)) == session.backend_pid else POOLER,
        encryption=encryption,
        clock=clock,
    )


def _is_local(dsn: Dsn) -> bool:
    return all(map(is_this_machine, dsn.addresses))
