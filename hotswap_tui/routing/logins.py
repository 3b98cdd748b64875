"""Logins at a server of the pool that is about to be paused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from hotswap_tui.routing import readings
from hotswap_tui.routing.console import now_s
from hotswap_tui.routing.tools import COMMAND_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.routing.console import Line

LOGINS_S: Final = 2.0
_QUIET_S: Final = 0.15
_CROWDED_S: Final = 0.3
"""A pool without a spare connection may be as large as it is allowed to be: nothing more logs in there."""
_POLL_S: Final = 0.002


async def let_end(database: str, by: Callable[[float], float], witness: Line) -> None:
    """Wait a moment until nothing logs in: a PAUSE would close that, and PgBouncer blame the pool (its #420).

    A pool that has just been made grows with each burst of its clients: quiet is what has been quiet for a while, with a
    connection to spare. Nobody is held meanwhile. `by` gives the deadline of what may take so long.
    """
    begun_s = loud_s = now_s()
    while now_s() < begun_s + LOGINS_S:
        pools = await witness.ask("SHOW POOLS", by(COMMAND_S))
        if readings.logins(pools, database):
            loud_s = now_s()
        elif now_s() >= loud_s + (_QUIET_S if readings.spare(pools, database) else _CROWDED_S):
            return
        await asyncio.sleep(_POLL_S)
