"""The dossier where replication leads to the secondary, and back."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from hotswap_tui.core.sync import Dossier, Flow, Mark, Safety
from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.handover import HandoverError
from hotswap_tui.sync.dossier.asking import Asking
from hotswap_tui.sync.dossier.dossier import examine, prove_safe, take_mark
from hotswap_tui.sync.dossier.taking import takers
from tests.support.replicated import Replicated, replicated_pair
from tests.support.until import until, until_sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.support.clusters import Clusters

INSERT = "INSERT INTO marker (name) VALUES (gen_random_uuid()::text)"


@pytest.fixture(scope="module")
def pair(clusters: Clusters) -> Iterator[Replicated]:
    settings: dict[str, str | int] = {"track_commit_timestamp": "on", "max_prepared_transactions": 5}
    with replicated_pair(clusters, two_way=True, settings=settings) as pair:
        yield pair


class Asked(NamedTuple):
    pair: Replicated
    secondary: PostgresInspection
    primary: PostgresInspection

    @property
    def flows(self) -> tuple[Flow, ...]:
        there = Flow(Role.PRIMARY, self.pair.subscription, streaming=True, two_way=True)
        return there, Flow(Role.SECONDARY, self.pair.back_subscription, streaming=True, two_way=True)

    def inspect(self, role: Role) -> PostgresInspection:
        return self.primary if role is Role.PRIMARY else self.secondary

    async def mark(self) -> Mark:
        known = await takers(Asking(self.primary, 5.0))
        return await take_mark(self.secondary, Role.SECONDARY, 0.0, 5.0, takers=known)

    async def examine(self, mark: Mark, *, primary: bool = True, flows: tuple[Flow, ...] | None = None) -> Dossier:
        return await examine(
            self.secondary,
            self.primary if primary else None,
            mark,
            self.flows if flows is None else flows,
            read_s=0.0,
            timeout_s=5.0,
        )

    def write(self, *statements: str) -> None:
        for statement in statements:
            self.pair.execute(self.pair.secondary, statement)


@asynccontextmanager
async def asking(pair: Replicated) -> AsyncIterator[Asked]:
    inspections = [PostgresInspection(parse(pair.url(server))) for server in (pair.secondary, pair.primary)]
    try:
        yield Asked(pair, *inspections)
    finally:
        for inspection in inspections:
            await inspection.aclose()


@pytest.fixture
async def asked(pair: Replicated) -> AsyncIterator[Asked]:
    pair.await_caught_up()
    pair.await_caught_up(pair.secondary)
    async with asking(pair) as asked:
        yield asked


@contextmanager
def subscription_disabled(pair: Replicated, *, back: bool) -> Iterator[None]:
    server, name = (pair.primary, pair.back_subscription) if back else (pair.secondary, pair.subscription)
    running = f"SELECT count(*) FROM pg_stat_subscription WHERE subname = '{name}' AND pid IS NOT NULL"
    pair.execute(server, f"ALTER SUBSCRIPTION {name} DISABLE")
    until_sync(lambda: pair.execute(server, running) == [(0,)], 20)
    try:
        yield
    finally:
        pair.execute(server, f"ALTER SUBSCRIPTION {name} ENABLE")
        until_sync(lambda: pair.execute(server, running) != [(0,)], 20)


async def test_what_a_way_back_carries_needs_sync_and_is_proven_when_it_has_arrived(asked: Asked) -> None:
    mark = await asked.mark()
    asked.write(INSERT, INSERT)
    dossier = await asked.examine(mark)
    assert (dossier.verdict, dossier.transactions) == (Safety.NEEDS_SYNC, 2)
    assert f"{asked.pair.back_subscription} carries it back" in dossier.why
    assert "everything" in await prove_safe(asked.inspect, mark, 20.0)
    rows = [asked.pair.execute(server, "SELECT name FROM marker ORDER BY 1") for server in asked.pair[:2]]
    assert rows[0] == rows[1]


async def test_what_replication_brings_is_not_written_there(asked: Asked) -> None:
    mark = await asked.mark()
    asked.pair.execute(asked.pair.primary, INSERT)
    asked.pair.await_caught_up()
    dossier = await asked.examine(mark)
    assert (dossier.verdict, dossier.transactions) == (Safety.SAFE, 0), dossier.why
    assert "1 transaction of the primary" in dossier.why
    assert "1 transaction of the primary" in await prove_safe(asked.inspect, mark, 5.0), "what was told is proven"
    assert (await asked.examine(mark, flows=())).verdict is Safety.NEEDS_SYNC


async def test_a_way_back_that_stands_still_carries_nothing(asked: Asked) -> None:
    mark = await asked.mark()
    with subscription_disabled(asked.pair, back=True):
        asked.write(INSERT)
        dossier = await asked.examine(mark)
        assert (dossier.verdict, "does not work now" in dossier.why) == (Safety.DIVERGED, True)
        with pytest.raises(HandoverError, match="does not work now"):
            await prove_safe(asked.inspect, mark, 2.0)


async def test_a_primary_that_is_down_takes_it_once_it_is_up(asked: Asked) -> None:
    mark = await asked.mark()
    asked.write(INSERT)
    dossier = await asked.examine(mark, primary=False)
    assert (dossier.verdict, dossier.tail_bytes) == (Safety.NEEDS_SYNC, None)
    assert "once the primary is up" in dossier.why
    assert "nothing carries it back" in (await asked.examine(mark, primary=False, flows=asked.flows[:1])).why
    unseen = await asked.examine(mark, primary=False, flows=())
    name = asked.pair.back_subscription
    assert unseen.verdict is Safety.DIVERGED
    assert f"whether {name} carries it back is not known before the primary answers" in unseen.why


@pytest.mark.parametrize(
    ("made", "undone", "why"),
    [
        ("CREATE TABLE more (n int)", "DROP TABLE more", "columns were changed since"),
        (
            "ALTER TABLE marker ADD COLUMN more int",
            "ALTER TABLE marker DROP COLUMN more",
            "columns were changed since, which replication does not carry: public.marker",
        ),
        ("SELECT lo_create(4711)", "SELECT lo_unlink(4711)", "large objects"),
        (
            "ALTER PUBLICATION cc_financial_back_pub SET (publish = 'insert')",
            "ALTER PUBLICATION cc_financial_back_pub SET (publish = 'insert, update, delete, truncate')",
            "leaves out a kind of statement",
        ),
        (
            "ALTER TABLE marker SET UNLOGGED; INSERT INTO marker VALUES ('past'); ALTER TABLE marker SET LOGGED",
            "DELETE FROM marker WHERE name = 'past'",
            "columns were changed since",
        ),
    ],
)
async def test_what_replication_does_not_carry_is_no_way_back(asked: Asked, made: str, undone: str, why: str) -> None:
    mark = await asked.mark()
    asked.write(made)
    try:
        dossier = await asked.examine(mark)
        assert dossier.verdict is Safety.DIVERGED
        assert why in dossier.why
        with pytest.raises(HandoverError, match=why):
            await prove_safe(asked.inspect, mark, 2.0)
    finally:
        asked.write(undone)


async def test_a_table_that_is_not_subscribed_to_is_not_carried(asked: Asked) -> None:
    for server in asked.pair[:2]:
        asked.pair.execute(server, "CREATE TABLE aside (n int)")
    try:
        mark = await asked.mark()
        asked.write("INSERT INTO aside VALUES (1)")
        dossier = await asked.examine(mark)
        assert (dossier.verdict, "public.aside" in dossier.why) == (Safety.DIVERGED, True)
    finally:
        for server in asked.pair[:2]:
            asked.pair.execute(server, "DROP TABLE aside")


@contextmanager
def published_by_name(pair: Replicated) -> Iterator[str]:
    """Let the way back come from a publication that names its tables."""
    use = f"ALTER SUBSCRIPTION {pair.back_subscription} SET PUBLICATION {{}} WITH (refresh = false)"
    ((tables,),) = pair.execute(
        pair.secondary, "SELECT string_agg(tablename, ', ') FROM pg_tables WHERE schemaname = 'public'"
    )
    pair.execute(pair.secondary, f"CREATE PUBLICATION listed FOR TABLE {tables}")
    pair.execute(pair.primary, use.format("listed"))
    running = f"SELECT active FROM pg_replication_slots WHERE slot_name = '{pair.back_subscription}'"
    try:
        until_sync(lambda: pair.execute(pair.secondary, running) == [(True,)], 20)
        yield "listed"
    finally:
        pair.execute(pair.primary, use.format(pair.back_publication))
        pair.execute(pair.secondary, "DROP PUBLICATION listed")


async def test_a_table_that_was_taken_out_of_the_publication_is_not_carried(asked: Asked) -> None:
    """The primary's subscription names it all the same."""
    with published_by_name(asked.pair) as publication:
        mark = await asked.mark()
        asked.write(f"ALTER PUBLICATION {publication} DROP TABLE marker")
        with pytest.raises(HandoverError, match=r"not all tables are carried: public\.marker"):
            await prove_safe(asked.inspect, mark, 5.0)
        asked.write(f"ALTER PUBLICATION {publication} ADD TABLE marker")
        with pytest.raises(HandoverError, match="was changed since"):
            await prove_safe(asked.inspect, mark, 5.0)


