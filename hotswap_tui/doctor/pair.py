"""What only shows when both databases are looked at together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.doctor.finding import Check, Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.traffic import Identity
    from hotswap_tui.doctor.facts import Details, Look

BOTH: Final = "both"
_SAME_START_S: Final = 0.001


def pair(primary: Look, secondary: Look) -> Iterator[Finding]:
    """Yield what the two servers are to each other; how writes get from one to the other is told of the data."""
    if primary.identity is not None and secondary.identity is not None:
        yield same_server(primary.identity, secondary.identity)
    if primary.details is not None and secondary.details is not None:
        yield versions(primary, secondary)


def same_server(primary: Identity, secondary: Identity) -> Finding:
    """Return whether the two are one server. A physical standby shares its primary's system identifier, not its start."""
    one = primary.system_identifier, secondary.system_identifier
    known = all(one)
    if abs(primary.started_at - secondary.started_at) <= _SAME_START_S and (not known or one[0] == one[1]):
        return _one(primary, secondary)
    if not known:
        text = "two servers, going by their start times; a system identifier would be surer"
        return Finding(Check.SAME_SERVER, Level.NOTE, BOTH, text)
    if one[0] != one[1]:
        return Finding(Check.SAME_SERVER, Level.OK, BOTH, "two servers of their own")
    if secondary.in_recovery and not primary.in_recovery:
        return Finding(
            Check.SAME_SERVER, Level.OK, BOTH, "two servers: the secondary is a physical standby of this primary"
        )
    if primary.in_recovery and not secondary.in_recovery:
        text = "the primary is a physical standby of the secondary: the roles are the wrong way round"
        fix = "exchange DATABASE_URL and DATABASE_URL_SECONDARY, or rebuild the old primary from the new one"
        return Finding(Check.SAME_SERVER, Level.PROBLEM, BOTH, text, fix)
    return Finding(Check.SAME_SERVER, Level.OK, BOTH, "two servers that come from one copy")


def versions(primary: Look, secondary: Look) -> Finding:
    """Return whether both are of one major version."""
    assert primary.details is not None
    assert secondary.details is not None
    ours, theirs = _major(primary.details), _major(secondary.details)
    if ours == theirs:
        return Finding(Check.VERSION, Level.OK, BOTH, f"one major version, PostgreSQL {ours}")
    text = f"the primary is PostgreSQL {ours}, the secondary {theirs}"
    fix = (
        "upgrade the older one: applications may behave differently after a failover, dumps go to a newer version only, and "
        "physical replication is impossible"
    )
    return Finding(Check.VERSION, Level.WARNING, BOTH, text, fix)


def _one(primary: Identity, secondary: Identity) -> Finding:
    if primary.database == secondary.database:
        text = "both URLs lead to the same database of the same server: a failover would change nothing"
        fix = "name another server in DATABASE_URL_SECONDARY"
        return Finding(Check.SAME_SERVER, Level.PROBLEM, BOTH, text, fix)
    text = f"both databases ({primary.database}, {secondary.database}) are on one server, which takes both along when it fails"
    return Finding(Check.SAME_SERVER, Level.WARNING, BOTH, text, "put the secondary on another server")


def _major(details: Details) -> int:
    return details.version_number // 10_000
