"""Whether PgBouncer is set up so that a switch works, and leads where it should."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.plan import OLDEST_VERSION, PoolMode
from hotswap_tui.doctor.finding import Check, Finding, Level
from hotswap_tui.dsn import Address
from hotswap_tui.gateway.advice import advice
from hotswap_tui.gateway.ini import PREPARED_SINCE
from hotswap_tui.routing import readings, target_file
from hotswap_tui.routing.target_tls import tls_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.values import Role
    from hotswap_tui.doctor.facts import GatewayLook, Look
    from hotswap_tui.dsn import Dsn

_SUBJECT: Final = "pgbouncer"
_WEAK_LOGINS: Final = {"any": Level.PROBLEM, "trust": Level.PROBLEM, "plain": Level.WARNING, "md5": Level.NOTE}
_FULL_SHARE: Final = 0.8


def console(look: GatewayLook) -> Iterator[Finding]:
    """Yield whether PgBouncer answers, and which one it is."""
    if look.config is None:
        level = Level.UNSEEN if look.forbidden else Level.PROBLEM
        text, _, fix = look.error.rpartition("; ")
        yield Finding(Check.GATEWAY, level, _SUBJECT, text or look.error, fix if text else "look into its log")
        return
    told = ".".join(map(str, look.version)) or "of an unknown version"
    text = f"PgBouncer {told} answers at {Address(look.gateway.host, look.gateway.port)}"
    if look.version and look.version < OLDEST_VERSION:
        oldest = ".".join(map(str, OLDEST_VERSION))
        fix = f"install {oldest} or a newer one: no switch is made with this one"
        yield Finding(Check.GATEWAY, Level.PROBLEM, _SUBJECT, text, fix)
    else:
        yield Finding(Check.GATEWAY, Level.OK, _SUBJECT, text)


def configuration(look: GatewayLook, policy: Policy, looks: Sequence[Look]) -> Iterator[Finding]:
    """Yield the settings that matter and should be otherwise."""
    if look.config is None:
        return
    found = [
        *(_advised(line) for line in advice(look.config, policy.hold_max_s)),
        *_pooling(look, look.config),
        *_login(look.config),
        *_room(look.config, look.clients, looks),
    ]
    mode = look.config.get("pool_mode", "")
    text = f"pool_mode {mode}, and every setting that a switch depends on is as it should be"
    yield from found or [Finding(Check.GATEWAY_SETTINGS, Level.OK, _SUBJECT, text)]


def held(look: GatewayLook, *, engine: bool) -> Iterator[Finding]:
    """Yield whether clients are kept waiting although nobody switches. `engine`: one controls this gateway."""
    if look.config is None:
        return
    fix = f"hotswap-tui gateway release --dir {look.gateway.directory}"
    named = look.pointing is not None and look.pointing.paused
    if (look.paused or named) and engine:
        text = "clients wait at this moment: the engine holds them, or somebody gave a PAUSE"
        yield Finding(Check.GATEWAY_HELD, Level.NOTE, _SUBJECT, text, f"if it lasts: {fix}")
    elif look.paused or named:
        text = "a PAUSE was left over: all clients wait, and no engine is there to let them go on"
        resume = f"RESUME {look.gateway.database} on PgBouncer's console" if named and not look.paused else fix
        yield Finding(Check.GATEWAY_HELD, Level.PROBLEM, _SUBJECT, text, resume)
    elif look.hold_note and not engine:
        text = "an engine ended in the middle of a hold, and nobody has put everything back"
        yield Finding(Check.GATEWAY_HELD, Level.WARNING, _SUBJECT, text, fix)


def target(look: GatewayLook, dsns: Mapping[Role, Dsn]) -> Iterator[Finding]:
    """Yield where PgBouncer leads, whether its target file says the same, and who answers there."""
    if look.config is None:
        return
    directory = look.gateway.directory
    pointing = look.pointing
    if pointing is None:
        text = f"it does not know the database {look.gateway.database}"
        fix = f"see that its main file ends with %include {look.gateway.target_file}, then RELOAD"
        yield Finding(Check.GATEWAY_TARGET, Level.PROBLEM, _SUBJECT, text, fix)
        return
    role = readings.role_of(pointing.place, {each: readings.place_of(dsn) for each, dsn in dsns.items()})
    where = f"{pointing.place.address}/{pointing.place.database}"
    if role is None and not look.looped:
        text = f"it leads to {where} as {pointing.place.user}, which is neither of the two databases"
        fix = f"hotswap-tui repair, or hotswap-tui gateway init --force --dir {directory} where the URLs have changed"
        yield Finding(Check.GATEWAY_TARGET, Level.PROBLEM, _SUBJECT, text, fix)
    elif role is not None:
        yield from _file(look, role, dsns[role])
        yield from _tls(look, look.config, role, dsns[role])
    if look.canary_error:
        text = f"applications are not served: {look.canary_error}"
        fix = f"look into {look.gateway.log_file if not look.gateway.adopted else 'its log'}, and at {role or 'the database'} above"
        yield Finding(Check.GATEWAY_TARGET, Level.PROBLEM, _SUBJECT, text, fix)


def answers(look: GatewayLook, looks: Mapping[Role, Look]) -> Iterator[Finding]:
    """Yield whether applications reach the server that PgBouncer says it leads to."""
    if look.answered is None or look.pointing is None:
        return
    role = readings.role_of(look.pointing.place, {each: readings.place_of(seen.dsn) for each, seen in looks.items()})
    seen = None if role is None else looks[role].identity
    if seen is None:
        return
    other = look.answered.differs(seen)
    if not other:
        text = f"applications reach the {role}: PgBouncer and the server that answers agree"
        yield Finding(Check.GATEWAY_TARGET, Level.OK, _SUBJECT, text)
        return
    text = f"it says that it leads to the {role}, but another server answers applications: {other}"
    fix = "sessions may still be open on the server before (SHOW SERVERS), or the host name stands for several servers"
    yield Finding(Check.GATEWAY_TARGET, Level.PROBLEM, _SUBJECT, text, fix)


def loop(look: GatewayLook) -> Iterator[Finding]:
    """Yield each connection string that leads back to this PgBouncer, by whatever way."""
    for role in look.looped:
        name = "DATABASE_URL" if role == "primary" else "DATABASE_URL_SECONDARY"
        text = f"{name} leads to the gateway itself: it checks whichever database serves, and would route PgBouncer to itself"
        fix = f"name the database behind it; {look.gateway.directory / 'hotswap.env'} has the right URL, app.env is for applications"
        yield Finding(Check.POOLER, Level.PROBLEM, role, text, fix)


def _advised(line: str) -> Finding:
    """Turn `name = value (now …): why` into a finding."""
    setting, _, rest = line.partition(" (now ")
    now, _, why = rest.partition("): ")
    name, _, value = setting.partition(" = ")
    fix = f"{name} = {value} in its main file, then RELOAD"
    return Finding(Check.GATEWAY_SETTINGS, Level.WARNING, name, f"now {now}: {why}", fix)


def _pooling(look: GatewayLook, config: Mapping[str, str]) -> Iterator[Finding]:
    override = look.pointing.pool_mode if look.pointing is not None else None
    mode = override.value if override is not None else config.get("pool_mode", "")
    if mode == PoolMode.STATEMENT:
        text = "now statement: transactions of several statements are refused"
        yield Finding(Check.GATEWAY_SETTINGS, Level.PROBLEM, "pool_mode", text, "pool_mode = transaction, then RELOAD")
    if mode == PoolMode.SESSION and config.get("server_fast_close", "0") == "0":
        text = "now 0, with pool_mode = session: sessions stay on the database that traffic has left"
        fix = "server_fast_close = 1 in its main file, then RELOAD"
        yield Finding(Check.GATEWAY_SETTINGS, Level.WARNING, "server_fast_close", text, fix)
    if mode == PoolMode.TRANSACTION and not _keeps_prepared(look, config):
        text = "prepared statements do not survive a transaction here"
        fix = (
            "applications: pgbouncer=true (Prisma), statement_cache_size=0 (asyncpg), prepareThreshold=0 (JDBC); or "
            "max_prepared_statements = 200 with PgBouncer 1.21 or newer"
        )
        yield Finding(Check.GATEWAY_SETTINGS, Level.NOTE, "pool_mode", text, fix)
    if config.get("server_lifetime", "").rstrip("0.") == "" and config.get("server_lifetime"):
        text = "now 0: every server connection is used once only, and each transaction pays for a login"
        yield Finding(
            Check.GATEWAY_SETTINGS, Level.WARNING, "server_lifetime", text, "server_lifetime = 3600, then RELOAD"
        )


def _keeps_prepared(look: GatewayLook, config: Mapping[str, str]) -> bool:
    return look.version >= PREPARED_SINCE and config.get("max_prepared_statements", "0") != "0"


def _login(config: Mapping[str, str]) -> Iterator[Finding]:
    kind = config.get("auth_type", "")
    level = _WEAK_LOGINS.get(kind)
    if level is not None:
        text = (
            f"now {kind}: whoever reaches the port gets in"
            if level is Level.PROBLEM
            else f"now {kind}: scram-sha-256 is safer"
        )
        fix = "auth_type = scram-sha-256 in its main file, then RELOAD"
        yield Finding(Check.GATEWAY_SETTINGS, level, "auth_type", text, fix)


def _room(config: Mapping[str, str], clients: int, looks: Sequence[Look]) -> Iterator[Finding]:
    most = _number(config.get("max_client_conn"))
    if most and clients >= most * _FULL_SHARE:
        text = f"now {most}, of which {clients} are in use: PgBouncer refuses clients beyond it"
        fix = "raise max_client_conn in its main file, then RELOAD"
        yield Finding(Check.GATEWAY_SETTINGS, Level.WARNING, "max_client_conn", text, fix)
    pool = _number(config.get("default_pool_size")) + _number(config.get("reserve_pool_size"))
    for look in looks:
        if look.details is None or look.verdict.facts is None:
            continue
        usable = look.verdict.facts.max_connections - look.details.reserved
        if pool > usable:
            text = f"now {pool}, but the {look.role} lets this role have {usable} connections at most"
            fix = "lower default_pool_size, or raise max_connections of that server"
            yield Finding(Check.GATEWAY_SETTINGS, Level.WARNING, "default_pool_size", text, fix)


def _file(look: GatewayLook, role: Role, dsn: Dsn) -> Iterator[Finding]:
    if look.target_error:
        yield Finding(Check.GATEWAY_TARGET, Level.UNSEEN, _SUBJECT, look.target_error, "run this check as its owner")
    elif look.target_text != target_file.render(look.gateway.database, dsn):
        text = f"it leads to the {role}, but {look.gateway.target_file.name} says something else than the settings, or than what is in force"
        fix = "if a password or TLS setting has changed: a switch writes the file anew, so hotswap-tui switch there, then failback"
        yield Finding(Check.GATEWAY_TARGET, Level.WARNING, _SUBJECT, text, fix)
    else:
        text = f"it leads to the {role}, as {look.gateway.target_file.name} says"
        yield Finding(Check.GATEWAY_TARGET, Level.OK, _SUBJECT, text)


def _tls(look: GatewayLook, config: Mapping[str, str], role: Role, dsn: Dsn) -> Iterator[Finding]:
    wanted = dict(tls_settings(dsn))["sslmode"]
    force = config.get("server_tls_sslmode", "")
    if force != wanted:
        text = f"server_tls_sslmode is {force} in force, but the {role}'s connection string asks for {wanted}"
        fix = f"take server_tls_sslmode out of everything but {look.gateway.target_file.name}, then hotswap-tui repair"
        yield Finding(Check.GATEWAY_TARGET, Level.WARNING, "server_tls_sslmode", text, fix)


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d+", text) else 0
