"""A planned switch stands still while it waits for the last rows, clients held: it is killed, cancelled, or gives up by itself."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from hotswap_tui.core.plan import Step
from hotswap_tui.core.values import Kind, Role
from hotswap_tui.engine.journal import SqliteJournal
from tests.support.bouncers import needs_pgbouncer
from tests.support.clusters import ServerPair
from tests.support.inserting import Inserting, lost, written
from tests.support.replicated import replicated_pair
from tests.support.traffic import Stage
from tests.support.until import until
from tests.traffic.courses import FAST, both_up, serves

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from hotswap_tui.core.snapshot import Snapshot
    from tests.support.clusters import Clusters
    from tests.support.engine_process import EngineProcess
    from tests.support.replicated import Replicated

pytestmark = needs_pgbouncer
CLIENTS = 4
ROWS = 20
PLACE = "SELECT last_value, is_called FROM transactions_id_seq"
LAST = "INSERT INTO transactions (account_id, payee, category, amount_cents) SELECT min(id), 'last', 'last', 1 FROM accounts"


@pytest.fixture(scope="module")
def two_way(clusters: Clusters) -> Iterator[Replicated]:
    with replicated_pair(clusters, two_way=True) as pair:
        yield pair


@dataclass(slots=True)
class Course:
    """Clients that insert through PgBouncer over a replicated pair."""

    pair: Replicated
    stage: Stage
    load: Inserting

    async def flows(self) -> None:
        """Wait until every client must have been answered anew."""
        rows = len(self.load.confirmed)
        await until(lambda: self.load.has(rows + ROWS), 20.0, "rows")

    def place(self, role: Role) -> list[tuple[Any, ...]]:
        """Return where the sequence of the keys stands."""
        return self.pair.execute(self.stage.server(role), PLACE)

    @asynccontextmanager
    async def standing(self, engine: EngineProcess) -> AsyncIterator[None]:
        """Let a switch come to the catch-up, and keep that from ending: the secondary's worker waits for a lock."""
        blocking = await psycopg.AsyncConnection.connect(self.pair.superuser_url(self.pair.secondary))
        async with blocking, self.stage.open_transaction("last") as writer:
            await writer.execute(LAST)
            assert await engine.switch(Role.SECONDARY) == ""
            await engine.until(lambda picture: _step(picture) is Step.HOLD)
            await blocking.execute("LOCK TABLE transactions IN SHARE MODE")
            await writer.commit()
            await engine.until(_catches_up)
            assert self.stage.paused
            yield
            await blocking.rollback()

    async def move(self, engine: EngineProcess) -> None:
        """Switch to the secondary, which is free to apply again, and back, without a hindrance."""
        for target in (Role.SECONDARY, Role.PRIMARY):
            await engine.until(lambda picture: both_up(picture) and _streams(picture))
            asked = engine.switch(target) if target is Role.SECONDARY else engine.failback()
            assert await asked == ""
            await engine.until(serves(target))
            await self.flows()


def _step(picture: Snapshot) -> str:
    return picture.switch.step if picture.switch is not None else ""


def _catches_up(picture: Snapshot) -> bool:
    return _step(picture) is Step.CATCH_UP and picture.switch is not None and picture.switch.detail.endswith("to go")


def _streams(picture: Snapshot) -> bool:
    flow = picture.sync.flow(picture.active) if picture.sync is not None else None
    return flow is not None and flow.streaming


@pytest.fixture
async def course(two_way: Replicated) -> AsyncIterator[Course]:
    """Give clients at work; afterwards nothing is lost, and nothing is there twice or on one server only."""
    with Stage(ServerPair(two_way.primary, two_way.secondary)) as stage:
        async with Inserting(stage.application_url, 100.0, clients=CLIENTS) as load:
            yield Course(two_way, stage, load)
        await until(stage.undisturbed, 20.0, "PgBouncer as it was")
    assert load.errors == []
    rows = []
    for server in (two_way.primary, two_way.secondary):
        await asyncio.to_thread(two_way.await_caught_up, server)
        rows.append(written(two_way, server))
        assert lost(load, rows[-1]) == []
    assert set(rows[0]) == set(rows[1])
    for column in zip(*rows[0], strict=True):
        assert len(column) == len(set(column))
    two_way.execute(two_way.primary, "DELETE FROM transactions")
    await asyncio.to_thread(two_way.await_caught_up)


async def results(stage: Stage) -> list[tuple[str, str]]:
    journal = SqliteJournal(stage.home / "state")
    try:
        return [(past.record.result, past.record.error) for past in reversed(await journal.history(10))]
    finally:
        await journal.aclose()


async def test_killed_there_clients_go_on_and_the_next_start_knows(course):
    """The guard lets them go on at the source; the restart says that nothing was moved, and then a switch succeeds."""
    with course.stage.engine(**FAST) as engine:
        await engine.until(lambda picture: both_up(picture) and _streams(picture))
        before = course.place(Role.SECONDARY)
        async with course.standing(engine):
            engine.kill()
            await course.flows()
    assert course.place(Role.SECONDARY) == before
    with course.stage.engine(**FAST) as engine:
        picture = await engine.until(serves(Role.PRIMARY))
        assert picture.mode.armed
        assert any("cut off did not happen" in event.text for event in await engine.events())
        await course.move(engine)
        await engine.stop()
    assert await results(course.stage) == [("failed", "cut off by a restart"), ("done", ""), ("done", "")]


async def test_cancelled_there_clients_go_on_at_once(course):
    """The target's sequence is not used up, and the next switch succeeds."""
    with course.stage.engine(**FAST) as engine:
        await engine.until(lambda picture: both_up(picture) and _streams(picture))
        before = course.place(Role.SECONDARY)
        async with course.standing(engine):
            assert await engine.cancel() == ""
            picture = await engine.until(lambda picture: picture.last_switch)
            assert (picture.last_switch.result, picture.active) == ("cancelled", Role.PRIMARY)
            await course.flows()
            assert not course.stage.paused
        assert course.place(Role.SECONDARY) == before
        await course.move(engine)
        await engine.stop()
    assert [result for result, _ in await results(course.stage)] == ["cancelled", "done", "done"]


@pytest.mark.thorough
async def test_left_alone_it_is_given_up_in_time(course):
    """The sentence says how much was missing; clients go on at the source."""
    with course.stage.engine(**FAST) as engine:
        await engine.until(lambda picture: both_up(picture) and _streams(picture))
        async with course.standing(engine):
            picture = await engine.until(lambda picture: picture.last_switch)
            (told,) = await engine.events(Kind.SWITCH_FAILED)
            await course.flows()
    assert (picture.last_switch.result, picture.active) == ("failed", Role.PRIMARY)
    assert "at step catch up: secondary is " in told.text
    assert " behind after 5 s; traffic stays where it was, at primary" in told.text
