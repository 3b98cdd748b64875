"""An engine that only observes reads the gateway back and leaves everything else alone."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from hotswap_tui.core.plan import choose
from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.routing.observed import Observed
from hotswap_tui.routing.router import HoldError, SwitchError
from tests.support.bouncer_routers import Steps


@pytest.fixture
async def observed(bouncer, server_pair):
    urls = {Role.PRIMARY: server_pair.primary.url, Role.SECONDARY: server_pair.secondary.url}
    router = Observed(bouncer.gateway, {role: parse(SecretStr(url)) for role, url in urls.items()})
    yield router
    await router.aclose()


async def test_it_says_where_traffic_goes_and_moves_nothing(observed, bouncer):
    before = bouncer.gateway.target_file.read_bytes()
    reading = await observed.current()
    assert (reading.points_to, reading.error, (await observed.verify(Role.PRIMARY)).proven) == (Role.PRIMARY, "", False)
    with pytest.raises(HoldError, match="HOTSWAP_OBSERVE"):
        await observed.hold(1.0)
    plan = choose(Role.PRIMARY, None, reading.pool_mode, reading.version)
    steps = Steps()
    with pytest.raises(SwitchError, match="HOTSWAP_OBSERVE"):
        await observed.switch(Role.SECONDARY, plan, steps)
    assert (steps.begun, await observed.reconcile()) == ([], ())
    assert bouncer.gateway.target_file.read_bytes() == before
    assert not (await observed.current()).paused
