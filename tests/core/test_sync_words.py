"""What is known of the pair in words: facts with their age, the dossier, and what of it a person must know at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest

from hotswap_tui.core.sentence import verdict
from hotswap_tui.core.sync import Dossier, Relation, Safety, SyncReading
from hotswap_tui.core.sync_facts import facts, summary
from hotswap_tui.core.sync_words import dossier_lines, lag_words, relation_words, sync_lines
from hotswap_tui.core.values import Level, Role
from tests.support.pictures import NOW_S, POLICY, down, snapshot
from tests.support.sync_pictures import (
    APART,
    BACK,
    DIVERGED,
    FORTH,
    IN_STEP,
    SLOT,
    hostile_sync,
    on_secondary,
    sync_pictures,
    synced,
)

PICTURES = sync_pictures()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "0.2s behind, 1.2 kB, seen 12s ago"),
        ({"lag_s": None}, "1.2 kB behind, seen 12s ago"),
        ({"lag_bytes": None}, "0.2s behind, seen 12s ago"),
        ({"lag_s": None, "lag_bytes": None}, "how far behind is not known"),
        ({"measured_s": None}, "0.2s behind, 1.2 kB"),
    ],
)
def test_a_lag_has_its_age(changed, words):
    assert lag_words(replace(FORTH, **changed), NOW_S) == words


def test_rows_are_told_where_their_rate_is_known():
    """What has arrived to the last byte lacks no row, however long ago that was heard."""
    assert lag_words(FORTH, NOW_S, 200.0) == "0.2s behind, about 40 rows, 1.2 kB, seen 12s ago"
    assert lag_words(replace(FORTH, lag_bytes=0), NOW_S, 200.0) == "0.2s behind, 0 B, seen 12s ago"


@pytest.mark.parametrize("relation", Relation)
def test_every_relation_has_words(relation):
    assert relation_words(SyncReading(0.0, relation)) == relation.words


def test_everything_is_a_line():
    assert sync_lines(IN_STEP, NOW_S) == [
        "data         logical replication, primary → secondary, seen 12s ago",
        "to secondary 0.2s behind, 1.2 kB, seen 12s ago",
        "slot         keeps 12.4 MB: hotswap_sub on the primary",
        "tables       all carried",
        "schema       alike, compared 4m ago",
        "sequences    2 behind: public.orders_id_seq 1041, there 12, public.payments_id_seq 77, missing there",
        "rows about   primary 1,240,000, secondary 1,239,880",
        "writes       200.0 rows/s on the database that serves",
    ]


def test_what_is_wrong_is_marked():
    lines = sync_lines(PICTURES["sync-slot-filling"].sync, NOW_S)  # type: ignore[arg-type]  # this picture has one
    assert lines[1].startswith("to secondary ✗ STOPPED: duplicate key in public.orders (orders_pkey); 0.2s behind")
    assert lines[2] == ("slot         ✗ keeps 56.8 GB, disk full in 41m, nobody reads it: hotswap_sub on the primary")


@pytest.mark.parametrize(
    ("changed", "words", "level"),
    [
        ({}, "keeps 12.4 MB: ", None),
        ({"active": False}, "keeps 12.4 MB, nobody reads it: ", Level.WARNING),
        ({"full_in_s": 90_012.0}, "keeps 12.4 MB, disk full in 25h: ", None),
        ({"full_in_s": 7_212.0}, "keeps 12.4 MB, disk full in 2h: ", Level.WARNING),
        ({"full_in_s": 3_605.0}, "keeps 12.4 MB, disk full in 59m: ", Level.BAD),
        ({"full_in_s": 5.0, "left_bytes": 9}, "keeps 12.4 MB, lost in 0.0s: ", Level.BAD),
        ({"retained_bytes": None}, "keeps nothing known: ", None),
    ],
)
def test_a_slot_says_how_long_there_is_room(changed, words, level):
    """The time runs on while nobody looks."""
    told = facts(replace(IN_STEP, slots=(replace(SLOT, **changed),)), NOW_S)
    fact = next(fact for fact in told if fact.label == "slot")
    assert (fact.text, fact.level) == (f"{words}hotswap_sub on the primary", level)


def test_tables_are_named_by_their_way():
    both = replace(IN_STEP, relation=Relation.TWO_WAY, flows=(FORTH, replace(BACK, missing=1, missing_tables=("t",))))
    assert next(fact.text for fact in facts(both, NOW_S) if fact.label == "tables") == "1 not carried to the primary: t"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sync-in-step", "logical replication, primary → secondary; 0.2s behind, 1.2 kB, seen 12s ago"),
        ("sync-unrelated", "not replicated, seen 31s ago"),
        ("sync-unread", "not known yet, seen 2.0s ago; not read secondary: timeout: no answer within 5 s"),
    ],
)
def test_one_line_says_how_the_data_stands(name, words):
    picture = PICTURES[name]
    assert picture.sync is not None
    assert summary(picture.sync, picture.active, NOW_S) == words


def test_a_dossier_line_by_line():
    assert dossier_lines(replace(DIVERGED, conflicts=1), NOW_S, UTC) == [
        "DIVERGED: 42 transactions were committed on the secondary that are not ours, and no subscription on the primary takes them",
        "since traffic moved at 2025-11-14 10:39:36, seen 4.0s ago",
        "42 transactions of others, 412 rows by the statistics, rolled back ones included",
        "public.orders: 380 inserted, 15 updated, 5 deleted",
        "public.payments: 9 inserted",
        "audit.log: 3 inserted",
        "primary's unreplicated tail: left behind: nothing brings over what the primary had not sent when traffic was moved",
    ]


def test_a_dossier_without_a_mark_says_so():
    assert dossier_lines(Dossier(Safety.DIVERGED, "no mark was taken", tail_bytes=2048, conflicts=2), NOW_S, UTC)[
        1:
    ] == [
        "no mark was taken when traffic moved, seen 5d ago",
        "primary's unreplicated tail: 2.0 kB not received, 2 conflicts since",
    ]


def test_names_that_servers_chose_stay_in_their_line():
    reading = hostile_sync().sync
    assert reading is not None
    for line in sync_lines(reading, NOW_S):
        assert "\n" not in line
        assert "\x1b" not in line


# -- in the sentence ----------------------------------------------------------------------------------

STRICT = replace(POLICY, max_lag_s=30.0)
LAGGING = replace(IN_STEP, flows=(replace(FORTH, lag_s=74.2),))


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (synced(IN_STEP), ""),
        (synced(APART), ""),
        (synced(LAGGING), ""),
        (synced(LAGGING, policy=STRICT), "secondary lacks 85s, no failover (DB_MAX_LAG 30s)"),
        (synced(APART, policy=STRICT), "lag not known, no failover (DB_MAX_LAG 30s)"),
        (synced(replace(IN_STEP, slots=(replace(SLOT, full_in_s=2520.0),))), "primary's disk full in 41m"),
        (synced(replace(IN_STEP, slots=(replace(SLOT, full_in_s=2520.0, left_bytes=1),))), "slot lost in 41m"),
        (synced(replace(IN_STEP, slots=(replace(SLOT, full_in_s=86_000.0),))), ""),
        (synced(replace(IN_STEP, slots=(replace(SLOT, lost=True),))), "replication slot LOST"),
        (
            synced(replace(IN_STEP, flows=(replace(FORTH, streaming=False, measured_s=NOW_S - 312),))),
            "replication to secondary STOPPED, 5m behind",
        ),
        (on_secondary(replace(APART, dossier=DIVERGED)), "DIVERGED: a failback loses writes"),
        (on_secondary(replace(APART, dossier=DIVERGED), blocked="the secondary is DIVERGED"), "DIVERGED"),
        (PICTURES["sync-needs-sync"], ""),
        (
            synced(replace(IN_STEP, flows=(replace(FORTH, streaming=False),)), secondary=down(Role.SECONDARY)),
            "",
        ),
        (snapshot(), ""),
    ],
)
def test_what_must_be_known_now_stands_in_the_sentence(picture, words):
    """A stopped replication is no news beside a database that is down; a lag without a limit is a figure of the table."""
    parts = [part for part in verdict(picture, NOW_S).parts if part.command == "panel-sync"]
    assert bool(parts) is bool(words)
    assert not words or words in [part.text for part in verdict(picture, NOW_S).parts]


def test_the_sentence_is_a_warning_then():
    assert verdict(synced(IN_STEP), NOW_S).level is Level.GOOD
    assert verdict(synced(LAGGING, policy=STRICT), NOW_S).level is Level.WARNING
