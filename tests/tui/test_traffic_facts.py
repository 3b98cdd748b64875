"""The facts of the traffic page that a reading alone does not say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.tui.traffic_facts import _hold_words, traffic_facts
from hotswap_tui.tui.traffic_record import traffic_record
from tests.support.pictures import DISARMED, POLICY, ROUTED, snapshot
from tests.support.routed_pictures import DEAD_GATEWAY, arrived, pictures
from tests.support.screens import running
from tests.support.scripted_client import ScriptedClient

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot

SLOW = replace(POLICY, failure_retry_interval_s=5.0, connection_timeout_s=5.0, failure_threshold=5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "at the first failed check, for at most 15 s"),
        ({"router": replace(ROUTED, pool_mode=PoolMode.SESSION)}, "never: session mode"),
        ({"router": replace(ROUTED, pool_mode=None)}, "not known before pgbouncer's pool mode is"),
        ({"policy": replace(POLICY, hold_max_s=0.0)}, "never: DB_HOLD_MAX is 0"),
        ({"policy": SLOW}, "never: confirming takes up to 25s, DB_HOLD_MAX is 15s"),
        ({"policy": replace(POLICY, failure_threshold=1)}, "never: the first failed check confirms the failure"),
        ({"router": replace(ROUTED, error=DEAD_GATEWAY)}, "not now: pgbouncer cannot be read"),
        ({"disagrees": True}, "not now: pgbouncer points elsewhere"),
        ({"mode": DISARMED}, "not now: automatic switching is off"),
    ],
)
def test_when_clients_are_held(changes: dict[str, Any], words: str) -> None:
    """What is promised is what the machine does."""
    assert _hold_words(snapshot(**{"router": ROUTED, **changes})).startswith(words)


async def test_a_servers_own_address_is_explained() -> None:
    """It stands beside the one that PgBouncer points to, where the two differ."""
    moved = pictures()["failed-over-routed"]
    for proof, told in (("127.0.0.1:40453, database app", True), (f"{moved.router.address}:5432, database app", True)):
        picture = replace(moved, last_switch=arrived(proof=proof))
        async with running(ScriptedClient(picture)) as (app, _):
            text = "\n".join(row.text for row in traffic_facts(app.view(), 120))
            assert ("that is the server's own address; pgbouncer reaches it as ep-cool-name" in text) is told


@pytest.mark.parametrize(
    ("picture", "proven"),
    [
        (snapshot(router=ROUTED), None),
        (pictures()["failed-over-routed"], True),
        (pictures()["unproven"], False),
        (snapshot(router=ROUTED, last_switch=arrived("failed")), None),
    ],
)
async def test_proven_is_said_of_a_switch_only(picture: Snapshot, proven: bool | None) -> None:
    """After a start nothing was moved, so nothing is proven or not."""
    async with running(ScriptedClient(picture)) as (app, _):
        gateway = traffic_record(app.view(), lambda _view, _moment: None)["gateway"]
        assert isinstance(gateway, dict)
        assert gateway.get("proven") is proven
        assert gateway["agrees"] is True
