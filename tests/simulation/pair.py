"""What a look at the simulated pair brings, and whether the engine heeds it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hotswap_tui.core.sync import Dossier, Flow, Relation, Safety, SyncReading
from hotswap_tui.core.values import Role, Switch, SwitchKind
from tests.simulation.truth import BrokenPromiseError

if TYPE_CHECKING:
    import random

    from hotswap_tui.engine.ports import SyncQuestion
    from tests.simulation.world import World

_LAGS_S = (0.0, 0.1, 2.0, 30.0, 900.0, None)


class FakeReader:
    """Finds another lag and another verdict every now and then; keeps what it has told this life of the engine."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world, self._rng = world, rng
        self.told: deque[SyncReading] = deque(maxlen=2)
        """The newest last; the engine drops one that a switch has overtaken."""

    async def read(self, question: SyncQuestion) -> SyncReading:
        loop, rng = self._world.loop, self._rng
        measured_s = loop.now_s
        await loop.pause(0.05)
        lag_s = rng.choice(_LAGS_S)
        dossier = None
        if question.active is Role.SECONDARY:
            dossier = Dossier(rng.choice(tuple(Safety)), "so it is", read_s=loop.now_s)
        flow = Flow(Role.PRIMARY, "sub", streaming=lag_s is not None, lag_s=lag_s, measured_s=measured_s)
        self.told.append(SyncReading(loop.now_s, Relation.LOGICAL, (flow,), dossier=dossier))
        return self.told[-1]

    async def aclose(self) -> None:
        """Nothing is open."""

    def judge(self, switch: Switch) -> None:
        """Complain about an automatic switch that what was told forbids."""
        policy = self._world.policy
        limit_s = policy.max_lag_s
        if switch.kind is SwitchKind.FAILOVER and switch.target is Role.SECONDARY and limit_s is not None:
            lags = [flow.lag_s for told in self.told for flow in told.flows]
            if not any(lag_s is not None and lag_s <= limit_s for lag_s in lags):
                raise BrokenPromiseError(f"{switch} although the secondary lacks {lags}")
        if switch.kind is SwitchKind.FAILBACK and policy.failback_guarded:
            verdicts = [told.dossier.verdict for told in self.told if told.dossier is not None]
            if not {Safety.SAFE, Safety.NEEDS_SYNC} & set(verdicts):
                raise BrokenPromiseError(f"{switch} although a failback is {verdicts}")
