"""Short ways to a prober for a test."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.probes.prober import PostgresProber

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


PASSWORD = "secret"


@asynccontextmanager
async def probing(
    url: str, *, timeout_s: float = 5.0, writable: bool = True, write_check: bool = False, role: Role = Role.PRIMARY
) -> AsyncIterator[PostgresProber]:
    """Make a prober and close it."""
    prober = PostgresProber(role, parse(url), timeout_s=timeout_s, writable=writable, write_check=write_check)
    prober.serving = write_check
    try:
        yield prober
    finally:
        await prober.aclose()


def url_to(port: int, query: str = "", *, host: str = "127.0.0.1", password: str = PASSWORD) -> str:
    """Give a connection string that leads to `port`."""
    return f"postgresql://ccfinapp:{password}@{host}:{port}/cc_financial{'?' + query if query else ''}"


def open_sockets() -> int:
    """Count the sockets that this process has open."""
    return sum(1 for fd in Path("/proc/self/fd").iterdir() if _target(fd).startswith("socket:"))


def _target(fd: Path) -> str:
    try:
        return str(fd.readlink())
    except FileNotFoundError:
        return ""
