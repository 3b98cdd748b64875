"""How the two databases belong together, from what each of them says. Pure.

A logical link is proven from both ends: a `pgoutput` slot for this database here, the subscription that reads it there. A
physical one by the system identifier and by who is in recovery.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.sync import Relation
from hotswap_tui.core.values import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.sync.look.facts import Facts, HeldSlot, Subscription

HEARTBEAT: Final = "hotswap_heartbeat"
_WALRECEIVER: Final = "walreceiver"
"""How a standby calls itself that was given no name."""


class Method(Enum):
    """What carries the writes."""

    LOGICAL = "logical"
    PHYSICAL = "physical"
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class Link:
    """A way from `source` to the other database."""

    source: Role
    method: Method
    name: str
    """Of the subscription, the standby's slot or the standby; raw."""
    slot: str = ""
    """Of the source; empty where there is none."""
    subscription: Subscription | None = None

    @property
    def target(self) -> Role:
        """Return where it leads."""
        return self.source.other


def relation(facts: Mapping[Role, Facts], links: tuple[Link, ...]) -> Relation:
    """Return how the two belong together; UNKNOWN until both have been read once."""
    if len(facts) < len(Role):
        return Relation.UNKNOWN
    primary, secondary = facts[Role.PRIMARY], facts[Role.SECONDARY]
    if is_same(primary, secondary):
        return Relation.SAME
    methods = {link.source: link.method for link in links}
    found = _BY_LINK.get((methods.get(Role.PRIMARY), methods.get(Role.SECONDARY)))
    if found not in {None, Relation.HEARTBEAT}:
        return found or Relation.UNKNOWN
    if _is_promoted(primary, secondary):
        return Relation.PROMOTED
    return found or Relation.UNRELATED


_BY_LINK: Final = {
    (Method.LOGICAL, Method.LOGICAL): Relation.TWO_WAY,
    (Method.LOGICAL, None): Relation.LOGICAL,
    (None, Method.LOGICAL): Relation.LOGICAL_BACK,
    (Method.PHYSICAL, None): Relation.PHYSICAL,
    (None, Method.PHYSICAL): Relation.PHYSICAL_BACK,
    (Method.HEARTBEAT, None): Relation.HEARTBEAT,
    (None, Method.HEARTBEAT): Relation.HEARTBEAT,
}


def links(facts: Mapping[Role, Facts], active: Role, before: tuple[Link, ...] = ()) -> tuple[Link, ...]:
    """Return the ways between the two; `before`, those found by the look before, are kept while one end is gone."""
    if len(facts) < len(Role) or is_same(facts[Role.PRIMARY], facts[Role.SECONDARY]):
        return ()
    logical = tuple(link for role in Role if (link := _logical(facts, role, before)) is not None)
    if logical:
        return logical
    physical = tuple(
        Link(role, Method.PHYSICAL, standby_name(facts[role.other]), _physical_slot(facts[role], facts[role.other]))
        for role in Role
        if _is_standby(facts[role.other], facts[role])
    )
    if physical:
        return physical
    beating = all(side.heartbeat is not None for side in facts.values())
    promoted = _is_promoted(facts[Role.PRIMARY], facts[Role.SECONDARY])
    return (Link(active, Method.HEARTBEAT, HEARTBEAT),) if beating and not promoted else ()


def is_same(one: Facts, other: Facts) -> bool:
    """Say whether both are one database of one server, whatever leads to it."""
    if _differ(one, other):
        return False
    mine, yours = one.server, other.server
    return (mine.started_us, mine.database_oid, mine.database, mine.version, mine.in_recovery) == (
        yours.started_us,
        yours.database_oid,
        yours.database,
        yours.version,
        yours.in_recovery,
    )


def standby_name(standby: Facts) -> str:
    """Return the standby's slot, or what it calls itself by default."""
    return standby.slot_name or standby.cluster_name or _WALRECEIVER


def _differ(one: Facts, other: Facts) -> bool:
    return None not in {one.identifier, other.identifier} and one.identifier != other.identifier


def _one_origin(one: Facts, other: Facts) -> bool:
    return one.identifier is not None and one.identifier == other.identifier


def _is_promoted(one: Facts, other: Facts) -> bool:
    """Say whether two servers that write were one once; two databases of one server are something else."""
    apart = one.server.started_us != other.server.started_us
    return apart and _one_origin(one, other) and not (one.in_recovery or other.in_recovery)


def _is_standby(standby: Facts, source: Facts) -> bool:
    """Say whether `standby` replays what `source` writes.

    The database has the same number there. Where the identifier is not told: it receives something, and the source sends
    something, no further than it has written itself.
    """
    if not standby.in_recovery or source.in_recovery or _differ(standby, source):
        return False
    if standby.server.database_oid != source.server.database_oid:
        return False
    return _one_origin(standby, source) or (
        standby.receiving
        and source.sending
        and standby.server.version // 10000 == source.server.version // 10000
        and (standby.position or 0) <= (source.position or 0)
    )


def _physical_slot(source: Facts, standby: Facts) -> str:
    slot = source.slot(standby.slot_name) if standby.slot_name else None
    return slot.name if slot is not None and slot.plugin is None else ""


def _logical(facts: Mapping[Role, Facts], source: Role, before: tuple[Link, ...]) -> Link | None:
    """Return the link that leaves `source`; one that works before one that does not."""
    here, there = facts[source], facts[source.other]
    found = [
        Link(source, Method.LOGICAL, each.name, each.slot, each)
        for each in there.subscriptions
        if each.slot is not None and (_reads(here, here.slot(each.slot)) or _known(source, each, before))
    ]
    return max(found, key=_liveliness, default=None)


def _reads(source: Facts, slot: HeldSlot | None) -> bool:
    return slot is not None and slot.plugin == "pgoutput" and slot.database == source.server.database


def _known(source: Role, subscription: Subscription, before: tuple[Link, ...]) -> bool:
    """Say whether it was proven before, so that a slot which is gone now is told as a fault."""
    return any(
        link.source is source and link.method is Method.LOGICAL and link.name == subscription.name for link in before
    )


def _liveliness(link: Link) -> tuple[bool, bool]:
    own = link.subscription
    return (own is not None and own.enabled, own is not None and own.working)
