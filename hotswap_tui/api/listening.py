"""Listening to an engine, also across its restarts."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, NamedTuple

from hotswap_tui.api.client import NoEngineError, follow

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from hotswap_tui.api.client import Update

_RETRY_S: Final = 0.5


class Lost(NamedTuple):
    """The engine is not heard."""

    since_s: float
    """Monotonic seconds."""
    why: str


async def heard(path: Path) -> AsyncGenerator[Update | Lost, None]:
    """Yield what the engine at `path` tells and, while it is not heard, why; the first update after that holds everything.

    It goes on until it is closed. Raises NotAllowedError, WireError.
    """
    since_s: float | None = None
    while True:
        try:
            async with aclosing(follow(path)) as updates:
                async for update in updates:
                    since_s = None
                    yield update
        except NoEngineError as error:
            since_s = asyncio.get_running_loop().time() if since_s is None else since_s
            yield Lost(since_s, error.why)
        await asyncio.sleep(_RETRY_S)
