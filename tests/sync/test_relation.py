"""How the two databases belong together, from what each of them says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.sync import Relation
from hotswap_tui.core.values import Role
from hotswap_tui.sync.look.facts import Facts, HeldSlot, Server, Subscription
from hotswap_tui.sync.look.relation import links, relation

SERVER = Server(180000, False, 1, 5, "app", "127.0.0.1", True, None)
ONE = Facts(1.0, SERVER, "7", 5000)
OTHER = replace(ONE, identifier="8", server=replace(SERVER, started_us=2))
SLOT = HeldSlot("s", "pgoutput", "app", True, 1000, 2000, "reserved", None)
OWN = Subscription(16400, "s", "s", True, True, False, ("p",), 0, 2000, ())
SENDING = replace(ONE, slots=(SLOT,))
TAKING = replace(OTHER, subscriptions=(OWN,))
RECOVERING = replace(SERVER, started_us=2, in_recovery=True)
STANDBY = replace(ONE, server=RECOVERING, receiving=True, position=4000)
BEAT = ("public", "hotswap_heartbeat")


def found(primary, secondary, active=Role.PRIMARY, before=()):
    facts = {Role.PRIMARY: primary, Role.SECONDARY: secondary}
    return relation(facts, links(facts, active, before))


@pytest.mark.parametrize(
    ("primary", "secondary", "expected"),
    [
        (ONE, OTHER, Relation.UNRELATED),
        (SENDING, TAKING, Relation.LOGICAL),
        (TAKING, SENDING, Relation.LOGICAL_BACK),
        (replace(SENDING, subscriptions=(OWN,)), replace(TAKING, slots=(SLOT,)), Relation.TWO_WAY),
        (SENDING, OTHER, Relation.UNRELATED),
        (ONE, replace(STANDBY, server=replace(RECOVERING, database_oid=6)), Relation.UNRELATED),
        (replace(ONE, slots=(replace(SLOT, plugin="wal2json"),)), TAKING, Relation.UNRELATED),
        (replace(ONE, slots=(replace(SLOT, database="else"),)), TAKING, Relation.UNRELATED),
        (SENDING, replace(OTHER, subscriptions=(replace(OWN, slot="t"),)), Relation.UNRELATED),
        (SENDING, replace(OTHER, subscriptions=(replace(OWN, enabled=False),)), Relation.LOGICAL),
        (ONE, STANDBY, Relation.PHYSICAL),
        (STANDBY, ONE, Relation.PHYSICAL_BACK),
        (OTHER, replace(STANDBY, identifier="9"), Relation.UNRELATED),
        (ONE, replace(STANDBY, server=replace(RECOVERING, in_recovery=False)), Relation.PROMOTED),
        (replace(ONE, sending=True), replace(STANDBY, identifier=None), Relation.PHYSICAL),
        (ONE, replace(STANDBY, identifier=None), Relation.UNRELATED),
        (ONE, replace(ONE, read_s=2.0), Relation.SAME),
        (ONE, replace(ONE, server=replace(SERVER, database_oid=6)), Relation.UNRELATED),
        (replace(ONE, heartbeat=BEAT), replace(OTHER, heartbeat=BEAT), Relation.HEARTBEAT),
        (replace(ONE, heartbeat=BEAT), OTHER, Relation.UNRELATED),
        (replace(SENDING, heartbeat=BEAT), replace(TAKING, heartbeat=BEAT), Relation.LOGICAL),
    ],
)
def test_the_relation_is_found_by_looking(primary, secondary, expected):
    assert found(primary, secondary) is expected


def test_one_database_alone_tells_nothing():
    facts = {Role.PRIMARY: SENDING}
    assert relation(facts, links(facts, Role.PRIMARY)) is Relation.UNKNOWN


def test_a_link_whose_slot_is_gone_stays_a_link():
    """Otherwise a fault would look as if there had never been any replication."""
    facts = {Role.PRIMARY: SENDING, Role.SECONDARY: TAKING}
    assert found(ONE, TAKING, before=links(facts, Role.PRIMARY)) is Relation.LOGICAL
    assert found(ONE, TAKING) is Relation.UNRELATED


def test_of_two_subscriptions_the_one_that_works_counts():
    dead = replace(OWN, name="dead", enabled=False)
    facts = {Role.PRIMARY: SENDING, Role.SECONDARY: replace(TAKING, subscriptions=(dead, OWN))}
    assert [link.name for link in links(facts, Role.PRIMARY)] == ["s"]


def test_the_heartbeat_leads_away_from_who_serves():
    facts = {Role.PRIMARY: replace(ONE, heartbeat=BEAT), Role.SECONDARY: replace(OTHER, heartbeat=BEAT)}
    assert [link.source for link in links(facts, Role.SECONDARY)] == [Role.SECONDARY]
