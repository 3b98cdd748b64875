"""Watch two PostgreSQL databases, decide which one serves, and show it.

`HotSwapPool` is for applications: a pool of connections to the database that serves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap_tui.pool import HotSwapPool

__all__ = ["HotSwapPool"]

__version__ = "0.1.0"


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import the pool when it is asked for: no command needs it, and psycopg takes longer to import than all else here."""
        if name != "HotSwapPool":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from hotswap_tui.pool import HotSwapPool  # noqa: PLC0415

        return HotSwapPool