async def test_a_slot_that_was_made_later_lacks_what_was_before(asked: Asked) -> None:
    mark = await asked.mark()
    asked.write(INSERT)
    dossier = await asked.examine(Mark(**{name: getattr(mark, name) for name in Mark.__slots__} | {"slots": ""}))
    assert (dossier.verdict, "was made after traffic had moved" in dossier.why) == (Safety.DIVERGED, True)


async def test_a_subscription_that_was_made_anew_under_its_old_name_lacks_what_was_before(asked: Asked) -> None:
    """Its slot has the old name, too, and the publication was never touched."""
    pair, name = asked.pair, asked.pair.back_subscription
    mark = await asked.mark()
    ((conninfo, publication),) = pair.execute(
        pair.primary, f"SELECT subconninfo, subpublications[1] FROM pg_subscription WHERE subname = '{name}'"
    )
    with subscription_disabled(pair, back=True):
        pair.execute(pair.primary, f"DROP SUBSCRIPTION {name}")
        asked.write("INSERT INTO marker VALUES ('between')")
        options = "WITH (copy_data = false, origin = none)"
        pair.execute(
            pair.primary, f"CREATE SUBSCRIPTION {name} CONNECTION '{conninfo}' PUBLICATION {publication} {options}"
        )
    pair.await_caught_up(pair.secondary)
    with pytest.raises(HandoverError, match=f"{name} was not there yet when traffic moved"):
        await prove_safe(asked.inspect, mark, 5.0)
    assert (await asked.examine(mark)).verdict is Safety.DIVERGED
    asked.write("DELETE FROM marker WHERE name = 'between'")


