"""What the guards of the data come to with each kind of pair; core/guards.py does the same to switches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.policy import Policy
from hotswap_tui.core.sync import Dossier, Relation, Safety
from hotswap_tui.doctor.finding import Check, Level
from hotswap_tui.doctor.guards import guards
from tests.doctor.looks import BACK, BEATS, FLOW, PRIMARY, SECONDARY, data

OK, NOTE, WARNING, UNSEEN, PROBLEM = Level
LIMITED = Policy(max_lag_s=10.0)
BLOCKED = Policy(failback_guarded=True)
AT_ALL, NOW, BETWEEN = "no automatic failover at all", "no automatic failover now", "in between there is no automatic"


def told(look, policy, subject, *, routed=True):
    found = [*guards(look, policy, routed=routed)]
    assert all(each.check is Check.GUARDS for each in found)
    return [(each.level, f"{each.text} → {each.fix}") for each in found if each.subject == subject]


@pytest.mark.parametrize(
    ("look", "policy", "level", "words"),
    [
        (data(), LIMITED, OK, "it is 10s, and the secondary lacks 0.2s: it lets an automatic failover happen"),
        (data(Relation.UNRELATED), LIMITED, PROBLEM, AT_ALL),
        (data(Relation.PROMOTED), LIMITED, PROBLEM, AT_ALL),
        (data(Relation.LOGICAL_BACK), LIMITED, PROBLEM, AT_ALL),
        (data(Relation.HEARTBEAT, flows=(replace(BEATS, lag_s=None),)), LIMITED, PROBLEM, AT_ALL),
        (data(flows=(replace(FLOW, lag_s=None),)), LIMITED, PROBLEM, NOW),
        (data(flows=(replace(FLOW, lag_s=42.0),)), LIMITED, PROBLEM, f"it lacks 42s at this moment: {NOW}"),
        (data(Relation.HEARTBEAT, flows=(replace(BEATS, lag_s=42.0),)), LIMITED, PROBLEM, "set DB_WRITE_CHECK=1"),
        (
            data(Relation.HEARTBEAT),
            LIMITED,
            WARNING,
            f"{BETWEEN} failover → set DB_STANDBY_CHECK_INTERVAL to 5000 or less",
        ),
        (data(Relation.HEARTBEAT), replace(LIMITED, standby_check_interval_s=5.0), OK, "it lets"),
        (data(Relation.PHYSICAL), LIMITED, OK, "it lets"),
        (data(Relation.PHYSICAL, tells_standby=False), LIMITED, WARNING, "or GRANT pg_monitor TO the primary's role"),
        (data(), Policy(max_lag_s=0.5), WARNING, "a figure's age alone forbids failovers → set it to 2000 or more"),
    ],
)
def test_a_limit_says_whether_it_lets_a_failover_happen(look, policy, level, words):
    ((found, text),) = told(look, policy, "DB_MAX_LAG")
    assert found is level
    assert words in text


@pytest.mark.parametrize(
    ("look", "policy"),
    [
        (data(Relation.UNRELATED), Policy()),
        (data(Relation.UNRELATED), replace(LIMITED, sync_interval_s=0.0)),  # which the settings say
        (data(serving=SECONDARY), LIMITED),
        (data(Relation.UNKNOWN), LIMITED),
        (data(Relation.PHYSICAL_BACK), LIMITED),
    ],
)
def test_a_limit_that_does_not_count_now_is_not_judged(look, policy):
    assert not told(look, policy, "DB_MAX_LAG")


@pytest.mark.parametrize(
    ("look", "routed", "level", "words"),
    [
        (data(Relation.TWO_WAY), False, OK, "waits until the primary has what was written on the secondary"),
        (data(Relation.LOGICAL_BACK), True, OK, "waits until"),
        (
            data(Relation.TWO_WAY, flows=(FLOW, replace(BACK, missing=1))),
            True,
            WARNING,
            "the way back to the primary is not",
        ),
        (data(Relation.TWO_WAY, flows=(FLOW, replace(BACK, streaming=False))), True, WARNING, "is not whole"),
        (data(), True, NOTE, "after one on the secondary a person has to fail back"),
        (data(), False, WARNING, "there is no automatic failback at all"),
        (data(Relation.UNRELATED), True, NOTE, "a person has to fail back → hotswap-tui sync setup --two-way"),
        (data(Relation.PROMOTED), False, WARNING, "no automatic failback at all"),
        (data(Relation.HEARTBEAT), True, NOTE, "a person has to"),
        (data(Relation.PHYSICAL), False, NOTE, "from one that was promoted a person has to"),
    ],
)
def test_block_says_who_fails_back(look, routed, level, words):
    ((found, text),) = told(look, BLOCKED, "DB_FAILBACK_GUARD", routed=routed)
    assert found is level
    assert words in text


def test_without_the_guard_a_failback_leaves_behind_what_one_way_does_not_carry():
    ((level, text),) = told(data(), Policy(), "DB_FAILBACK_GUARD")
    assert level is NOTE
    assert "leaves behind what was written on the secondary" in text
    for relation in (Relation.TWO_WAY, Relation.UNRELATED, Relation.PHYSICAL):
        assert not told(data(relation), Policy(), "DB_FAILBACK_GUARD")


@pytest.mark.parametrize(
    "policy",
    [replace(BLOCKED, failback_auto=False), replace(BLOCKED, sync_interval_s=0.0), Policy(failback_auto=False)],
)
def test_a_guard_that_guards_nothing_is_not_judged(policy):
    assert not told(data(), policy, "DB_FAILBACK_GUARD")


@pytest.mark.parametrize(
    ("verdict", "level"), [(Safety.SAFE, OK), (Safety.NEEDS_SYNC, NOTE), (Safety.DIVERGED, WARNING)]
)
def test_while_the_secondary_serves_the_dossier_is_told(verdict, level):
    look = data(serving=SECONDARY, dossier=Dossier(verdict, "4 transactions were committed", rows=7))
    ((found, text),) = told(look, Policy(), SECONDARY)
    assert found is level
    assert f"it serves, and a failback is {verdict.words}, 7 rows counted: 4 transactions were committed" in text
    assert not told(look, Policy(), PRIMARY)
