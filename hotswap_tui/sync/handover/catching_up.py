"""Waiting until a database has everything that another one has committed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.amount_words import size
from hotswap_tui.routing.handover import HandoverError
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.handover import links

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.values import Role
    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.sync.handover.links import Link

_NUDGE: Final = "SELECT pg_catalog.pg_logical_emit_message(true, 'hotswap-tui', 'catch up')"
_NUDGE_AFTER_S: Final = 0.03
_SHORTEST_S: Final = 0.002
_LONGEST_S: Final = 0.05
_TELL_EVERY_S: Final = 0.25


async def catch_up(
    inspect: Callable[[Role], Inspection],
    source: Role,
    target: Role,
    timeout_s: float,
    waits: Callable[[str], None],
) -> str:
    """Return, in words, once `target` has everything that `source` had committed when this was called.

    `waits` is told how much is missing. Raises HandoverError when it is not so within `timeout_s`, or cannot be found out.
    """
    begun_s = _now_s()
    try:
        way = await links.find(inspect, source, target, timeout_s)
        if way.place is None:
            return f"{source} is in recovery, nothing was written there"
        missing = await _wait(inspect(source), way.link, way.place, begun_s + timeout_s, waits)
    except InspectionError as error:
        raise HandoverError(f"how far {target} is behind {source} could not be read: {error}") from error
    if missing:
        why = f": {way.link.trouble}" if way.link.trouble else ""
        raise HandoverError(f"{target} is {size(missing)} behind after {timeout_s:g} s{why}")
    return f"{target} had everything after {_now_s() - begun_s:.2f} s"


async def _wait(source: Inspection, link: Link, place: int, deadline_s: float, waits: Callable[[str], None]) -> int:
    """Return what is still missing up to `place` at `deadline_s`, 0 as soon as nothing is."""
    begun_s = told_s = _now_s()
    pause_s, nudged = _SHORTEST_S, False
    while missing := await link.missing(place, max(_LONGEST_S, deadline_s - _now_s())):
        now_s = _now_s()
        if now_s >= deadline_s:
            return missing
        if not nudged and now_s >= begun_s + _NUDGE_AFTER_S:
            nudged = True
            await _nudge(source, deadline_s - now_s)
        if now_s >= told_s + _TELL_EVERY_S:
            told_s = now_s
            waits(f"{size(missing)} to go")
        await asyncio.sleep(min(pause_s, deadline_s - now_s))
        pause_s = min(2 * pause_s, _LONGEST_S)
    return 0


async def _nudge(source: Inspection, timeout_s: float) -> None:
    """Make the source write its log out, and say its place once more: what waits for the disk there is not sent before.

    That is a transaction which changes nothing and goes nowhere. A full disk or a read-only server refuses it.
    """
    with suppress(InspectionError):
        await source.rows(_NUDGE, timeout_s)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
