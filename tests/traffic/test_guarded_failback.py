"""DB_FAILBACK_GUARD=block with everything real: traffic returns by itself when nothing is lost by it, and stays where it is otherwise."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg

from hotswap_tui.core.sync import Safety
from hotswap_tui.core.values import Kind, Role
from tests.support.bouncers import needs_pgbouncer
from tests.support.clusters import ServerPair
from tests.support.inserting import Inserting, lost, written
from tests.support.replicated import replicated_pair
from tests.support.traffic import Stage
from tests.support.until import until
from tests.traffic.courses import FAST, answered, both_up, serves

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot
    from tests.support.clusters import Clusters
    from tests.support.engine_process import EngineProcess

pytestmark = needs_pgbouncer
GUARDED = FAST | {
    "DB_FAILURE_THRESHOLD": "2",
    "DB_FAILBACK": "auto",
    "DB_FAILBACK_GUARD": "block",
    "DB_RECOVERY_THRESHOLD": "1",
}
ROWS = 60
INSERT = b"INSERT INTO users (email, name) VALUES (gen_random_uuid()::text, 'x')"


async def told(engine: EngineProcess, kind: Kind, words: str) -> None:
    async def seen() -> bool:
        return any(words in event.text for event in await engine.events(kind))

    await until(seen, 20.0, f"{kind}: {words}")


def safe(picture: Snapshot) -> bool:
    dossier = picture.sync.dossier if picture.sync is not None else None
    return serves(Role.SECONDARY)(picture) and dossier is not None and dossier.verdict is Safety.SAFE


async def test_what_a_look_called_safe_is_proven_again_under_the_hold(stage):
    """The row came after the look: the failback is refused, the reason told, and clients go on."""
    async with stage.load(clients=2, period_s=0.02, statement="SELECT name FROM marker") as load:
        with stage.engine(**GUARDED, DB_SYNC_CHECK_INTERVAL="600000") as engine:
            await engine.until(both_up)
            await answered(load)
            await asyncio.to_thread(stage.primary.crash)
            await engine.until(safe)
            async with await psycopg.AsyncConnection.connect(stage.pair.secondary.url) as client:
                await client.execute(INSERT)
            await asyncio.to_thread(stage.heal)
            why = "failed at step catch up: 1 transaction was committed on the secondary that is not ours, and nothing carries it back"
            await told(engine, Kind.SWITCH_FAILED, why)
            await engine.until(serves(Role.SECONDARY))
            await answered(load, "secondary")
            assert stage.undisturbed()
            await told(engine, Kind.NO_SWITCH, "the secondary is DIVERGED")


async def test_a_way_back_is_waited_for_and_no_row_is_lost(clusters: Clusters):
    """Without one traffic stays; with it the failback comes by itself, under load."""
    with replicated_pair(clusters, two_way=True) as pair, Stage(ServerPair(pair.primary, pair.secondary)) as stage:
        async with Inserting(stage.application_url, 100.0, clients=4) as load:
            with stage.engine(**GUARDED, DB_SYNC_CHECK_INTERVAL="1000") as engine:
                await engine.until(lambda picture: both_up(picture) and picture.sync is not None)
                await until(lambda: load.has(ROWS), 20.0, "rows")
                pair.execute(pair.primary, f"ALTER SUBSCRIPTION {pair.back_subscription} DISABLE")
                await asyncio.to_thread(pair.await_caught_up)
                await asyncio.to_thread(pair.primary.crash)
                await engine.until(serves(Role.SECONDARY))
                await asyncio.to_thread(stage.heal)
                await told(engine, Kind.NO_SWITCH, "does not")
                rows = len(load.confirmed)
                await until(lambda: load.has(rows + ROWS), 20.0, "rows on the secondary")
                assert (await engine.snapshot()).active is Role.SECONDARY
                pair.execute(pair.primary, f"ALTER SUBSCRIPTION {pair.back_subscription} ENABLE")
                await engine.until(serves(Role.PRIMARY), 30.0)
                rows = len(load.confirmed)
                await until(lambda: load.has(rows + ROWS), 20.0, "rows on the primary")
        for server in pair[:2]:
            await asyncio.to_thread(pair.await_caught_up, server)
            assert lost(load, written(pair, server)) == []
        assert load.collisions == []
