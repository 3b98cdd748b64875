"""Make a gateway: check everything first, then write the files, `gateway.json` last."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.config import targets
from hotswap_tui.config.endpoint import Listener
from hotswap_tui.dsn import Address, Dsn, parse
from hotswap_tui.gateway.account import Account, find_account
from hotswap_tui.gateway.application import find_application
from hotswap_tui.gateway.design import Design, Urls, design_gateway
from hotswap_tui.gateway.files import File, make_directory, make_run_directory, refuse_occupied, write_file
from hotswap_tui.gateway.front import DEFAULT_LISTEN, Front
from hotswap_tui.gateway.installed import bouncer_pid, find_pgbouncer, port_problem, who_listens
from hotswap_tui.routing import layout
from hotswap_tui.routing.layout import Gateway, GatewayError
from hotswap_tui.routing.target_file import target_problem

if TYPE_CHECKING:
    from pydantic import SecretStr

FILES: Final = (
    layout.INI, layout.TARGET, layout.USERS, layout.HBA, layout.ENGINE_ENV, layout.APPLICATION_ENV, layout.DESCRIPTION,
    layout.RUN,
)  # fmt: skip
"""Everything that makes a gateway's directory one."""
_NAMES: Final = ("DATABASE_URL", "DATABASE_URL_SECONDARY")
_SOCKET_PATH_BYTES: Final = 107
"""sun_path holds 108 bytes with its end (unix(7))."""


def create(
    directory: Path,
    primary: SecretStr,
    secondary: SecretStr | None = None,
    front: Front = Front(),  # noqa: B008 - frozen
    *,
    run_as: str | None = None,
    force: bool = False,
) -> Gateway:
    """Make a gateway in `directory` that points to `primary`; PgBouncer is not started. Raises GatewayError, DsnError.

    As root, PgBouncer is to run as `run_as`, or the package's user, who must be able to pass all parents of `directory`.
    """
    design = prepare(directory, Urls(primary, secondary), front, run_as=run_as, force=force)
    establish(design)
    return design.gateway


def prepare(directory: Path, urls: Urls, front: Front, *, run_as: str | None = None, force: bool = False) -> Design:
    """Return what `create` would write, everything checked and nothing changed. Raises GatewayError, DsnError."""
    path = usable(directory, front.listen.port)
    dsns = check_targets(urls, Listener(front.listen.host, front.listen.port, path / layout.RUN))
    front.check()
    account, installed = find_account(run_as), find_pgbouncer()
    check_reach(path, dsns, account, front.files())
    refuse_occupied(path, FILES, force=force)
    _check_free(path, front.listen)
    application = find_application(dsns[0], database=front.database, user=front.user, password=front.password)
    design = design_gateway(path, urls, front, application, account=account, version=installed.version)
    return replace(design, notes=target_notes(dsns))


def establish(design: Design) -> None:
    """Write the files of `design`; until the last of them, it is no gateway. Raises GatewayError."""
    directory = design.gateway.directory
    make_directory(directory, design.account)
    (directory / layout.DESCRIPTION).unlink(missing_ok=True)
    if not design.gateway.adopted:
        make_run_directory(directory / layout.RUN, design.account)
    for file in (*design.files, File(layout.DESCRIPTION, layout.describe(design.gateway))):
        write_file(directory, file, design.account)


def usable(directory: Path, port: int | None = None) -> Path:
    """Return `directory` as PgBouncer's files may name it, with a Unix socket for `port` in it. Raises GatewayError."""
    path = directory.expanduser().absolute()
    if not str(path).isprintable() or str(path) != str(path).strip():
        raise GatewayError(
            "the directory's name contains a character that PgBouncer's files cannot hold; choose another"
        )
    if port is None:
        return path
    excess = len(os.fsencode(path / layout.RUN / f".s.PGSQL.{port}")) - _SOCKET_PATH_BYTES
    if excess > 0:
        raise GatewayError(f"{path} is {excess} bytes too long for a Unix socket; choose a shorter one")
    return path


def check_targets(urls: Urls, own: Listener, *, runs: bool = False) -> tuple[Dsn, ...]:
    """Return the databases, the primary first; `own` is where the gateway listens, or (unless it `runs`) is to listen.

    Raises GatewayError for a database that PgBouncer cannot be pointed to, DsnError.
    """
    dsns = (parse(urls.primary), *([parse(urls.secondary)] if urls.secondary else []))
    for name, dsn in zip(_NAMES, dsns, strict=False):
        if problem := target_problem(dsn):
            raise GatewayError(f"{name}: {problem}")
        if own.is_reached_by(dsn):
            raise GatewayError(_same_place(name, own, runs=runs))
    return dsns


def _same_place(name: str, own: Listener, *, runs: bool) -> str:
    taker = who_listens(own.port)
    if runs or taker.startswith("pgbouncer") or (own.port == DEFAULT_LISTEN.port and not taker):
        return f"{name} leads to the gateway itself ({own}); give the address of the database behind it"
    return f"port {own.port} is the database's own ({name} leads there); choose another with --listen"


def target_notes(dsns: tuple[Dsn, ...]) -> tuple[str, ...]:
    """Return what PgBouncer does otherwise than the connection strings say, or may do by surprise."""
    named = dict(zip(_NAMES, dsns, strict=False))
    return (*targets.notes(named), *targets.surprises(named))


def _tls_files(dsn: Dsn) -> tuple[Path, ...]:
    tls = dsn.tls
    root = None if tls.root_cert == "system" else tls.root_cert
    return tuple(Path(path) for path in (root, tls.cert, tls.key) if path)


def check_reach(directory: Path, dsns: tuple[Dsn, ...], account: Account, files: tuple[Path, ...] = ()) -> None:
    """Raise GatewayError when PgBouncer's user could not read what is, or will be, in `directory`, or one of the files."""
    if obstacle := account.obstacle(directory):
        raise GatewayError(
            f"PgBouncer runs as {account.name}, who cannot pass {obstacle}; choose a directory elsewhere"
        )
    for path in (*files, *(path for dsn in dsns for path in _tls_files(dsn))):
        if not path.is_file():
            raise GatewayError(f"there is no file {path}")
        if account.obstacle(path) or not account.may("r", path):
            raise GatewayError(f"PgBouncer runs as {account.name}, who cannot read {path}; give that user access to it")


def _check_free(directory: Path, listen: Address) -> None:
    if pid := bouncer_pid(directory):
        raise GatewayError(f"PgBouncer (pid {pid}) runs from {directory}; end it first")
    if problem := port_problem(listen):
        raise GatewayError(problem)
