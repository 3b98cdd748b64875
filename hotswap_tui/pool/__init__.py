"""For Python applications: connections to the database that serves, without PgBouncer.

What the pool does follows from the engine's picture alone (`course`). Its connections to one database are a psycopg pool of
their own (`lane`), which is left behind with everything that belongs to it when another database serves.
"""

from __future__ import annotations

from hotswap_tui.core.values import Role
from hotswap_tui.pool.both_writes import BothWrites, Outcome, Write
from hotswap_tui.pool.errors import EngineElsewhereError, GivenUpError, NoDatabaseError, PairError
from hotswap_tui.pool.moved import Moved
from hotswap_tui.pool.options import PoolOptions
from hotswap_tui.pool.pool import HotSwapPool

__all__ = [
    "BothWrites",
    "EngineElsewhereError",
    "GivenUpError",
    "HotSwapPool",
    "Moved",
    "NoDatabaseError",
    "Outcome",
    "PairError",
    "PoolOptions",
    "Role",
    "Write",
]
