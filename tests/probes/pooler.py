"""A PgBouncer in transaction mode before a test's server."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.dsn import parse
from tests.support.until import until_sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.demo.servers import Server

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
needs_pgbouncer = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")


@contextmanager
def pooler(server: Server) -> Iterator[int]:
    """Run a PgBouncer with two server connections, by turns; gives its port."""
    password = parse(server.url).password
    assert password is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    users = server.directory / "userlist.txt"
    users.write_text(f'"ccfinapp" "{password.get_secret_value()}"\n')
    config = server.directory / "pgbouncer.ini"
    config.write_text(f"""
        [databases]
        cc_financial = host=127.0.0.1 port={server.port}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = {users}
        pool_mode = transaction
        server_round_robin = 1
        min_pool_size = 2
        server_login_retry = 0.2
    """)
    assert PGBOUNCER is not None
    account = pwd.getpwuid(server.directory.stat().st_uid) if os.geteuid() == 0 else None
    log = (server.directory / "pgbouncer.log").open("wb")
    process = subprocess.Popen(
        [PGBOUNCER, str(config)],
        stdout=log,
        stderr=log,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )
    try:
        until_sync(lambda: _listens(port), what=Path(log.name).read_text())
        yield port
    finally:
        process.kill()
        process.wait()
        log.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def through(server: Server, port: int, query: str = "") -> str:
    return server.url.replace(f":{server.port}/", f":{port}/") + query
