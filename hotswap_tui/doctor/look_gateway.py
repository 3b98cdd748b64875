"""Look at PgBouncer through its console, and at who answers applications behind it."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from hotswap_tui.doctor.facts import GatewayLook
from hotswap_tui.dsn import parse
from hotswap_tui.probes.connect import APPLICATION_NAME, Connector
from hotswap_tui.probes.deadline import finished
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing import readings, target_file
from hotswap_tui.routing.console import Console, ConsoleError, now_s
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.routing.target_file import TargetFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap_tui.core.traffic import Identity
    from hotswap_tui.doctor.facts import Look
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.probes.session import Session
    from hotswap_tui.routing.layout import Gateway

_DENIED: Final = "permission denied"


async def look_at_gateway(gateway: Gateway, looks: Iterable[Look], timeout_s: float) -> GatewayLook:
    """Return everything about a gateway within a few times `timeout_s`; never raises for what PgBouncer does.

    `looks`: of the databases. Whether one whose answers come from a pooler leads back here is tried.
    """
    look = GatewayLook(gateway, hold_note=gateway.hold_note.exists())
    try:
        look = replace(look, target_text=target_file.read(gateway.target_file))
    except TargetFileError as error:
        look = replace(look, target_error=str(error))
    try:
        look = await _ask(look, timeout_s)
    except ConsoleError as error:
        return replace(look, error=str(error), forbidden=_DENIED in str(error))
    answered, canary_error = (None, "") if look.paused else await _canary(gateway, timeout_s)
    suspects = [each for each in looks if each.details is not None and each.details.pooler]
    looped = [each.role for each in suspects if await leads_back(gateway, each.dsn, timeout_s)]
    return replace(look, answered=answered, canary_error=canary_error, looped=tuple(looped))


async def _ask(look: GatewayLook, timeout_s: float) -> GatewayLook:
    deadline_s = now_s() + timeout_s
    line = await Console(look.gateway).open(deadline_s)
    try:
        version = readings.version(await line.ask("SHOW VERSION", deadline_s))
        config = {
            str(row["key"]): str(row["value"] or "")
            for row in await line.ask("SHOW CONFIG", deadline_s)
            if "key" in row
        }
        databases = await line.ask("SHOW DATABASES", deadline_s)
        lists = {str(row["list"]): row["items"] for row in await line.ask("SHOW LISTS", deadline_s)}
        paused = await Console(look.gateway).paused(line, deadline_s)
    finally:
        line.drop()
    return replace(
        look,
        version=version,
        config=config,
        pointing=readings.pointing(databases, look.gateway.database),
        paused=paused,
        clients=int(lists.get("used_clients") or 0),
    )


async def _canary(gateway: Gateway, timeout_s: float) -> tuple[Identity | None, str]:
    async with aclosing(PostgresInspection(parse(gateway.application), pooled=True)) as inspection:
        try:
            return await inspection.identify(timeout_s), ""
        except InspectionError as error:
            return None, str(error)


async def leads_back(gateway: Gateway, dsn: Dsn, timeout_s: float) -> bool:
    """Say whether a session of `dsn`, by whatever way it goes, is a client of this gateway's PgBouncer."""
    name = f"{APPLICATION_NAME} check {token_hex(4)}"
    opened: list[Session] = []

    async def work() -> bool:
        opened.append(await Connector(replace(dsn, application_name=name), timeout_s).open())
        clients = await Console(gateway).run("SHOW CLIENTS", now_s() + timeout_s)
        return any(row.get("application_name") == name for row in clients)

    try:
        task = await finished(work(), timeout_s, lambda: None)
    finally:
        for session in opened:
            session.terminate()
    # What keeps it from being tried is what the database's own look and the console's have met already.
    return task is not None and task.exception() is None and task.result()
