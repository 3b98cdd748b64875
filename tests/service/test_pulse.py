"""The watchdog is kept quiet while checks are made, and only then."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.gateway.notify import Notifier
from hotswap_tui.service.pulse import Pulse, overdue_s
from tests.support.pictures import NOW_S, database, snapshot
from tests.support.scripted_client import ScriptedClient
from tests.support.until import until


@pytest.mark.parametrize(
    ("ago_s", "late"),
    [(-20.0, False), (1.0, False), (14.0, False), (16.0, True), (3600.0, True)],
)
def test_a_check_may_take_its_time_out_and_some_patience(ago_s, late):
    view = database(Role.SECONDARY, next_check_s=NOW_S - ago_s)
    assert bool(overdue_s(snapshot(secondary=view, started_s=0.0))) is late


def test_the_first_check_is_due_at_the_start():
    view = database(Role.PRIMARY, next_check_s=float("-inf"))
    assert overdue_s(snapshot(primary=view, started_s=NOW_S - 1)) == 0.0
    assert overdue_s(snapshot(primary=view, started_s=NOW_S - 60)) > 0.0


class Told(Notifier):
    """Remembers instead of sending."""

    def __init__(self) -> None:
        super().__init__({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "40000"})
        self.sent: list[str] = []

    def _send(self, text: str) -> None:
        self.sent.append(text)


async def test_nothing_is_sent_to_the_watchdog_while_a_check_is_late():
    late = replace(snapshot(), started_s=0.0, primary=database(Role.PRIMARY, next_check_s=NOW_S - 100))
    client, told = ScriptedClient(late), Told()
    beating = asyncio.ensure_future(Pulse(client, told).beat())
    await until(lambda: len(told.sent) > 2)
    assert "WATCHDOG=1" not in told.sent
    assert all(sent == "STATUS=a check is late by 95 s" for sent in told.sent)
    client.change(primary=database(Role.PRIMARY))
    await until(lambda: told.sent.count("WATCHDOG=1") > 2)
    assert any(sent.startswith("STATUS=PRIMARY serving") for sent in told.sent)
    beating.cancel()


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_this_process_s_own(environ, watchdog_s):
    assert Notifier(environ).watchdog_s == watchdog_s
