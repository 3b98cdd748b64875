"""What a switch does about the data itself, and when that stops it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.plan import CATCH_UP_S, SECURE_S, Recipe, Step
from hotswap_tui.routing.handover import NOTHING_SECURED, HandoverError, Secured
from hotswap_tui.routing.tools import StepError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.values import Role
    from hotswap_tui.routing.handover import Handover
    from hotswap_tui.routing.inspection import Inspection

APPROACH_S: Final = 15.0
"""How long a target that is behind is waited for while nobody waits for us."""
PROVE_S: Final = 2.0
SECURE_PLANNED_S: Final = 3.0
"""Both databases are read, and some thousand sequences may have to be moved."""


class DataSteps:
    """The data's part of one switch to `target`; without `handover` every step is nothing."""

    def __init__(
        self, handover: Handover | None, plan: Plan, target: Role, inspect: Callable[[Role], Inspection]
    ) -> None:
        self._handover = handover
        self._plan = plan
        self._data = plan.data
        self._target = target
        self._inspect = inspect
        self._behind = False
        self._words: list[str] = []
        self._problems: list[str] = []
        self._secured = NOTHING_SECURED

    @property
    def longest_s(self) -> float:
        """Return how long clients may have to wait for it."""
        steps = self._plan.steps
        waits = CATCH_UP_S * self._data.catch_up + PROVE_S * self._data.prove_safe if Step.CATCH_UP in steps else 0.0
        return waits + (SECURE_PLANNED_S if Step.SECURE in steps else 0.0)

    @property
    def secured(self) -> Secured:
        """Return what has been done, and what could not be."""
        words, problems = "; ".join(self._words), "; ".join(self._problems)
        return replace(self._secured, words=words, problem=problems)

    async def approach(self, tell: Callable[[str], None]) -> None:
        """Wait until the target is close, while nobody is held. Raises StepError when it stays behind and that matters."""
        if self._handover is None or not self._data.catch_up or Step.CATCH_UP not in self._plan.steps:
            return
        limit_s = APPROACH_S if self._data.must_catch_up else CATCH_UP_S
        try:
            await self._handover.catch_up(self._inspect, self._target.other, self._target, limit_s, tell)
        except HandoverError as error:
            self._lacks(error, "; nobody was held")

    async def catch_up(self, within: Callable[[float], float], tell: Callable[[str], None]) -> None:
        """Wait for the last bit, nobody writing any more, and prove what has to be proven. Raises StepError.

        `within` says how long something may take that would like so long.
        """
        if self._handover is None:
            if self._data.prove_safe:
                raise StepError("nothing here can prove that what was written is not lost")
            return
        source = self._target.other
        if self._data.catch_up and not self._behind:
            limit_s = within(CATCH_UP_S)
            try:
                self._words.append(await self._handover.catch_up(self._inspect, source, self._target, limit_s, tell))
            except HandoverError as error:
                self._lacks(error)
        if self._data.prove_safe:
            try:
                self._words.append(await self._handover.prove_safe(self._inspect, self._data.since, within(PROVE_S)))
            except HandoverError as error:
                raise StepError(str(error)) from error

    async def secure(self, within: Callable[[float], float]) -> None:
        """Move the target's sequences and note where it stands. Raises StepError where clients would be given keys that exist."""
        if self._handover is None:
            return
        alive = self._plan.recipe is Recipe.PLANNED
        self._secured = found = await self._handover.secure(
            self._inspect,
            self._target.other,
            self._target,
            within(SECURE_PLANNED_S if alive else SECURE_S),
            sequences=self._data.sequences,
            alive=alive,
        )
        if found.repeating and self._plan.must_secure:
            raise StepError(found.problem)
        self._words += [found.words] if found.words else []
        self._problems += [found.problem] if found.problem else []

    def _lacks(self, error: HandoverError, where: str = "") -> None:
        if self._data.must_catch_up:
            raise StepError(f"{error}{where}") from error
        self._behind = True
        self._problems.append(f"moved without what was missing: {error}")
