"""How writes get from one database to the other: what is said of each kind of pair, and of what stops on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.policy import Policy
from hotswap_tui.core.sync import Relation
from hotswap_tui.doctor.finding import Check, Group, Level
from hotswap_tui.doctor.replication import replication
from tests.doctor.looks import BACK, BEATS, FLOW, PRIMARY, SECONDARY, STANDBY, SUB, data

OK, NOTE, WARNING, UNSEEN, PROBLEM = Level
STOPPED = replace(FLOW, streaming=False, error="the subscription app_sub on the secondary is disabled")
LOST = replace(FLOW, streaming=False, error="the slot app_sub is lost: the subscription has to be set up anew")
PAUSED = replace(STANDBY, streaming=False, error="replay is paused on the standby")
AWAY = replace(STANDBY, streaming=False, error="the standby is not connected to its source")
ELSEWHERE = replace(SUB, name="from_mars", slot="from_mars", own=False, slot_there=False)


def told(look, limit_s=None):
    found = [*replication(look, Policy(max_lag_s=limit_s))]
    assert all(each.check is Check.REPLICATION for each in found)
    assert all(each.fix for each in found if each.level >= WARNING)
    return [(each.level, each.subject, f"{each.text} → {each.fix}") for each in found]


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (
            data(),
            [(OK, SECONDARY, "takes the primary's writes by logical replication (app_sub), 0.2s behind →")],
        ),
        (
            data(Relation.TWO_WAY),
            [(OK, SECONDARY, "the primary's writes"), (OK, PRIMARY, "the secondary's writes")],
        ),
        (
            data(Relation.LOGICAL_BACK),
            [
                (WARNING, SECONDARY, "nothing takes the primary's writes to it"),
                (OK, PRIMARY, "takes the secondary's writes"),
            ],
        ),
        (
            data(Relation.PHYSICAL),
            [(OK, SECONDARY, "replays the primary's writes as its standby (standby_slot), 0.2s")],
        ),
        (data(Relation.PHYSICAL_BACK), []),
        (data(Relation.HEARTBEAT), [(OK, SECONDARY, "by some other method (hotswap_heartbeat), 0.2s behind")]),
        (
            data(Relation.UNRELATED),
            [
                (
                    NOTE,
                    "both",
                    "after a failover applications go on with what the secondary has → hotswap-tui sync setup",
                )
            ],
        ),
        (data(Relation.PROMOTED), [(WARNING, "both", "both write now: what one is told the other does not learn")]),
        (data(Relation.UNKNOWN, secondary_error="no answer within 5 s"), [(UNSEEN, SECONDARY, "no answer within 5 s")]),
        (data(Relation.UNKNOWN, asked=frozenset({PRIMARY})), []),
    ],
)
def test_each_kind_of_pair(look, expected):
    found = told(look)
    assert [each[:2] for each in found] == [each[:2] for each in expected]
    assert all(words in text for (_, _, text), (_, _, words) in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("look", "level", "words"),
    [
        (data(flows=(replace(FLOW, errors=3),)), OK, "0.2s behind; 3 failures before"),
        (data(flows=(replace(FLOW, lag_s=31.0, lag_bytes=4096),)), WARNING, "31s behind, 4.0 kB → look for long"),
        (data(flows=(replace(FLOW, lag_s=None, lag_bytes=4096),)), NOTE, "4.0 kB behind → it is busy"),
        (
            data(flows=(STOPPED,), subscribed=(replace(SUB, enabled=False),)),
            PROBLEM,
            'has STOPPED: the subscription app_sub on the secondary is disabled → ALTER SUBSCRIPTION "app_sub" ENABLE on',
        ),
        (
            data(flows=(LOST,), subscribed=(replace(SUB, slot_lost=True),)),
            PROBLEM,
            "is lost: the subscription has to be set up anew → hotswap-tui sync teardown, then sync setup",
        ),
        (
            data(flows=(LOST,), subscribed=(replace(SUB, slot_lost=True, own=False),)),
            PROBLEM,
            "→ drop the subscription app_sub and create it anew",
        ),
        (
            data(flows=(replace(STOPPED, error="it is not connected"),)),
            PROBLEM,
            "→ the secondary's log says why; hotswap-tui sync setup --dry-run shows whether its server reaches the primary",
        ),
        (
            data(Relation.TWO_WAY, flows=(replace(STOPPED, error="it fails again and again", errors=9), BACK)),
            PROBLEM,
            "→ where the log names a row that is in the way, take it out of the secondary; hotswap-tui sync setup --two-way",
        ),
        (
            data(Relation.PHYSICAL, flows=(PAUSED,)),
            PROBLEM,
            "paused on the standby → SELECT pg_wal_replay_resume() there",
        ),
        (
            data(Relation.PHYSICAL, flows=(AWAY,)),
            PROBLEM,
            "→ look into the secondary's log, and at its primary_conninfo",
        ),
        (
            data(Relation.HEARTBEAT, flows=(replace(BEATS, lag_s=None),)),
            NOTE,
            "not known → an engine with DB_WRITE_CHECK",
        ),
        (
            data(Relation.HEARTBEAT, flows=(replace(BEATS, lag_s=900.0),)),
            WARNING,
            "15m behind → see whether what copies",
        ),
    ],
)
def test_what_becomes_of_writes(look, level, words):
    found = told(look)[0]
    assert found[:2] == (level, SECONDARY)
    assert words in found[2]


@pytest.mark.parametrize(("limit_s", "level"), [(None, OK), (5.0, WARNING), (20.0, OK)])
def test_behind_counts_from_the_limit_that_is_set(limit_s, level):
    assert told(data(flows=(replace(FLOW, lag_s=9.0),)), limit_s)[0][0] is level


def test_tables_that_are_left_out_or_not_copied():
    flow = replace(
        FLOW, lag_s=None, missing=5, missing_tables=("a", "b", "c", "d", "e"), not_ready=1, not_ready_tables=("big",)
    )
    _, missing, copied = told(data(Relation.TWO_WAY, flows=(flow,)))
    assert missing[:2] == (WARNING, PRIMARY)
    assert missing[2].startswith(
        "5 tables not replicated, whose rows stay behind: a, b, c and 2 more → hotswap-tui sync"
    )
    assert "--two-way, run again" in missing[2]
    assert copied[:2] == (PROBLEM, SECONDARY)
    assert copied[2].startswith("1 table not copied from the primary yet: big →")


def test_a_migration_tools_table_is_better_left_out():
    found = told(data(subscribed=(replace(SUB, books=("_prisma_migrations",)),)))[-1]
    assert found[:2] == (WARNING, SECONDARY)
    assert found[2].startswith("_prisma_migrations, where a migration tool notes what it has done, is replicated")


def test_a_slot_that_is_gone_is_told_instead_of_no_replication_at_all():
    (found,) = told(data(Relation.UNRELATED, subscribed=(replace(SUB, slot_there=False),)))
    assert found[:2] == (PROBLEM, SECONDARY)
    assert (
        "reads the slot app_sub, which is not on the primary any more: nothing arrives → hotswap-tui sync tear"
        in found[2]
    )


def test_a_subscription_to_a_third_server_is_no_fault():
    found = told(data(Relation.UNRELATED, subscribed=(ELSEWHERE,)))
    assert [each[:2] for each in found] == [(NOTE, SECONDARY), (NOTE, "both")]
    assert told(data(subscribed=(SUB, ELSEWHERE))) == told(data())


def test_its_findings_have_a_section_of_their_own():
    assert {each.group for each in (Check.REPLICATION, Check.SLOTS, Check.SCHEMA, Check.SEQUENCES, Check.GUARDS)} == {
        Group.DATA
    }
