"""What the guards of the data come to with this pair: DB_MAX_LAG, DB_FAILBACK_GUARD, and what a failback would lose now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.looking import SHORTEST_S
from hotswap_tui.core.sync import Relation, Safety
from hotswap_tui.core.sync_facts import verdict_fact
from hotswap_tui.core.time_words import age
from hotswap_tui.core.values import Role
from hotswap_tui.doctor.finding import Check, Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.sync import Flow, SyncReading
    from hotswap_tui.doctor.facts import DataLook

_MAX_LAG: Final = "DB_MAX_LAG"
_GUARD: Final = "DB_FAILBACK_GUARD"
_VERDICTS: Final = {Safety.SAFE: Level.OK, Safety.NEEDS_SYNC: Level.NOTE, Safety.DIVERGED: Level.WARNING}
_TWO_WAY: Final = "hotswap-tui sync setup --two-way (PostgreSQL 16 or newer on both)"
_UNTOLD: Final = frozenset({Relation.UNKNOWN, Relation.SAME, Relation.PHYSICAL_BACK})
"""Nothing is known, or the servers themselves say what is wrong."""


def guards(look: DataLook, policy: Policy, *, routed: bool) -> Iterator[Finding]:
    """Yield what automatic switches make of what was found; `routed`: a gateway can hold clients."""
    if look.reading.dossier is not None:
        fact = verdict_fact(look.reading.dossier)
        level = _VERDICTS[look.reading.dossier.verdict]
        fix = "" if level is Level.OK else "hotswap-tui failback --dossier lists it"
        yield Finding(Check.GUARDS, level, Role.SECONDARY, f"it serves, and a failback is {fact.text}", fix)
    if look.reading.relation in _UNTOLD:
        return
    if policy.sync_interval_s:  # without looks both guards wait for ever, which the settings say
        yield from _max_lag(look, policy)
    if policy.failback_auto:
        yield from _way_back(look.reading, policy, routed=routed)


def _max_lag(look: DataLook, policy: Policy) -> Iterator[Finding]:
    """Yield whether DB_MAX_LAG lets an automatic failover happen."""
    limit_s, flow = policy.max_lag_s, look.reading.flow(Role.PRIMARY)
    if limit_s is None or look.serving is Role.SECONDARY:
        return
    is_set = f"it is {limit_s:g}s"
    if flow is None or (flow.lag_s is None and look.reading.relation is Relation.HEARTBEAT):
        text = f"{is_set}, and nothing tells how much the secondary lacks: there is no automatic failover at all"
        fix = "hotswap-tui sync setup, or sync heartbeat for another method; or take DB_MAX_LAG out"
        yield Finding(Check.GUARDS, Level.PROBLEM, _MAX_LAG, text, fix)
    elif flow.lag_s is None or flow.lag_s > limit_s:
        lacks = "how much the secondary lacks is not known" if flow.lag_s is None else f"it lacks {age(flow.lag_s)}"
        beats = look.reading.relation is Relation.HEARTBEAT and not policy.write_check
        mend = "set DB_WRITE_CHECK=1, so that the heartbeat is written" if beats else "mend the replication above"
        fix = f"{mend}; hotswap-tui switch moves traffic all the same"
        text = f"{is_set}, and {lacks} at this moment: no automatic failover now"
        yield Finding(Check.GUARDS, Level.PROBLEM, _MAX_LAG, text, fix)
    elif (aged := _aged(look, policy, limit_s)) is not None:
        yield aged
    else:
        text = f"{is_set}, and the secondary lacks {age(flow.lag_s)}: it lets an automatic failover happen"
        yield Finding(Check.GUARDS, Level.OK, _MAX_LAG, text)


def _aged(look: DataLook, policy: Policy, limit_s: float) -> Finding | None:
    """Return that the figure gets older than the limit between two looks; its age counts."""
    if limit_s <= SHORTEST_S:
        text = (
            f"it is {limit_s:g}s, and looks are {SHORTEST_S:g}s apart at least: a figure's age alone forbids failovers"
        )
        return Finding(Check.GUARDS, Level.WARNING, _MAX_LAG, text, f"set it to {2000 * SHORTEST_S:.0f} or more")
    relation, between_s = look.reading.relation, policy.standby_check_interval_s
    needs_secondary = relation is Relation.HEARTBEAT or (relation is Relation.PHYSICAL and not look.tells_standby)
    if not needs_secondary or between_s <= limit_s / 2:
        return None
    text = (
        f"it is {limit_s:g}s, and the secondary, which alone tells the figure, is asked every {between_s:g}s: in "
        "between there is no automatic failover"
    )
    granted = ", or GRANT pg_monitor TO the primary's role" if relation is Relation.PHYSICAL else ""
    fix = f"set DB_STANDBY_CHECK_INTERVAL to {limit_s * 500:.0f} or less{granted}"
    return Finding(Check.GUARDS, Level.WARNING, _MAX_LAG, text, fix)


def _way_back(reading: SyncReading, policy: Policy, *, routed: bool) -> Iterator[Finding]:
    """Yield what an automatic failback does about what was written on the secondary."""
    back = reading.flow(Role.SECONDARY) if reading.relation in {Relation.TWO_WAY, Relation.LOGICAL_BACK} else None
    if not policy.failback_guarded:
        if reading.relation is Relation.LOGICAL:
            text = "one way only: an automatic failback leaves behind what was written on the secondary, and says so"
            fix = f"{_TWO_WAY} brings it back; DB_FAILBACK_GUARD=block waits for a person"
            yield Finding(Check.GUARDS, Level.NOTE, _GUARD, text, fix)
    elif policy.sync_interval_s:
        yield _blocked(reading, back, routed=routed)


def _blocked(reading: SyncReading, back: Flow | None, *, routed: bool) -> Finding:
    if reading.relation is Relation.PHYSICAL:
        text = (
            "it is block: fails back from a standby that stayed read-only; from one that was promoted a person has to"
        )
        return Finding(Check.GUARDS, Level.NOTE, _GUARD, text)
    if back is not None and back.streaming and not back.missing and not back.not_ready:
        text = "it is block: an automatic failback waits until the primary has what was written on the secondary"
        return Finding(Check.GUARDS, Level.OK, _GUARD, text)
    fix = f"{_TWO_WAY}; until then hotswap-tui failback --dossier, then failback"
    if back is not None:
        text = "it is block, and the way back to the primary is not whole: after a write on the secondary a person has to fail back"
        return Finding(Check.GUARDS, Level.WARNING, _GUARD, text, "mend what is said of it above")
    if not routed:
        text = (
            "it is block: without a gateway and without a way back to the primary there is no automatic failback at all"
        )
        return Finding(Check.GUARDS, Level.WARNING, _GUARD, text, fix)
    text = "it is block, and nothing carries writes back to the primary: after one on the secondary a person has to fail back"
    return Finding(Check.GUARDS, Level.NOTE, _GUARD, text, fix)
