"""A gateway that lets others in: TLS for everybody, and the console through the Unix socket only."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
from pydantic import SecretStr

from hotswap_tui.demo.ports import reserve_port
from hotswap_tui.dsn import Address
from hotswap_tui.gateway.account import account_of, find_account
from hotswap_tui.gateway.front import ClientTls, Front
from hotswap_tui.gateway.installed import find_pgbouncer
from hotswap_tui.gateway.setup import create
from tests.probes.tls_front import Authority
from tests.support.bouncers import needs_pgbouncer
from tests.support.until import until_sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotswap_tui.routing.layout import Gateway
    from tests.support.clusters import ServerPair

pytestmark = [
    needs_pgbouncer,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program makes the certificates"),
]

REJECTED = ("login rejected", "no authentication method is found")
"""Up to 1.18, and from 1.24 on."""


@pytest.fixture
def remote(server_pair: ServerPair, place: Path) -> Iterator[Gateway]:
    """Run a PgBouncer that listens on every address."""
    issued = Authority(place).issue("gateway.example")
    for path in (issued.certificate, issued.key):
        if os.geteuid() == 0:
            os.chown(path, find_account(None).uid, -1)
    with reserve_port() as held:
        listen = Address("0.0.0.0", held.getsockname()[1])
        front = Front(listen=listen, tls=ClientTls(issued.certificate, issued.key), allow=("10.0.0.0/8",))
        gateway = create(place / "g", SecretStr(server_pair.primary.url), None, front)
        account = account_of(gateway)
        program = subprocess.Popen(
            [find_pgbouncer().program, "-q", place / "g" / "pgbouncer.ini"],
            cwd="/",
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        try:
            until_sync(gateway.pid_file.exists, what="PgBouncer's pid file")
            yield gateway
        finally:
            program.kill()
            program.wait()


def asked(url: str, command: str) -> str:
    """Return the first value of the answer, or the error."""
    try:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None, connect_timeout=10) as connection:
            row = connection.execute(command.encode()).fetchone()
            return str(row[0]) if row else ""
    except psycopg.Error as error:
        return str(error)


def test_who_may_come_in_and_how(remote: Gateway):
    application, console = remote.application.get_secret_value(), remote.console.get_secret_value()
    assert "sslmode=require" in application
    assert asked(application, "SELECT current_database()") == "cc_financial"
    assert "SSL required" in asked(application.replace("sslmode=require", "sslmode=disable"), "SELECT 1")
    assert "PgBouncer" in asked(console, "SHOW VERSION")
    login = console.partition("@")[0]
    over_tcp = f"{login}@127.0.0.1:{remote.port}/pgbouncer?sslmode=require"
    assert asked(over_tcp, "SHOW VERSION").strip().endswith(REJECTED)


def test_nobody_logs_in_as_another(remote: Gateway):
    """The application's database is the application's user's alone."""
    console = remote.console.get_secret_value()
    login = console.partition("@")[0]
    over_tcp = f"{login}@127.0.0.1:{remote.port}/cc_financial?sslmode=require"
    assert asked(over_tcp, "SELECT 1").strip().endswith(REJECTED)
