"""Which database a migration changes first, and what it waits for."""

from __future__ import annotations

import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.sync.schema.replicated import Side, Sides

P, S = Role.PRIMARY, Role.SECONDARY


def side(*, subscribes=False, standby=False, books="", untaken=()):
    return Side(standby, subscribes, books, frozenset(untaken))


@pytest.mark.parametrize(
    ("primary", "secondary", "serves", "order"),
    [
        ({}, {}, S, [P, S]),
        ({}, {"subscribes": True}, P, [P, S]),
        ({}, {"subscribes": True}, S, [P, S]),
        ({"subscribes": True}, {}, P, [S, P]),
        ({"subscribes": True}, {"subscribes": True}, None, [P, S]),
        ({"subscribes": True}, {"subscribes": True}, P, [P, S]),
        ({"subscribes": True}, {"subscribes": True}, S, [S, P]),
        ({}, {"standby": True}, P, [P]),
    ],
)
def test_who_is_replicated_goes_first_and_both_ways_who_serves(primary, secondary, serves, order):
    """A row in an old form, on its way to a table that has changed already, would never fit again."""
    assert Sides({P: side(**primary), S: side(**secondary)}).order(serves) == order


def test_a_table_counts_as_new_where_it_was_made_and_rows_should_come():
    before = Sides({P: side(), S: side(subscribes=True, untaken=["public.known"])})
    after = Sides({P: side(untaken=["public.x"]), S: side(subscribes=True, untaken=["public.known", "public.made"])})
    assert after.new_tables(before) == ["public.made"]


def test_a_migration_tools_table_matters_where_somebody_takes_it():
    assert Sides({P: side(books="public.a"), S: side()}).books == ""
    assert Sides({P: side(books="public.a"), S: side(subscribes=True, books="public.b")}).books == "public.a"
