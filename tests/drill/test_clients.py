"""The clients that ask through a real PgBouncer while something happens to it."""

from __future__ import annotations

import asyncio

import pytest

from hotswap_tui.drill import client
from hotswap_tui.drill.clients import asking, first_answer
from hotswap_tui.dsn import parse
from tests.support.until import until


async def test_errors_and_waits_are_counted_and_both_go_on(stage):
    async with asking(parse(stage.gateway.application)) as clients:
        await clients.answered(2, 10.0)
        assert len(clients.kept().markers) == 1, "one server has answered"
        await asyncio.to_thread(stage.kill_bouncer)
        await until(lambda: clients.kept().errors and clients.anew().errors, what="errors of both")
        await asyncio.to_thread(stage.start_bouncer)
        before = clients.kept().successes, clients.anew().successes
        await until(lambda: clients.kept().successes > before[0] and clients.anew().successes > before[1])
        assert clients.kept().outage.took_s > 0.1


async def test_a_question_that_is_never_answered_ends(silent_listener, monkeypatch):
    monkeypatch.setattr(client, "STUCK_S", 0.2)
    asked = client.Client(parse(f"postgresql://app:secret@127.0.0.1:{silent_listener.port}/app"))
    with pytest.raises(client.StuckError) as caught:
        await asked.ask()
    assert client.kind(caught.value) == client.STUCK
    await asked.close()


async def test_a_gateway_that_answers_nobody_is_known_before_anything_moves(stage):
    assert await first_answer(parse(stage.gateway.application)) == ""
    await asyncio.to_thread(stage.kill_bouncer)
    why = await first_answer(parse(stage.gateway.application))
    assert "refused" in why.casefold()
