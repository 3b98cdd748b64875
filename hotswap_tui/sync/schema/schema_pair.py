"""Both databases' schemas, read at the same time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.schema.catalogue import TIMEOUT_S, fingerprint, read_catalogue
from hotswap_tui.sync.schema.compare import differences

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.schema.compare import Difference

T = TypeVar("T")

_REPLAY_S: Final = 10.0
"""What a standby gets to receive a schema that was just changed."""
_LOOK_S: Final = 0.2


async def compared(primary: Dsn, secondary: Dsn, *, patient: bool = False) -> tuple[Difference, ...]:
    """Return how the two schemas differ; `patient`: a standby may still be about to receive them. Raises InspectionError."""
    async with _pair(primary, secondary) as pair:
        found = await _differences(pair)
        if found and patient and any(await _each(pair, is_standby)):
            deadline_s = asyncio.get_running_loop().time() + _REPLAY_S
            while found and asyncio.get_running_loop().time() < deadline_s:
                await asyncio.sleep(_LOOK_S)
                found = await _differences(pair)
        return found


async def is_standby(inspection: PostgresInspection, timeout_s: float) -> bool:
    """Say whether the server is in recovery. Raises InspectionError."""
    ((answer,),) = await inspection.rows("SELECT pg_catalog.pg_is_in_recovery()", timeout_s)
    return answer == "t"


async def _differences(pair: tuple[PostgresInspection, PostgresInspection]) -> tuple[Difference, ...]:
    ours, theirs = await _each(pair, fingerprint)
    if ours == theirs:
        return ()
    return differences(*await _each(pair, read_catalogue))


async def _each(
    pair: tuple[PostgresInspection, PostgresInspection],
    ask: Callable[[PostgresInspection, float], Awaitable[T]],
) -> tuple[T, T]:
    """Ask both at once; a failure names the database."""
    answers = await asyncio.gather(*(ask(one, TIMEOUT_S) for one in pair), return_exceptions=True)
    for role, answer in zip(("primary", "secondary"), answers, strict=True):
        if isinstance(answer, InspectionError):
            raise InspectionError(f"{role}: {answer}") from answer
        if isinstance(answer, BaseException):
            raise answer
    one, other = answers
    assert not isinstance(one, BaseException)
    assert not isinstance(other, BaseException)
    return one, other


@asynccontextmanager
async def _pair(primary: Dsn, secondary: Dsn) -> AsyncIterator[tuple[PostgresInspection, PostgresInspection]]:
    pair = PostgresInspection(primary), PostgresInspection(secondary)
    try:
        yield pair
    finally:
        for one in pair:
            await one.aclose()
