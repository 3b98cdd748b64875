"""What a switch would lose: seconds and rows with their age, tables, sequences, schemas, and the verdict on a failback."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.proposal import changes, propose_failback, propose_switch, risks
from hotswap_tui.core.sync import Relation, SyncReading
from hotswap_tui.core.sync_words import risk_sentences
from hotswap_tui.core.values import Level, Role
from tests.support.pictures import NOW_S, POLICY, down, snapshot
from tests.support.sync_pictures import (
    APART,
    BACK,
    DIVERGED,
    FORTH,
    IN_STEP,
    NEEDS_SYNC,
    SAFE,
    STANDBY,
    on_secondary,
    sync_pictures,
    synced,
)

PICTURES = sync_pictures()
UNMEASURED = "what primary took and secondary has not received stays behind; it is not measured"


def told(picture, target=Role.SECONDARY, **options):
    return risk_sentences(picture, target, NOW_S, **options)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (snapshot(), [(f"{UNMEASURED} yet", Level.WARNING)]),
        (
            snapshot(policy=replace(POLICY, sync_interval_s=0.0)),
            [(f"{UNMEASURED} (DB_SYNC_CHECK_INTERVAL is 0)", Level.WARNING)],
        ),
        (
            PICTURES["sync-in-step"],
            [
                (
                    (
                        "waits until secondary has everything (now 0.2s behind, about 40 rows, 1.2 kB, seen 12s ago); "
                        "after 5 s nothing is moved"
                    ),
                    Level.INFO,
                ),
                ("2 sequences behind on secondary: the switch moves them ahead", Level.INFO),
            ],
        ),
        (
            PICTURES["sync-unrelated"],
            [
                (
                    (
                        "nothing is replicated: everything written on primary since both were last alike stays behind "
                        "(now 3.4 rows/s, seen 31s ago)"
                    ),
                    Level.BAD,
                )
            ],
        ),
        (
            PICTURES["sync-dead-primary"],
            [
                (
                    "up to 6.2s of writes on primary stay behind, about 1,300 rows (0.2s behind, 1.2 kB, seen 20s ago)",
                    Level.WARNING,
                ),
                ("2 sequences behind on secondary: the switch moves them ahead", Level.INFO),
            ],
        ),
        (
            PICTURES["sync-unread"],
            [
                (
                    (
                        "what primary took and secondary has not received stays behind; how much is not known: "
                        "timeout: no answer within 5 s"
                    ),
                    Level.WARNING,
                )
            ],
        ),
        (
            synced(SyncReading(NOW_S, Relation.SAME)),
            [("both connection strings lead to one and the same database: nothing is gained", Level.WARNING)],
        ),
        (
            synced(SyncReading(NOW_S, Relation.HEARTBEAT)),
            [("how far secondary is behind is not known: no heartbeat has come from primary", Level.WARNING)],
        ),
        (
            synced(SyncReading(NOW_S, Relation.LOGICAL_BACK, (BACK,))),
            [
                (
                    (
                        "nothing is replicated to secondary: everything written on primary since both were last alike "
                        "stays behind"
                    ),
                    Level.BAD,
                )
            ],
        ),
    ],
)
def test_what_a_switch_to_the_secondary_loses(picture, expected):
    assert told(picture) == expected


def test_what_is_broken_comes_with_its_reason():
    (stopped, _), *_ = told(PICTURES["sync-slot-filling"])
    assert stopped == (
        "replication has STOPPED (duplicate key in public.orders (orders_pkey)): up to 5m of writes on primary stay behind, "
        "about 63,000 rows (0.2s behind, 1.2 kB, seen 5m ago)"
    )
    texts = [text for text, _ in told(PICTURES["sync-schema-drift"])]
    assert "1 table not copied to secondary yet: public.big" in texts
    assert "2 tables of primary not replicated, their rows stay behind: public.audit, public.tmp" in texts
    assert any(text.startswith("the schemas differ in 3 places: table public.orders: column note") for text in texts)


def test_force_does_not_wait_for_the_rest():
    (text, level), *_ = told(PICTURES["sync-in-step"], forced=True)
    assert text.endswith("after 5 s it goes on")
    assert level is Level.WARNING


def test_a_lag_longer_than_the_wait_is_a_warning():
    (_, level), *_ = told(PICTURES["sync-lagging"])
    assert level is Level.WARNING


def test_a_lag_over_the_limit_is_named_when_the_primary_is_dead():
    dead = replace(PICTURES["sync-dead-primary"], policy=replace(POLICY, max_lag_s=5.0))
    (text, level), *_ = told(dead)
    assert text.endswith("; DB_MAX_LAG is 5s")
    assert level is Level.BAD


def test_without_a_known_lag_nothing_is_made_up():
    blind = replace(FORTH, lag_s=None, lag_bytes=None, measured_s=None)
    dead = replace(PICTURES["sync-dead-primary"], sync=replace(IN_STEP, flows=(blind,)))
    assert told(dead)[0] == ("how much of what primary took stays behind is not known", Level.WARNING)


def test_sequences_that_nothing_moves_repeat_keys():
    """Two databases that another method copies have sequences of their own."""
    apart = synced(replace(APART, sequences_behind=2, sequences=IN_STEP.sequences))
    assert told(apart)[1] == (
        "2 sequences behind on secondary: keys would repeat (public.orders_id_seq 1041, there 12 and 1 more)",
        Level.WARNING,
    )


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (
            replace(APART, dossier=SAFE),
            [
                (
                    "SAFE: nothing was committed on the secondary since traffic was moved there but our own 3 write checks, seen 4.0s ago",
                    Level.INFO,
                )
            ],
        ),
        (
            replace(APART, dossier=DIVERGED),
            [
                (
                    "DIVERGED: 42 transactions were committed on the secondary that are not ours, and no subscription on the primary takes them, seen 4.0s ago",
                    Level.BAD,
                ),
                (
                    "stays behind on the secondary: 412 rows (public.orders 400, public.payments 9, audit.log 3)",
                    Level.BAD,
                ),
                (
                    "primary's unreplicated tail: left behind: nothing brings over what the primary had not sent when traffic was moved",
                    Level.WARNING,
                ),
            ],
        ),
        (
            replace(APART, dossier=replace(DIVERGED, rows=None, written=(), tail="", tail_bytes=0)),
            [
                (
                    "DIVERGED: 42 transactions were committed on the secondary that are not ours, and no subscription on the primary takes them, seen 4.0s ago",
                    Level.BAD,
                )
            ],
        ),
    ],
)
def test_what_a_failback_loses(reading, expected):
    """The dossier says it; nothing is guessed beside it."""
    assert told(on_secondary(reading), Role.PRIMARY) == expected


def test_a_failback_that_needs_sync_waits_for_the_way_back():
    texts = [text for text, _ in told(PICTURES["sync-needs-sync"], Role.PRIMARY)]
    assert texts[0].startswith("NEEDS SYNC: 42 transactions were committed")
    assert texts[1].startswith("waits until primary has everything (now 0.3s behind, 0 B")


def test_conflicts_of_the_tail_are_bad():
    conflicting = replace(DIVERGED, conflicts=3)
    picture = on_secondary(replace(APART, dossier=conflicting))
    assert told(picture, Role.PRIMARY)[2] == (
        "primary's unreplicated tail: left behind: nothing brings over what the primary had not sent when traffic was moved",
        Level.BAD,
    )


# -- the question that is asked ---------------------------------------------------------------------


def test_a_standby_is_named_before_anything_else():
    seen = PICTURES["sync-standby"]
    assert seen.secondary is not None
    assert seen.secondary.facts == STANDBY
    assert risks(propose_switch(seen), seen)[0] == (
        "secondary is a standby, and read-only: writes will fail there",
        Level.BAD,
    )


@pytest.mark.parametrize(
    ("picture", "propose", "word"),
    [
        (PICTURES["sync-dead-primary"], propose_switch, ""),
        (replace(PICTURES["sync-dead-primary"], policy=replace(POLICY, max_lag_s=5.0)), propose_switch, "secondary"),
        (
            replace(PICTURES["sync-dead-primary"], sync=replace(IN_STEP, flows=(replace(FORTH, not_ready=1),))),
            propose_switch,
            "secondary",
        ),
        (replace(PICTURES["sync-dead-primary"], sync=APART), propose_switch, ""),
        (on_secondary(replace(APART, dossier=SAFE), secondary=down(Role.SECONDARY)), propose_failback, ""),
        (on_secondary(replace(APART, dossier=NEEDS_SYNC), secondary=down(Role.SECONDARY)), propose_failback, ""),
        (on_secondary(replace(APART, dossier=DIVERGED), secondary=down(Role.SECONDARY)), propose_failback, "primary"),
    ],
)
def test_the_name_is_typed_where_more_is_lost_than_a_failover_loses(picture, propose, word):
    """Leaving a dead database needs `y`, except where its writes are known to be lost, or the copy is not whole."""
    assert propose(picture).word == word


def test_a_new_verdict_is_named():
    before, now = (on_secondary(replace(APART, dossier=dossier)) for dossier in (SAFE, DIVERGED))
    assert changes(before, now) == "a failback was SAFE, is DIVERGED"
    assert changes(on_secondary(APART), now) == "a failback was not judged, is DIVERGED"
