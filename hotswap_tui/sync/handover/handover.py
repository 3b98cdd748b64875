"""The data's part of a switch, over the switch's own connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Role
from hotswap_tui.routing.handover import Secured
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.dossier import dossier, taking
from hotswap_tui.sync.dossier.asking import Asking
from hotswap_tui.sync.dossier.mark import REHEARSAL
from hotswap_tui.sync.handover import catching_up, sequence_moves
from hotswap_tui.sync.handover.sequences import PLACES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.sync import Mark
    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.sync.handover.sequence_moves import Moves
    from hotswap_tui.sync.known import Known


class PairHandover:
    """Carries over what a switch would leave behind: `routing.handover.Handover`."""

    def __init__(self, known: Known, gap: int, wall_s: Callable[[], float]) -> None:
        """Prepare. `known`: the last look at the pair. `gap`: steps that a sequence is moved when its source is lost."""
        self._known = known
        self._gap = gap
        self._wall_s = wall_s

    def rehearsal(self, target: Role) -> Sequence[str]:
        """Return queries that change nothing, after which `target` is quick to answer what `secure` asks."""
        marked = (REHEARSAL,) if target is Role.SECONDARY else ()
        return (*marked, PLACES) if self._known.sequences else marked

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
        """Move the target's sequences ahead, and note where a secondary stands: what we did ourselves is behind the mark.

        Two round trips to a secondary whose sequences are moved, one where none are.
        """
        deadline_s = _now_s() + timeout_s
        moves = sequence_moves.NO_MOVES
        if sequences and alive:
            moves = await sequence_moves.follow(inspect(source), inspect(target), timeout_s)
        elif sequences:
            known = self._known.sequences.get(source, ())
            moves = await sequence_moves.advance(inspect(target), known, self._gap, timeout_s * 0.7)
        if target is Role.PRIMARY:
            return _secured(moves, await _move(inspect(target), moves, deadline_s - _now_s()))
        takers = await self._takers(inspect(source), timeout_s * 0.2) if alive else self._known.takers
        return await self._mark(inspect(target), moves, takers, deadline_s)

    async def _takers(self, primary: Inspection, timeout_s: float) -> str:
        try:
            return await taking.takers(Asking(primary, timeout_s))
        except InspectionError:
            return self._known.takers

    async def _mark(self, secondary: Inspection, moves: Moves, takers: str, deadline_s: float) -> Secured:
        """Do both at once, and one by one where that fails."""
        failure = ""
        if moves.query:
            try:
                return _secured(moves, mark=await self._take(secondary, takers, deadline_s, moves.query))
            except InspectionError:
                failure = await _move(secondary, moves, (deadline_s - _now_s()) / 2)
        try:
            return _secured(moves, failure, mark=await self._take(secondary, takers, deadline_s))
        except InspectionError as error:
            return _secured(moves, failure, unmarked=f"where the secondary stands could not be noted: {error}")

    async def _take(self, secondary: Inspection, takers: str, deadline_s: float, moves: str = "NULL") -> Mark:
        wall_s, left_s = self._wall_s(), deadline_s - _now_s()
        return await dossier.take_mark(secondary, Role.SECONDARY, wall_s, left_s, takers=takers, moves=moves)


async def _move(target: Inspection, moves: Moves, timeout_s: float) -> str:
    """Move the sequences; return why they could not be moved, empty when they were."""
    if moves.query:
        try:
            await target.rows(moves.query, timeout_s)
        except InspectionError as error:
            return moves.failed(error)
    return ""


def _secured(moves: Moves, failure: str = "", *, mark: Mark | None = None, unmarked: str = "") -> Secured:
    problems = "; ".join(filter(None, (moves.problem, failure, unmarked)))
    return Secured(mark, "" if failure else moves.words, problems, repeating=bool(moves.problem or failure))


def _now_s() -> float:
    return asyncio.get_running_loop().time()
