"""Where open sessions need not end by themselves, they end before the data is brought over: no row is written behind its back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotswap_tui.core.plan import DataPlan, PoolMode, Step, choose
from hotswap_tui.core.values import Role
from tests.support.bouncer_routers import Steps, router_of
from tests.support.until import until

if TYPE_CHECKING:
    from tests.support.traffic import Stage


class Seeing:
    """A handover that only looks who has a session at the source when it is asked."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.seen: list[list[str]] = []

    async def catch_up(self, _inspect, source, _target, _timeout_s, _waits):
        self.seen.append([each for each in await self.stage.sessions(source) if "writer" in each])
        return "everything has arrived"


@pytest.mark.parametrize("stage", [PoolMode.SESSION], indirect=True)
async def test_sessions_end_before_the_last_writes_are_waited_for(stage):
    seeing: Any = Seeing(stage)
    urls = {role: stage.server(role).url for role in Role}
    router = router_of(stage.gateway, urls, handover=seeing)
    plan = choose(Role.PRIMARY, None, PoolMode.SESSION, (1, 18), data=DataPlan(catch_up=True))
    try:
        async with stage.open_transaction("writer"):

            async def there() -> bool:
                return any("writer" in each for each in await stage.sessions(Role.PRIMARY))

            await until(there, 10.0, "the writer's session")
            steps = Steps()
            arrival = await router.switch(Role.SECONDARY, plan, steps)
    finally:
        await router.aclose()
    assert [bool(seen) for seen in seeing.seen] == [True, False], "first without a hold, then when it was in force"
    assert arrival.severed >= 1
    assert arrival.secured.words == "everything has arrived"
    assert Step.CATCH_UP in steps.done
