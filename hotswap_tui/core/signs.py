"""What the data plane's own figures say before the next check would: signs, not verdicts. They call for a check at once."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap_tui.core.traffic import Traffic

LONG_WAIT_S = 1.0
"""A pool that is merely busy makes clients wait for milliseconds."""


class Sign(Enum):
    """What looks wrong, in words."""

    NO_SERVER = "clients wait and no connection to the server is open"
    LONG_WAIT = "a client has waited for more than a second"
    STALLED = "queries run and none has ended since the reading before"


def sign(before: Traffic | None, after: Traffic) -> Sign | None:
    """Return what calls for a check, None when nothing does. A login that fails shows as clients without any server."""
    if after.clients_waiting and not after.servers_active + after.servers_idle:
        return Sign.NO_SERVER
    if after.max_wait_s >= LONG_WAIT_S:
        return Sign.LONG_WAIT
    if before is not None and before.servers_active and after.servers_active and after.queries == before.queries:
        return Sign.STALLED
    return None
