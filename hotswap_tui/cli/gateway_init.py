"""`hotswap-tui gateway init`: make a gateway, a complete set-up of PgBouncer."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.gateway_options import (
    add_gateway_options,
    carry_out,
    engine_command,
    load_databases,
    made,
    read_password,
    urls_of,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from hotswap_tui.gateway.design import Design
    from hotswap_tui.gateway.front import ClientTls, Front

_DESCRIPTION = """\
Write everything that PgBouncer needs to stand in front of both databases: its files, the application's DATABASE_URL (app.env) and
hotswap-tui's own settings (hotswap.env). Nothing is started. The databases are DATABASE_URL and DATABASE_URL_SECONDARY, read from
the environment, --env-file or the files of a Next.js project.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser("init", help="set PgBouncer up in front of both databases", description=_DESCRIPTION)
    add_gateway_options(parser)
    parser.add_argument(
        "--database", metavar="NAME", help="the database's name for applications (default: that of DATABASE_URL)"
    )
    parser.add_argument(
        "--listen",
        default="127.0.0.1:6432",
        metavar="ADDRESS:PORT",
        help="where applications connect (default: %(default)s)",
    )
    parser.add_argument(
        "--pool-mode",
        choices=("transaction", "session"),
        default="transaction",
        help="how connections are shared (default: %(default)s)",
    )
    parser.add_argument(
        "--run-as", metavar="USER", help="who runs PgBouncer, for root (default: postgres, else pgbouncer)"
    )
    _add_remote_options(parser)
    parser.set_defaults(run=run)


def _add_remote_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "for applications in containers or on other machines",
        "When --listen lets others in, certificate, key and network must be given.",
    )
    group.add_argument(
        "--client-tls-cert", type=Path, metavar="FILE", help="PgBouncer's certificate, PEM (default: none)"
    )
    group.add_argument("--client-tls-key", type=Path, metavar="FILE", help="its key, PEM (default: none)")
    group.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="NETWORK",
        help="who may connect, CIDR; repeatable (default: nobody)",
    )
    group.add_argument(
        "--host", metavar="NAME", help="this machine's name for applications (default: the address of --listen)"
    )


def run(args: argparse.Namespace) -> int:
    """Make the gateway and say what is next; return the exit code."""
    return carry_out("init", args, _init)


def _init(args: argparse.Namespace) -> int:
    design = _make(args)
    for line in (*made(design), *_next(design)):
        print(line)
    for line in (*(f"note: {note}" for note in design.notes), *_notes(args)):
        streams.complain(line)
    return exit_codes.OK


def _make(args: argparse.Namespace) -> Design:
    from hotswap_tui.gateway.setup import establish, prepare  # noqa: PLC0415

    loaded = load_databases(args)
    front = _front(args, loaded.settings.hold_max_ms / 1000)
    design = prepare(args.dir, urls_of(loaded), front, run_as=args.run_as, force=args.force)
    establish(design)
    return design


def _front(args: argparse.Namespace, hold_max_s: float) -> Front:
    from hotswap_tui.core.plan import PoolMode  # noqa: PLC0415
    from hotswap_tui.gateway.front import Front, read_listen, read_network  # noqa: PLC0415

    return Front(
        listen=read_listen(args.listen),
        pool_mode=PoolMode(args.pool_mode),
        user=args.user,
        password=read_password(args),
        database=args.database,
        host=args.host,
        tls=_client_tls(args),
        allow=tuple(map(read_network, args.allow)),
        hold_max_s=hold_max_s,
    )


def _client_tls(args: argparse.Namespace) -> ClientTls | None:
    from hotswap_tui.gateway.front import ClientTls  # noqa: PLC0415
    from hotswap_tui.routing.layout import GatewayError  # noqa: PLC0415

    if bool(args.client_tls_cert) is not bool(args.client_tls_key):
        raise GatewayError("--client-tls-cert and --client-tls-key are given together")
    if args.client_tls_cert is None:
        return None
    return ClientTls(args.client_tls_cert.absolute(), args.client_tls_key.absolute())


def _next(design: Design) -> Iterator[str]:
    directory = design.gateway.directory
    yield "next:"
    yield f"  hotswap-tui gateway run --dir {shlex.quote(str(directory))}"
    yield f"  {engine_command(directory)}"


def _notes(args: argparse.Namespace) -> Iterator[str]:
    from hotswap_tui.core.plan import PoolMode  # noqa: PLC0415
    from hotswap_tui.gateway.design import needs_flag  # noqa: PLC0415
    from hotswap_tui.gateway.installed import find_pgbouncer, packaged_pid  # noqa: PLC0415

    if needs_flag(PoolMode(args.pool_mode), find_pgbouncer().version):
        yield (
            "note: in transaction mode this PgBouncer keeps no prepared statements: pgbouncer=true tells Prisma, asyncpg needs "
            "statement_cache_size=0, JDBC prepareThreshold=0"
        )
    if pid := packaged_pid():
        yield (
            f"note: another PgBouncer runs on this machine, as the package's service does (pid {pid}); if nobody uses it: "
            "systemctl disable --now pgbouncer"
        )
