"""A question through PgBouncer, with the application's own credentials, that shows which server answers."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Final

from hotswap_tui.routing.console import now_s
from hotswap_tui.routing.inspection import InspectionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.traffic import Identity
    from hotswap_tui.routing.inspection import Inspection

_PAUSE_S: Final = 0.1


async def ask(canary: Callable[[], Inspection], timeout_s: float) -> Identity:
    """Return who answers, asked again until the time is over; raises InspectionError."""
    deadline_s = now_s() + timeout_s
    while True:
        try:
            async with aclosing(canary()) as inspection:
                return await inspection.identify(deadline_s - now_s())
        except InspectionError:
            if now_s() + _PAUSE_S >= deadline_s:
                raise
        await asyncio.sleep(_PAUSE_S)


def words(identity: Identity) -> str:
    """Return who answered, for people."""
    started = datetime.fromtimestamp(identity.started_at).astimezone()
    parts = (
        identity.address or "a server over a Unix socket",
        f"database {identity.database}",
        f"started {started:%Y-%m-%d %H:%M:%S}",
        f"system {identity.system_identifier}" if identity.system_identifier else "",
        "in recovery" if identity.in_recovery else "",
    )
    return ", ".join(filter(None, parts))
