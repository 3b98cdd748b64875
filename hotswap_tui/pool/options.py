"""What a HotSwapPool passes on to psycopg's AsyncConnectionPool, in its words and with its defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypedDict

from psycopg_pool.abc import ACT

if TYPE_CHECKING:
    from psycopg_pool.abc import AsyncConnectionCB


class PoolOptions(TypedDict, Generic[ACT], total=False):
    """Keyword arguments of psycopg_pool.AsyncConnectionPool, whose manual describes them."""

    connection_class: type[ACT]
    kwargs: dict[str, Any]
    """For `connect`: row_factory, autocommit, application_name, prepare_threshold, …"""
    min_size: int
    max_size: int | None
    configure: AsyncConnectionCB[ACT]
    check: AsyncConnectionCB[ACT]
    reset: AsyncConnectionCB[ACT]
    name: str
    timeout: float
    """How long a caller waits for a connection, a switch included; seconds, by default 30."""
    max_waiting: int
    max_lifetime: float
    max_idle: float
    reconnect_timeout: float
    num_workers: int
