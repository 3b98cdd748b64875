"""Who is cut off when a database is left, and who is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from pydantic import SecretStr

from hotswap_tui.core.plan import PoolMode, Step, choose
from hotswap_tui.core.values import Role
from hotswap_tui.demo.load import READ, Load
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.console import Console
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.routing.severing import Severing
from tests.support.bouncer_routers import Steps
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRM = replace(choose(Role.PRIMARY, None, PoolMode.TRANSACTION, (1, 18), firm=True), drain_s=0.7)


class Unkind(PostgresInspection):
    """A server that does not let its sessions be ended."""

    async def terminate(self, *_: object) -> int:
        raise InspectionError("not allowed")


async def test_who_waits_because_of_the_hold_is_served_before_the_pulse(bouncer, make_router, server_pair):
    """The pulse ends whoever has queued for half a second: here only who hangs on the server that will not end it."""
    router = make_router(bouncer, inspect=lambda role: Unkind(parse(SecretStr(getattr(server_pair, role).url))))
    steps = Steps()
    async with Load(bouncer.url, clients=2, period_s=0.02, statement=READ) as held:
        await until(lambda: held.totals().successes > 2)
        async with await psycopg.AsyncConnection.connect(bouncer.url, prepare_threshold=None) as client:
            await client.execute("SELECT 1")
            arrival = await router.switch(Role.SECONDARY, FIRM, steps)
            await until(lambda: {each.marker for each in held.totals().clients} == {"secondary"})
            assert held.totals().errors == 0
            assert client.broken or await _is_ended(client)
    assert steps.done == list(FIRM.steps)
    assert steps.done.index(Step.SEVER) < steps.done.index(Step.RELEASE)
    assert arrival.severed == 1
    assert arrival.waited.clients == 2
    assert arrival.waited.longest_s > 0.5
    assert {bouncer.setting("query_timeout"), bouncer.setting("idle_transaction_timeout")} == {"0"}


async def _is_ended(client: psycopg.AsyncConnection) -> bool:
    try:
        await client.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


async def test_a_pulse_does_not_take_that_of_another_for_what_was_set(bouncer):
    """It would be restored, and stay, after the other one has put everything back."""
    bouncer.ask("SET query_timeout='0.5'")

    class Other:
        def note_settings(self, former: Mapping[str, str]) -> None:
            if former:
                bouncer.ask("SET query_timeout='0'")

    await Severing(Console(bouncer.gateway), bouncer.gateway.database, Other()).pulse()
    assert {bouncer.setting("query_timeout"), bouncer.setting("idle_transaction_timeout")} == {"0"}
