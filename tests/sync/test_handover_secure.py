"""Securing a real secondary: sequences and mark in few round trips, and one of them where the other one fails."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.handover.handover import PairHandover
from hotswap_tui.sync.known import Known
from tests.sync.sequence_world import GAP, LIMIT_S, Both, both_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.routing.handover import Secured
    from tests.support.clusters import ServerPair

MOVES, MARK = "setval", "pg_current_snapshot"
MOVED = "2 sequences moved ahead by 1000"
SCHEMA = "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY); CREATE SEQUENCE alone"


@pytest.fixture
def both(server_pair: ServerPair) -> Iterator[Both]:
    with both_with(server_pair, SCHEMA) as both:
        yield both


class Asked:
    """Counts what is asked, and refuses what has all of some words in it."""

    def __init__(self, inspection: Any, refused: tuple[str, ...] = ()) -> None:
        self.inspection = inspection
        self.refused = refused
        self.asked = 0

    async def identify(self, timeout_s: float) -> Any:
        return await self.inspection.identify(timeout_s)

    async def rows(self, query: str, timeout_s: float) -> Any:
        self.asked += 1
        if self.refused and all(words in query for words in self.refused):
            raise InspectionError("refused")
        return await self.inspection.rows(query, timeout_s)


async def secured(both: Both, refused: tuple[str, ...] = (), **asked: bool) -> tuple[Secured, int]:
    """Secure the secondary after a crash of the primary; return how often it was asked, too."""
    async with both.inspections() as opened:
        target = Asked(opened[Role.SECONDARY], refused)
        handover = PairHandover(Known(), GAP, lambda: 5.0)
        wished = {"sequences": True, "alive": False} | asked
        found = await handover.secure(lambda _: target, Role.PRIMARY, Role.SECONDARY, LIMIT_S, **wished)  # type: ignore[arg-type, return-value]
        return found, target.asked


@pytest.mark.parametrize(("sequences", "words", "asked"), [(True, MOVED, 2), (False, "", 1)])
async def test_it_costs_clients_few_round_trips(both, sequences, words, asked):
    found, trips = await secured(both, sequences=sequences)
    assert (found.words, found.problem, trips) == (words, "", asked)
    assert found.mark is not None
    assert found.mark.wall_s == 5.0
    assert both.value(Role.SECONDARY, "SELECT nextval('alone')") == (1001 if sequences else 1)


@pytest.mark.parametrize(
    ("refused", "words", "problem", "marked"),
    [
        ((MOVES, MARK), MOVED, "", True),
        ((MOVES,), "", "2 sequences could not be moved ahead: refused", True),
        ((MARK,), MOVED, "where the secondary stands could not be noted: refused", False),
    ],
    ids=["both at once", "moves", "mark"],
)
async def test_one_is_done_where_the_other_one_fails(both, refused, words, problem, marked):
    found, _ = await secured(both, refused)
    assert (found.words, found.problem, found.mark is not None) == (words, problem, marked)
    assert found.repeating is not bool(words)


async def test_a_key_that_nobody_may_read_keeps_the_others_moving(both):
    """A locked table costs half of the time, no more, and a sequence that may not be moved is named."""
    both.run(Role.SECONDARY, "CREATE SEQUENCE theirs", "GRANT USAGE ON SEQUENCE theirs TO ccfinapp", superuser=True)
    with ExitStack() as stack:
        blocking = stack.enter_context(psycopg.connect(both.url(Role.SECONDARY)))
        blocking.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        async with both.inspections() as opened:
            handover = PairHandover(Known(), GAP, lambda: 5.0)
            found = await handover.secure(
                opened.__getitem__, Role.PRIMARY, Role.SECONDARY, 1.0, sequences=True, alive=False
            )
    assert (found.words, found.repeating) == (MOVED, True)
    assert found.problem == "this role may not move theirs: GRANT UPDATE ON SEQUENCE lets it"
    assert found.mark is not None
