"""From a connection string to a session: addresses, TLS, login. The driver sees keyword arguments only."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from hotswap_tui.dsn.model import split_options
from hotswap_tui.probes.passfile import find_password
from hotswap_tui.probes.resolve import Resolver
from hotswap_tui.probes.session import Session
from hotswap_tui.probes.tls import TlsSetupError, build_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.dsn import Address, Dsn

APPLICATION_NAME = "hotswap-tui"
_NO_TLS_OFFERED = "rejected SSL upgrade"
_REFUSED_SETTING = "unsupported startup parameter"
_UNBOUND = (
    "channel_binding=require: health checks insist on TLS, but their driver cannot bind the login to it; "
    "sslmode=verify-full makes them certain of the server"
)
_WRONG_HOST_ERRORS = (OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched)
"""After these libpq, too, goes on to the next address."""


@dataclass(frozen=True, slots=True)
class Target:
    """One address to try: `host` is a resolved address or a socket's directory, `place` what the connection string says."""

    host: str
    place: Address


def connect_arguments(
    dsn: Dsn, target: Target, context: ssl.SSLContext | None, settings: Mapping[str, str]
) -> dict[str, Any]:
    """Return the keyword arguments for `asyncpg.connect`.

    Every argument for which the driver would look into `PG*` variables, `~/.pgpass` or `~/.postgresql` is given, so that nothing
    ambient decides which server is being judged.
    """
    return {
        "host": target.host,
        "port": target.place.port,
        "user": dsn.login_user(),
        "password": _password(dsn, target.place),
        "database": dsn.login_database(),
        "ssl": context if context is not None else False,
        "direct_tls": context is not None and dsn.tls.direct,
        "server_settings": dict(settings),
        "target_session_attrs": dsn.target_session_attrs,
        "krbsrvname": "postgres",
        "gsslib": "gssapi",
        "statement_cache_size": 0,
        "timeout": None,
        "connection_class": Session.driver_class,
    }


def session_settings(dsn: Dsn, statement_timeout_s: float) -> dict[str, str]:
    """Return the startup parameters: the connection string's, our name, and a limit for what outlives our own deadline."""
    stated = split_options(dsn.options or "")
    own = {name: value for name, value in dsn.server_settings if (name, value) not in stated}
    settings = {
        "statement_timeout": str(max(1, round(statement_timeout_s * 1000))),
        **own,
        "application_name": dsn.application_name or APPLICATION_NAME,
    }
    if any(name == "statement_timeout" for name, _ in stated):
        del settings["statement_timeout"]
    return settings | ({"options": dsn.options} if dsn.options else {})


def pooler_settings(dsn: Dsn) -> dict[str, str]:
    """Return the startup parameters that a pooler takes: our name, and an `options` that routes (Neon's `endpoint=`)."""
    settings = {"application_name": dsn.application_name or APPLICATION_NAME}
    routes = dsn.options and not split_options(dsn.options)
    return settings | ({"options": dsn.options} if dsn.options and routes else {})


def limits(dsn: Dsn) -> tuple[str, ...]:
    """Return what the connection string asks for and the checks cannot do, one sentence each."""
    return (_UNBOUND,) if dsn.channel_binding == "require" else ()


def _password(dsn: Dsn, place: Address) -> str:
    # Empty instead of None: None would make the driver look into PGPASSWORD and the ambient password file.
    if dsn.password is not None:
        return dsn.password.get_secret_value()
    return find_password(dsn.passfile, place, dsn.login_database(), dsn.login_user()) if dsn.passfile else ""


