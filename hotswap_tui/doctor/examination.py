"""The whole examination: looks at everything and yields the findings section by section, in a fixed order."""

from __future__ import annotations

import asyncio
import grp
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.core.values import Role
from hotswap_tui.doctor import bouncer, encryption, names, pair, paths, reach, running, server, services, tuning
from hotswap_tui.doctor.data import Remembered, look_at_pair, of_data
from hotswap_tui.doctor.finding import Check, Finding, Level
from hotswap_tui.doctor.look_database import look_at
from hotswap_tui.doctor.look_engine import lock_of, look_at_engine
from hotswap_tui.doctor.look_gateway import look_at_gateway
from hotswap_tui.doctor.look_paths import look_at_directory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from hotswap_tui.doctor.facts import EngineLook, GatewayLook, Look
    from hotswap_tui.doctor.subject import Subject

_GATEWAY_S: Final = 5.0
"""PgBouncer lies near by; what it is asked for takes milliseconds."""


async def examine(subject: Subject, environ: Mapping[str, str]) -> AsyncIterator[list[Finding]]:
    """Yield the findings of one section after the other; both databases are looked at while the first are told."""
    timeout_s = subject.policy.connection_timeout_s
    looking = asyncio.gather(*(look_at(role, dsn, timeout_s) for role, dsn in subject.dsns.items()))
    begun: list[asyncio.Future[Any]] = [looking]
    try:
        engine = await look_at_engine(subject.state_dir, environ, time.time())
        yield [*of_settings(subject, engine)]
        yield [*await asyncio.to_thread(lambda: list(of_files(subject)))]
        looks = {look.role: look for look in await looking}
        urls = {role: dsn.masked() for role, dsn in subject.dsns.items()}
        remembered = Remembered.of(engine, urls)
        # Only now, so that nothing else keeps the servers busy while their answers are timed.
        comparing = asyncio.create_task(look_at_pair(looks, remembered))
        begun.append(comparing)
        gateway = subject.gateway
        behind = None if gateway is None else await look_at_gateway(gateway, looks.values(), min(timeout_s, _GATEWAY_S))
        yield [*of_databases(subject, looks, behind)]
        yield [*of_data(subject, looks, await comparing, remembered)]
        controlled = None if gateway is None else lock_of(gateway.directory)
        if behind is not None and controlled is not None:
            yield [*of_gateway(subject, behind, looks, controlled)]
        elif subject.loaded is not None:
            yield [*services.unrouted(subject.loaded)]
        yield [*running.running(engine, subject.policy, urls, gateway=controlled)]
    finally:
        for each in begun:
            each.cancel()
        await asyncio.gather(*begun, return_exceptions=True)


def of_settings(subject: Subject, engine: EngineLook) -> Iterator[Finding]:
    """Yield what the settings themselves say."""
    if subject.unreadable:
        for problem in subject.problems:
            text, _, fix = problem.partition("; ")
            yield Finding(Check.SETTINGS, Level.UNSEEN, "settings", text, fix or "correct the path, or its permissions")
        return
    for problem in subject.problems:
        text, _, fix = problem.partition("; ")
        yield Finding(Check.SETTINGS, Level.PROBLEM, "settings", text, fix or "correct it: nothing starts like this")
    loaded = subject.loaded
    if loaded is None:
        return
    yield from _warnings(subject)
    yield from services.services(loaded, apprise=find_spec("apprise") is not None, group_exists=_group_exists(subject))
    paired = loaded.secondary is not None
    yield from tuning.slow_failover(subject.policy, has_secondary=paired)
    yield from tuning.loops(subject.policy, engine.failovers_in_hour, has_secondary=paired)


def of_files(subject: Subject) -> Iterator[Finding]:
    """Yield what files and directories say; they are looked at now."""
    for file in subject.files:
        yield from paths.env_file(file)
    state = look_at_directory(subject.state_dir)
    yield from paths.directory(state, "state directory")
    if subject.gateway is not None:
        yield from paths.disk(look_at_directory(subject.gateway.directory), "gateway")


def of_databases(subject: Subject, looks: Mapping[Role, Look], gateway: GatewayLook | None) -> Iterator[Finding]:
    """Yield what the databases say, one after the other, then both together."""
    policy, now_wall_s = subject.policy, time.time()
    looped = gateway.looped if gateway is not None else ()
    for look in looks.values():
        yield from names.names(look, policy.connection_timeout_s)
        yield from reach.reachable(look)
        yield from encryption.encryption(look)
        yield from server.writable(look, policy)
        yield from server.clock(look)
        yield from server.connections(look)
        yield from server.privileges(look, policy, now_wall_s)
        yield from server.pooler(look, looped=look.role in looped)
    yield from bouncer.loop(gateway) if gateway is not None else ()
    if len(looks) > 1:
        yield from pair.pair(looks[Role.PRIMARY], looks[Role.SECONDARY])
        yield from tuning.tight_timeout(
            policy, {look.role: took for look in looks.values() if (took := _took_ms(look))}
        )


def of_gateway(
    subject: Subject, look: GatewayLook, looks: Mapping[Role, Look], controlled: EngineLook
) -> Iterator[Finding]:
    """Yield what PgBouncer says."""
    yield from bouncer.console(look)
    yield from bouncer.held(look, engine=controlled.locked)
    yield from bouncer.target(look, subject.dsns)
    yield from bouncer.answers(look, looks)
    yield from bouncer.configuration(look, subject.policy, tuple(looks.values()))


def _warnings(subject: Subject) -> Iterator[Finding]:
    """Yield what loading the settings said, without what is said about the files."""
    assert subject.loaded is not None
    told = {complaint for file in subject.files for complaint in file.complaints}
    warnings = [sentence for sentence in subject.loaded.warnings if sentence not in told]
    for level, sentences in ((Level.WARNING, warnings), (Level.NOTE, subject.loaded.notes)):
        for sentence in sentences:
            text, _, fix = sentence.partition("; ")
            yield Finding(Check.SETTINGS, level, "settings", text, fix)
    if not warnings:
        yield Finding(Check.SETTINGS, Level.OK, "settings", "all are right, and none contradicts another")


def _group_exists(subject: Subject) -> bool:
    assert subject.loaded is not None
    name = subject.loaded.settings.group
    try:
        return name is None or bool(grp.getgrnam(name))
    except KeyError:
        return False


def _took_ms(look: Look) -> float:
    """Return what a check with a login took; 0 where it did not pass."""
    verdict = look.verdict
    return (verdict.connect_ms or 0.0) + (verdict.latency_ms or 0.0) if verdict.passed else 0.0
