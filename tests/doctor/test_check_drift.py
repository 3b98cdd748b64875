"""What is said of schemas and sequences."""

from __future__ import annotations

from typing import Any

import pytest

from hotswap_tui.core.sync import Relation, SchemaDrift, SequenceDrift
from hotswap_tui.doctor.drift import schema, sequences
from hotswap_tui.doctor.finding import Level
from tests.doctor.looks import FLOW, PRIMARY, SECONDARY, data, details

DRIFT = SchemaDrift(2, ("+ only on primary: table public.fresh", "x"))
BEHIND: dict[str, Any] = {
    "sequences_behind": 3,
    "sequences": (SequenceDrift("users_id_seq", 40, 2), SequenceDrift("a_id_seq", 4, None)),
}


@pytest.mark.parametrize(
    ("ours", "theirs", "levels"),
    [(6, 6, [Level.WARNING]), (6, 0, [Level.PROBLEM]), (0, 6, [Level.WARNING]), (0, 0, [Level.WARNING])],
)
def test_an_empty_side_is_told_instead_of_every_table(ours, theirs, levels):
    found = [*schema(details(tables=ours), details(tables=theirs), data(schema=DRIFT).reading)]
    assert [each.level for each in found] == levels
    assert ("differ" in found[0].text) is (ours == theirs)


@pytest.mark.parametrize(
    ("changed", "level", "words"),
    [
        ({}, Level.OK, "the schemas are alike, with 6 tables"),
        ({"schema": DRIFT}, Level.WARNING, "the schemas differ in 2 places: + only on primary: table public.fresh"),
        ({"schema": None}, Level.UNSEEN, "could not be found out in time"),
        ({"schema": None, "primary_error": "no answer"}, None, ""),
        ({"relation": Relation.PHYSICAL}, None, ""),
    ],
)
def test_how_schemas_differ(changed, level, words):
    found = [*schema(details(), details(), data(**changed).reading)]
    assert [each.level for each in found] == ([] if level is None else [level])
    assert all(words in each.text and bool(each.fix) is (level is not Level.OK) for each in found)


@pytest.mark.parametrize(
    ("look", "level", "words"),
    [
        (data(), Level.OK, "no sequence is behind"),
        (
            data(**BEHIND),
            Level.OK,
            "3 sequences behind, as replication does not carry them: a planned switch moves them",
        ),
        (
            data(Relation.HEARTBEAT, **BEHIND),
            Level.WARNING,
            "so keys would repeat: users_id_seq 40, there 2, a_id_seq 4, missing there and 1 more",
        ),
        (
            data(immovable=("users_id_seq",)),
            Level.WARNING,
            "this role may not move users_id_seq: a planned switch stops",
        ),
    ],
)
def test_what_a_switch_does_about_sequences(look, level, words):
    found = [*sequences(look, 1000)]
    assert (found[0].level, found[0].subject) == (level, SECONDARY)
    assert words in found[0].text


@pytest.mark.parametrize("relation", sorted(set(Relation) - {Relation.LOGICAL, Relation.TWO_WAY, Relation.HEARTBEAT}))
def test_sequences_of_databases_that_have_rows_of_their_own_are_not_compared(relation):
    assert not [*sequences(data(relation, **BEHIND), 1000)]


def test_what_was_not_read_is_not_judged():
    assert not [*sequences(data(sequences_behind=None), 1000)]


def test_the_gap_is_named_where_it_is_known():
    assert "a failover by 2,500 (DB_SEQUENCE_GAP)" in next(sequences(data(**BEHIND), 2500)).text
    assert "DB_SEQUENCE_GAP" not in next(sequences(data(**BEHIND), None)).text


def test_while_the_secondary_serves_the_way_back_counts():
    one_way = data(serving=SECONDARY, **BEHIND)
    assert one_way.reading.flow(PRIMARY) is FLOW
    assert not [*sequences(one_way, 1000)]
    (found,) = sequences(data(Relation.TWO_WAY, serving=SECONDARY, **BEHIND), 1000)
    assert (found.level, found.subject) == (Level.OK, PRIMARY)
