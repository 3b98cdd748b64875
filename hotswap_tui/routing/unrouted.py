"""The router without a gateway: nothing is moved, and every reading says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.plan import Step
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import UNROUTED
from hotswap_tui.routing.data_steps import DataSteps
from hotswap_tui.routing.handover import NOTHING_SECURED
from hotswap_tui.routing.router import Arrival, SwitchError
from hotswap_tui.routing.tools import StepError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.values import Role, RouterReading, Tell
    from hotswap_tui.routing.handover import Handover, Secured
    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.routing.router import Progress


class Unrouted:
    """Decide and tell only; applications follow the decision by themselves, and write as they like meanwhile.

    `handover` does the data's part of a switch all the same, as far as that can be done without a hold; `inspect` asks a
    database directly. Without both nothing is done about the data.
    """

    def __init__(self, handover: Handover | None = None, inspect: Callable[[Role], Inspection] | None = None) -> None:
        self._handover = handover
        self._inspect = inspect

    async def current(self) -> RouterReading:
        """Say that no gateway is configured."""
        return UNROUTED

    async def verify(self, role: Role) -> RouterReading:  # noqa: ARG002 - the router's protocol
        """Say that no gateway is configured."""
        return UNROUTED

    async def hold(self, budget_s: float) -> None:
        """Hold nobody: there is no traffic."""

    async def release(self) -> Waited:
        """Nobody waited."""
        return Waited()

    async def switch(self, target: Role, plan: Plan, progress: Progress) -> Arrival:
        """Take the steps that concern the data, then accept the choice of `target`; there is no traffic to move.

        Raises SwitchError where the data stops it.
        """
        secured = NOTHING_SECURED
        if self._handover is not None and self._inspect is not None:
            secured = await self._secure(self._handover, self._inspect, target, plan, progress)
        progress(Step.REPOINT, done=False)
        return Arrival(UNROUTED, secured=secured)

    async def reconcile(self) -> Sequence[Tell]:
        """Nothing was left."""
        return ()

    async def aclose(self) -> None:
        """Hold nothing, so let go of nothing."""

    async def _secure(
        self,
        handover: Handover,
        inspect: Callable[[Role], Inspection],
        target: Role,
        plan: Plan,
        progress: Progress,
    ) -> Secured:
        inspections: dict[Role, Inspection] = {}

        def inspection(role: Role) -> Inspection:
            if role not in inspections:
                inspections[role] = inspect(role)
            return inspections[role]

        data = DataSteps(handover, plan, target, inspection)
        try:
            for step in plan.steps:
                if step in {Step.CATCH_UP, Step.SECURE}:
                    progress(step, done=False)
                    await self._take(step, data, progress)
                    progress(step, done=True)
        except StepError as error:
            raise SwitchError(step, f"{error}; nothing was moved") from error
        finally:
            for each in inspections.values():
                await each.aclose()
        return data.secured

    async def _take(self, step: Step, data: DataSteps, progress: Progress) -> None:
        if step is Step.CATCH_UP:
            await data.catch_up(_all_of_it, lambda what: progress(step, done=False, detail=what))
        else:
            await data.secure(_all_of_it)


def _all_of_it(wished_s: float) -> float:
    return wished_s
