"""What applications log in with at the endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pydantic import SecretStr

from hotswap_tui.dsn.url import read_url
from hotswap_tui.routing.layout import GatewayError
from hotswap_tui.routing.target_file import LONGEST, name_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.dsn import Address, Dsn

PASSWORD_VARIABLE: Final = "HOTSWAP_APPLICATION_PASSWORD"  # noqa: S105 - its name only
_KEPT: Final = ("schema", "connection_limit", "pool_timeout", "socket_timeout", "connect_timeout", "application_name")
"""What an application's own URL says to its driver, and not about the way to one server."""
_HASHES: Final = re.compile(r"md5[0-9a-f]{32}|SCRAM-SHA-256\$.*", re.DOTALL)
_URL: Final = re.compile(r"postgres[a-z+0-9]*://[^\s'\"]*")
"""Without what may stand around it: the word psql, quotation marks."""
_LINE_END: Final = re.compile(r"[\0\r\n]")


@dataclass(frozen=True, slots=True)
class Application:
    """User, password and database, as applications know them."""

    user: str
    password: SecretStr
    database: str


def find_application(
    primary: Dsn, *, database: str | None = None, user: str | None = None, password: SecretStr | None = None
) -> Application:
    """Return what is asked for, the rest as in the primary's connection string. Raises GatewayError."""
    if user is not None and user != primary.login_user() and password is None:
        raise GatewayError(
            f"--user {user} needs a password: give --password-file, or {PASSWORD_VARIABLE} in the environment"
        )
    secret = password or primary.password
    if secret is None:
        raise GatewayError(
            f"DATABASE_URL has no password, and applications need one at the endpoint: give --password-file, or "
            f"{PASSWORD_VARIABLE} in the environment"
        )
    found = Application(user or primary.login_user(), secret, database or primary.login_database())
    _check(found)
    return found


def _check(application: Application) -> None:
    if problem := name_problem(application.database):
        raise GatewayError(f"{problem}; name another with --database")
    user, password = application.user, application.password.get_secret_value()
    if len(user.encode()) > LONGEST["user"] or not user.isprintable():
        raise GatewayError(f"PgBouncer takes user names of at most {LONGEST['user']} bytes without control characters")
    if _LINE_END.search(password):
        raise GatewayError("the application's password contains a line break, which PgBouncer's files cannot hold")
    if len(password.encode()) > LONGEST["password"]:
        raise GatewayError(
            f"the application's password is longer than the {LONGEST['password']} bytes that PgBouncer survives; give a shorter one"
        )
    if _HASHES.fullmatch(password):
        raise GatewayError(
            "the application's password looks like a hash, and PgBouncer would take it for one; give another"
        )


def application_url(application: Application, place: Address, parameters: Mapping[str, str]) -> SecretStr:
    """Return the application's connection string for `place`."""
    password = application.password.get_secret_value()
    return connection_url(application.user, password, application.database, place, parameters)


def connection_url(user: str, password: str, database: str, place: Address, parameters: Mapping[str, str]) -> SecretStr:
    """Return a connection string with every special character escaped, so that it stands anywhere unquoted."""
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    where = str(place)
    if place.is_socket:
        where, parameters = "", {"host": place.host, "port": str(place.port), **parameters}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    return SecretStr(f"postgresql://{login}@{where}/{quote(database, safe='')}" + (f"?{query}" if query else ""))


def kept_parameters(url: SecretStr) -> dict[str, str]:
    """Return what the application's own connection string tells its driver, wherever the endpoint is."""
    match = _URL.search(url.get_secret_value())
    if match is None:
        return {}
    values, _ = read_url(match[0])
    return {name: values[name] for name in _KEPT if values.get(name)}
