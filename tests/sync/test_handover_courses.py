"""Rows that clients insert through PgBouncer while traffic moves between replicated servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.plan import Step
from hotswap_tui.core.values import Role
from hotswap_tui.routing.router import SwitchError
from tests.support.bouncers import needs_pgbouncer
from tests.support.handing_over import crash, moving, there_and_back
from tests.support.replicated import replicated_pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.clusters import Clusters
    from tests.support.replicated import Replicated

pytestmark = needs_pgbouncer
RATE = 300.0


@pytest.fixture(scope="module")
def two_way(clusters: Clusters) -> Iterator[Replicated]:
    with replicated_pair(clusters, two_way=True) as pair:
        yield pair


async def test_a_switch_and_a_failback_cost_no_row_and_no_client(two_way):
    course = await there_and_back(two_way, 600, RATE)
    assert course.load.errors == []
    assert len(course.load.confirmed) == 600
    assert (course.lost, course.unequal, course.doubled, course.keys_doubled) == ([], 0, 0, 0)
    assert all("moved ahead to the source's place" in words for words in course.words), course.words


async def test_a_target_that_stays_behind_stops_the_switch_before_anybody_is_held(two_way, monkeypatch):
    monkeypatch.setattr("hotswap_tui.routing.data_steps.APPROACH_S", 0.4)
    async with moving(two_way) as move:
        two_way.execute(two_way.secondary, "CREATE TABLE blocked (id int)")
        # A worker that finds no room for its row goes no further.
        two_way.execute(two_way.secondary, "ALTER TABLE marker ADD CONSTRAINT late CHECK (name <> 'late')")
        try:
            two_way.execute(two_way.primary, "INSERT INTO marker VALUES ('late')")
            with pytest.raises(SwitchError, match=r"secondary is .* behind after 0.4 s.*; nobody was held"):
                await move.switch(Role.SECONDARY)
            assert Step.HOLD not in move.steps.begun
        finally:
            two_way.execute(two_way.secondary, "ALTER TABLE marker DROP CONSTRAINT late")
            two_way.execute(two_way.secondary, "DROP TABLE blocked")
        two_way.await_caught_up()


async def test_a_disabled_subscription_carries_nothing_and_is_named(two_way):
    async with moving(two_way) as move:
        two_way.execute(two_way.secondary, f"ALTER SUBSCRIPTION {two_way.subscription} DISABLE")
        try:
            with pytest.raises(SwitchError, match="is disabled; nobody was held"):
                await move.switch(Role.SECONDARY)
        finally:
            two_way.execute(two_way.secondary, f"ALTER SUBSCRIPTION {two_way.subscription} ENABLE")


@pytest.mark.parametrize("behind", [False, True], ids=["fresh", "behind"])
async def test_a_crash_loses_no_more_than_lag_and_age_and_no_key_is_given_twice(clusters, behind):
    """Also when the old primary returns and its tail arrives."""
    with replicated_pair(clusters) as pair:
        course = await crash(pair, RATE, 200, behind=behind)
        assert bool(course.stale) or not behind, "where nothing was lost, nothing was shown"
        assert course.load.collisions == []
        assert len(course.stale) <= course.within
        assert course.for_good == []
        assert course.conflicts == 0
        assert "moved ahead by 1000" in course.words