async def test_the_tail_that_waits_then_arrives(asked: Asked) -> None:
    mark = await asked.mark()
    with subscription_disabled(asked.pair, back=False):
        asked.pair.execute(asked.pair.primary, INSERT)
        dossier = await asked.examine(mark)
        assert dossier.tail_bytes
        assert dossier.tail.endswith(f"missing: {asked.pair.subscription} is disabled")
    asked.pair.await_caught_up()

    async def arrived() -> bool:
        return (await asked.examine(mark)).tail == "arrived"

    await until(arrived, 20)


async def test_the_tail_that_conflicts_is_detected(asked: Asked) -> None:
    """The same key was written on both sides: the subscription cannot go on."""
    row = "INSERT INTO budgets SELECT id, 'twice', {} FROM users WHERE id = 1"
    mark = await asked.mark()
    with subscription_disabled(asked.pair, back=True):
        with subscription_disabled(asked.pair, back=False):
            asked.pair.execute(asked.pair.primary, row.format(1))
            asked.write(row.format(2))

        async def in_conflict() -> bool:
            return (await asked.examine(mark)).tail.startswith("in conflict with what was written meanwhile")

        await until(in_conflict, 20)
        dossier = await asked.examine(mark)
        assert (dossier.verdict, dossier.conflicts > 0) == (Safety.DIVERGED, True)
        asked.write("DELETE FROM budgets WHERE category = 'twice'")
        asked.pair.execute(asked.pair.primary, "DELETE FROM budgets WHERE category = 'twice'")
        asked.pair.await_caught_up()


async def test_without_a_subscription_the_tail_is_left_behind(asked: Asked) -> None:
    mark = await asked.mark()
    dossier = await asked.examine(mark, flows=())
    assert dossier.tail.startswith("left behind: nothing brings over")
