"""The data's part of a switch, over the switch's own connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Role
from hotswap_tui.routing.handover import Secured
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.dossier import dossier, taking
from hotswap_tui.sync.dossier.asking import Asking
from hotswap_tui.sync.handover import catching_up, sequence_moves

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.sync import Mark
    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.sync.known import Known


class PairHandover:
    """Carries over what a switch would leave behind: `routing.handover.Handover`."""

    def __init__(self, known: Known, gap: int, wall_s: Callable[[], float]) -> None:
        """Prepare. `known`: the last look at the pair. `gap`: steps that a sequence is moved when its source is lost."""
        self._known = known
        self._gap = gap
        self._wall_s = wall_s

    async def catch_up(
        self,
        inspect: Callable[[Role], Inspection],
        source: Role,
        target: Role,
        timeout_s: float,
        waits: Callable[[str], None],
    ) -> str:
        """Return, in words, once `target` has what `source` had committed when this was called; raises HandoverError."""
        return await catching_up.catch_up(inspect, source, target, timeout_s, waits)

    async def prove_safe(self, inspect: Callable[[Role], Inspection], mark: Mark | None, timeout_s: float) -> str:
        """Return the proof that nothing was written on the secondary since `mark` which the primary lacks, or raise HandoverError."""
        return await dossier.prove_safe(inspect, mark, timeout_s)

    async def secure(
        self,
        inspect: Callable[[Role], Inspection],
        source: Role,
        target: Role,
        timeout_s: float,
        *,
        sequences: bool,
        alive: bool,
    ) -> Secured:
        """Move the target's sequences ahead, then note where a secondary stands: what we did ourselves is behind the mark."""
        deadline_s = _now_s() + timeout_s
        moved = sequence_moves.Moved()
        if sequences and alive:
            moved = await sequence_moves.follow(inspect(source), inspect(target), timeout_s)
        elif sequences:
            known = self._known.sequences.get(source, ())
            moved = await sequence_moves.advance(inspect(target), known, self._gap, timeout_s * 0.7)
        mark, unmarked = None, ""
        if target is Role.SECONDARY:
            takers = await self._takers(inspect(source), timeout_s * 0.2) if alive else self._known.takers
            mark, unmarked = await self._mark(inspect(target), takers, deadline_s - _now_s())
        problems = "; ".join(filter(None, (moved.problem, unmarked)))
        return Secured(mark, moved.words, problems, repeating=bool(moved.problem))

    async def _takers(self, primary: Inspection, timeout_s: float) -> str:
        try:
            return await taking.takers(Asking(primary, timeout_s))
        except InspectionError:
            return self._known.takers

    async def _mark(self, secondary: Inspection, takers: str, timeout_s: float) -> tuple[Mark | None, str]:
        try:
            return await dossier.take_mark(secondary, Role.SECONDARY, self._wall_s(), timeout_s, takers=takers), ""
        except InspectionError as error:
            return None, f"where the secondary stands could not be noted: {error}"


def _now_s() -> float:
    return asyncio.get_running_loop().time()