class Connector:
    """Open sessions to one connection string's server, and remember which way it wants to be spoken to."""

    def __init__(self, dsn: Dsn, timeout_s: float, *, pooled: bool = False) -> None:
        """Prepare; `timeout_s` is the longest deadline of a question, from which statement time-out and keepalives follow.

        The statement time-out goes along as a startup parameter: no extra round trip, and it holds for every statement. A
        pooler that refuses unknown parameters is logged in to without it, since a `SET` there would reach other clients; its
        write check brings a `SET LOCAL`, and the check's query waits for nobody. `pooled` says beforehand that it is one.
        """
        self._dsn = dsn
        self._timeout_s = timeout_s
        self._resolver = Resolver()
        self._settings = pooler_settings(dsn) if pooled else session_settings(dsn, timeout_s)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._plain_first = dsn.tls.mode == "allow"

    def forget_files(self) -> None:
        """Read certificates and keys again for the next connection: they may have been renewed."""
        self._contexts.clear()

    async def open(self, timeout_s: float | None = None) -> Session:
        """Log in to the first address that lets us, sharing the caller's deadline (None: the longest) fairly among them.

        Raises what the last one said; the caller sets the deadline.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + (self._timeout_s if timeout_s is None else timeout_s)
        *others, last = await self._targets()
        for left, target in zip(range(len(others) + 1, 1, -1), others, strict=True):
            try:
                async with asyncio.timeout((deadline_s - loop.time()) / left):
                    return await self._open(target)
            except _WRONG_HOST_ERRORS:
                continue
        return await self._open(last)

    async def _targets(self) -> list[Target]:
        targets: list[Target] = []
        failed: OSError | None = None
        for place in self._dsn.addresses:
            if place.is_socket:
                targets.append(Target(place.host, place))
                continue
            try:
                found = await self._resolver.addresses(place.host)
            except OSError as error:
                failed = error
            else:
                targets += [Target(host, place) for host in found]
        if targets:
            return targets
        raise failed or OSError("the connection string names no address")

    async def _open(self, target: Target) -> Session:
        ways = self._ways(target)
        try:
            session = await self._log_in(target, ways[0])
        except (OSError, asyncpg.PostgresError) as error:
            if len(ways) == 1 or not _other_way_helps(error):
                raise
            session = await self._log_in_otherwise(target, ways[1], error)
        self._keep_alive(session)
        return session

    async def _log_in_otherwise(self, target: Target, way: ssl.SSLContext | None, first: Exception) -> Session:
        try:
            session = await self._log_in(target, way)
        except (OSError, asyncpg.PostgresError) as error:
            # That there is no TLS says less than why the server refused us without it.
            raise (first if no_tls_offered(error) else error) from None
        self._plain_first = way is None
        return session

    def _ways(self, target: Target) -> list[ssl.SSLContext | None]:
        """Return how to speak, in order: a context for TLS, None without.

        `prefer` and `allow` begin with what worked last; neither promises anything that this could break. libpq
        repeats every refused login the other way; a wrong password is not repeated here, since poolers block addresses for it.
        """
        mode = self._dsn.tls.mode
        bound = self._dsn.channel_binding == "require"
        if bound and (target.place.is_socket or mode == "disable"):
            raise TlsSetupError("channel_binding=require needs TLS, which this connection does not use")
        if target.place.is_socket or mode == "disable":
            return [None]
        context = self._context(target.place.host)
        if bound or mode not in {"allow", "prefer"}:
            return [context]
        return [None, context] if self._plain_first else [context, None]

    def _context(self, host: str) -> ssl.SSLContext:
        if host not in self._contexts:
            self._contexts[host] = build_context(self._dsn.tls, host)
        return self._contexts[host]

    async def _log_in(self, target: Target, way: ssl.SSLContext | None) -> Session:
        try:
            connection = await asyncpg.connect(**connect_arguments(self._dsn, target, way, self._settings))
        except asyncpg.PostgresError as error:
            lean = pooler_settings(self._dsn)
            if _REFUSED_SETTING not in str(error) or self._settings == lean:
                raise
            self._settings = lean
            connection = await asyncpg.connect(**connect_arguments(self._dsn, target, way, lean))
        return Session(connection)

    def _keep_alive(self, session: Session) -> None:
        given = dict(self._dsn.extras)
        if given.get("keepalives") != "0":
            # In proportion to the deadline: a lost link shows after about two of them, at one small packet each.
            session.keep_alive(_positive(given.get("keepalives_idle")) or self._timeout_s, self._timeout_s)


def no_tls_offered(error: BaseException) -> bool:
    """Say whether the server has answered that it does not do TLS."""
    return isinstance(error, ConnectionError) and _NO_TLS_OFFERED in str(error)


def _other_way_helps(error: OSError | asyncpg.PostgresError) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        return isinstance(error, asyncpg.InvalidAuthorizationSpecificationError) and error.sqlstate == "28000"
    return no_tls_offered(error) or isinstance(error, ssl.SSLError | ConnectionResetError)


def _positive(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and int(text) > 0 else None
