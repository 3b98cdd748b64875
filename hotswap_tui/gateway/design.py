"""The texts of a gateway's files, from what was asked for; nothing is read or written here."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.dsn import Address, parse
from hotswap_tui.gateway.application import application_url, connection_url, kept_parameters
from hotswap_tui.gateway.environment import application_file, engine_file
from hotswap_tui.gateway.files import File
from hotswap_tui.gateway.ini import PREPARED_SINCE, Ini, render_hba, render_ini, render_users, scram_secret
from hotswap_tui.routing import layout
from hotswap_tui.routing.layout import Gateway
from hotswap_tui.routing.target_file import render

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from hotswap_tui.gateway.account import Account
    from hotswap_tui.gateway.application import Application
    from hotswap_tui.gateway.front import Front

_CONSOLE_USERS: Final = ("hotswap", "hotswap_console")
_CONSOLE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Urls:
    """The connection strings of both databases, as a person wrote them."""

    primary: SecretStr
    secondary: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """A gateway that has been thought through and not been written yet."""

    gateway: Gateway
    account: Account
    files: tuple[File, ...]
    """Without `gateway.json`."""
    application: SecretStr
    """What `app.env` says."""
    notes: tuple[str, ...] = ()
    """What PgBouncer does otherwise than the connection strings say, one sentence each."""


@dataclass(frozen=True, slots=True)
class Console:
    """Who may use PgBouncer's console."""

    user: str
    password: str

    def url(self, socket_directory: Path, port: int) -> SecretStr:
        """Return the console's connection string over the Unix socket."""
        return connection_url(self.user, self.password, layout.CONSOLE, Address(str(socket_directory), port), {})


def needs_flag(pool_mode: PoolMode, version: tuple[int, ...], *, keeps_prepared: bool = True) -> bool:
    """Say whether Prisma must do without prepared statements (`pgbouncer=true`).

    `keeps_prepared`: max_prepared_statements is not 0, where the version knows it.
    """
    able = version >= PREPARED_SINCE and keeps_prepared
    return pool_mode is not PoolMode.SESSION and not able


def design_gateway(
    directory: Path,
    urls: Urls,
    front: Front,
    application: Application,
    *,
    account: Account,
    version: tuple[int, ...],
) -> Design:
    """Return the gateway that points to the primary. Raises DsnError."""
    user = next(name for name in _CONSOLE_USERS if name != application.user)
    console = Console(user, token_urlsafe(_CONSOLE_BYTES))
    needed = {"sslmode": "require"} if front.tls else {}
    flag = {"pgbouncer": "true"} if needs_flag(front.pool_mode, version) else {}
    url = application_url(application, front.advertised(), {**kept_parameters(urls.primary), **needed, **flag})
    gateway = Gateway(
        directory=directory,
        database=application.database,
        console=console.url(directory / layout.RUN, front.listen.port),
        application=application_url(application, front.reachable(), needed),
        host=front.listen.host,
        port=front.listen.port,
    )
    files = (
        File(layout.TARGET, render(application.database, parse(urls.primary)), for_pgbouncer=True),
        engine_file(directory, urls.primary, urls.secondary),
        application_file(url),
        *_own_files(
            Ini(directory, front, version, user, account.name if account.is_other else None), application, console
        ),
    )
    return Design(gateway, account, files, url)


def _own_files(ini: Ini, application: Application, console: Console) -> tuple[File, ...]:
    users = {application.user: application.password.get_secret_value(), console.user: scram_secret(console.password)}
    files = (
        File(layout.INI, render_ini(ini), for_pgbouncer=True),
        File(layout.USERS, render_users(users), for_pgbouncer=True),
    )
    if ini.front.tls is None:
        return files
    hba = render_hba(application.database, application.user, console.user, ini.front.networks())
    return (*files, File(layout.HBA, hba, for_pgbouncer=True))
