"""Make a gateway of a PgBouncer that runs already: one included file, and its console's address."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.config.endpoint import Listener
from hotswap_tui.dsn import Dsn, parse
from hotswap_tui.gateway.application import (
    Application,
    application_url,
    connection_url,
    find_application,
    kept_parameters,
)
from hotswap_tui.gateway.design import Design, Urls, needs_flag
from hotswap_tui.gateway.environment import application_file, engine_file
from hotswap_tui.gateway.files import File, refuse_occupied
from hotswap_tui.gateway.setup import FILES, check_reach, check_targets, target_notes, usable
from hotswap_tui.routing import layout
from hotswap_tui.routing.layout import CONSOLE, Gateway, GatewayError
from hotswap_tui.routing.target_file import render

if TYPE_CHECKING:
    from pydantic import SecretStr

    from hotswap_tui.gateway.existing import Existing

_ANSWER_S: Final = 5
DROP_IN: Final = """\
[Unit]
StartLimitIntervalSec=0

[Service]
Restart=on-failure
RestartSec=0.2
"""
"""What Debian's unit lacks: PgBouncer comes back when it dies. The target survives, because it is in the file."""
DROP_IN_PATH: Final = "/etc/systemd/system/pgbouncer.service.d/hotswap-tui.conf"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for."""

    database: str
    user: str | None = None
    password: SecretStr | None = None
    run_as: str | None = None
    shared: bool = False
    """That a hold stops the other databases of this PgBouncer, too, is accepted."""


def prepare_adoption(directory: Path, urls: Urls, existing: Existing, wish: Wish, *, force: bool = False) -> Design:
    """Return the gateway over `existing`, everything checked and nothing changed. Raises GatewayError, DsnError."""
    path = usable(directory)
    place = existing.listens()
    dsns = check_targets(urls, Listener(place.host, place.port, _socket_directory(existing)), runs=True)
    _check_known(existing, wish.database)
    check_fit(existing, wish)
    account = existing.account(wish.run_as)
    check_reach(path, dsns, account)
    refuse_occupied(path, FILES, force=force)
    application = find_application(dsns[0], database=wish.database, user=wish.user, password=wish.password)
    gateway = _gateway(path, existing, application, shared=wish.shared)
    needed = {"sslmode": "require"} if existing.needs_tls() else {}
    keeps = existing.keeps_prepared()
    flag = needs_flag(existing.pool_mode(wish.database), existing.version, keeps_prepared=keeps)
    parameters = {**kept_parameters(urls.primary), **needed, **({"pgbouncer": "true"} if flag else {})}
    url = application_url(application, existing.reachable(), parameters)
    files = (
        # Made anew while the secondary serves, it still leads there: nothing moves by the way.
        File(layout.TARGET, render(wish.database, _served(existing, wish.database, dsns)), for_pgbouncer=True),
        engine_file(path, urls.primary, urls.secondary),
        application_file(url),
    )
    return Design(gateway, account, files, url, target_notes(dsns))


def _served(existing: Existing, database: str, dsns: tuple[Dsn, ...]) -> Dsn:
    return next((dsn for dsn in dsns if existing.points_to(database, dsn)), dsns[0])


def _socket_directory(existing: Existing) -> Path | None:
    named = existing.config.get("unix_socket_dir", "")
    return Path(named) if named else None


def check_fit(existing: Existing, wish: Wish) -> None:
    """Raise GatewayError when a hold would make others suffer, which stops the whole PgBouncer, or a switch leave sessions behind."""
    others = existing.others(wish.database)
    if others and not wish.shared:
        raise GatewayError(
            f"that PgBouncer serves other databases, too ({', '.join(others)}), and a hold makes their clients wait as well; "
            "give --shared if they may, or make a PgBouncer of its own with gateway init"
        )
    if existing.strands_sessions(wish.database):
        raise GatewayError(
            f"that PgBouncer pools {wish.database} by session, and a session would stay on the database that was given up; "
            "add this to its section [pgbouncer] and reload it: server_fast_close = 1"
        )


def _check_known(existing: Existing, database: str) -> None:
    if not existing.knows(database):
        raise GatewayError(
            f"that PgBouncer has no database {database} (it has: {', '.join(existing.others(database))}); give the name that "
            "applications use as --database, or add a new one there first"
        )


def _gateway(path: Path, existing: Existing, application: Application, *, shared: bool) -> Gateway:
    console = existing.console
    tls = {"sslmode": console.tls.mode} if console.tls.mode != "prefer" else {}
    roots = {"sslrootcert": console.tls.root_cert} if console.tls.root_cert else {}
    password = console.password.get_secret_value() if console.password else ""
    needed = {"sslmode": "require"} if existing.needs_tls() else {}
    place = existing.listens()
    return Gateway(
        directory=path,
        database=application.database,
        console=connection_url(console.login_user(), password, CONSOLE, console.addresses[0], {**tls, **roots}),
        application=application_url(application, existing.reachable(), needed),
        host=place.host,
        port=place.port,
        adopted=True,
        shared=shared,
    )


def login_problem(gateway: Gateway) -> str:
    """Return why an application cannot log in at the endpoint; empty when it can."""
    import psycopg  # noqa: PLC0415 - half of a command's start
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    from hotswap_tui.core.text import clean  # noqa: PLC0415

    settings = {**parse(gateway.application).conninfo(), "connect_timeout": _ANSWER_S, "options": ""}
    try:
        with psycopg.connect(make_conninfo("", **settings), autocommit=True, prepare_threshold=None) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        return clean(str(error), 200)
    return ""


def adopted_before(directory: Path, wish: Wish) -> Gateway | None:
    """Return the gateway that `directory` holds of the same database already, None when it holds none. Raises GatewayError."""
    if not (directory / layout.DESCRIPTION).exists():
        return None
    gateway = layout.load(directory)
    return gateway if gateway.adopted and gateway.database == wish.database else None
