"""Settings that are allowed one by one and make no sense together."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.policy import confirmation_s
from hotswap_tui.routing.layout import INI

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hotswap_tui.config.settings import Settings
    from hotswap_tui.dsn import Dsn

_QUERY_WAIT: Final = re.compile(r"^\s*query_wait_timeout\s*=\s*([0-9.]+)\s*$", re.MULTILINE)


def contradictions(settings: Settings, primary: Dsn, secondary: Dsn | None) -> Iterator[str]:
    """Yield a sentence for each contradiction."""
    timeout_ms, interval_ms = settings.connection_timeout_ms, settings.health_check_interval_ms
    if timeout_ms > interval_ms:
        yield (
            f"DB_CONNECTION_TIMEOUT ({timeout_ms} ms) is longer than DB_HEALTH_CHECK_INTERVAL ({interval_ms} ms): "
            "a database that hangs is checked less often than asked"
        )
    if settings.failure_retry_interval_ms > interval_ms:
        yield (
            f"DB_FAILURE_RETRY_INTERVAL ({settings.failure_retry_interval_ms} ms) is longer than "
            f"DB_HEALTH_CHECK_INTERVAL ({interval_ms} ms): a failing database is checked less often than a healthy one"
        )
    if secondary and settings.max_switches_per_hour == 1 and settings.failback == "auto":
        yield "DB_MAX_SWITCHES_PER_HOUR (1) leaves no automatic failback: one switch is always kept for a failover"
    if secondary and primary.identity == secondary.identity:
        yield f"both URLs name {primary.identity}, told apart by user or options only"
    if secondary and not settings.sync_check_interval_ms:
        yield from _unseen(settings)
    if settings.gateway:
        yield from _of_the_hold(settings, settings.gateway)


def tenant(dsn: Dsn) -> tuple[str, ...]:
    """Return what tells databases apart; equal ones are one database."""
    # Supabase's pooler tells databases apart by user name, Neon's proxy by options, on one host, port and database name.
    return (dsn.identity, dsn.user or "", dsn.options or "")


def _unseen(settings: Settings) -> Iterator[str]:
    """Yield what waits for figures that DB_SYNC_CHECK_INTERVAL=0 never brings."""
    if settings.max_lag_ms is not None:
        yield "DB_MAX_LAG needs DB_SYNC_CHECK_INTERVAL, which is 0: nothing measures the lag, so there is no automatic failover"
    if settings.failback_guard == "block":
        yield (
            "DB_FAILBACK_GUARD=block needs DB_SYNC_CHECK_INTERVAL, which is 0: nothing proves a failback safe, so there is none "
            "by itself"
        )


def _of_the_hold(settings: Settings, gateway: Path) -> Iterator[str]:
    hold_ms, needed_ms = settings.hold_max_ms, math.ceil(confirmation_s(settings.policy()) * 1000)
    if 0 < hold_ms < needed_ms:
        yield (
            f"DB_HOLD_MAX ({hold_ms} ms) is shorter than a failure may take to be confirmed ({needed_ms} ms): clients are not held; "
            "raise it, or lower DB_FAILURE_RETRY_INTERVAL, DB_CONNECTION_TIMEOUT or DB_FAILURE_THRESHOLD"
        )
    waits_ms = _query_wait_ms(gateway / INI)
    if waits_ms and hold_ms >= waits_ms:
        yield (
            f"DB_HOLD_MAX ({hold_ms} ms) is not below query_wait_timeout in {gateway / INI} ({waits_ms} ms): PgBouncer gives clients "
            "up while they are held; lower the one or raise the other"
        )


def _query_wait_ms(path: Path) -> int:
    """Return what PgBouncer's file says; 0 where it says nothing or cannot be read, as with a PgBouncer that was adopted."""
    try:
        found = _QUERY_WAIT.findall(path.read_text(encoding="utf-8"))
        return int(float(found[-1]) * 1000) if found else 0
    except (OSError, ValueError):
        return 0
