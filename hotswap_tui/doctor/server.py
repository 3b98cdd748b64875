"""What a server that answers says about itself: writable, clock, connections, and what the role may do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Role
from hotswap_tui.doctor.finding import Check, Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.core.policy import Policy
    from hotswap_tui.doctor.facts import Details, Look

_SKEW_S: Final = 1.0
_FULL_SHARE: Final = 0.8
_FEWEST: Final = 3
_DAY_S: Final = 86_400
_EXPIRY_DAYS: Final = 14
_PROMOTE: Final = "promote it (SELECT pg_promote()), or exchange the two URLs if the other one is the real primary"
_PROMOTE_THEN: Final = (
    "promote it then, by hand or by HOTSWAP_ON_SWITCH; DB_ALLOW_READ_ONLY=0 rules such a failover out"
)
_RESET: Final = (
    "find who set it: ALTER SYSTEM, ALTER DATABASE or ALTER ROLE … RESET default_transaction_read_only; a provider does so when "
    "the disk is full"
)


def writable(look: Look, policy: Policy) -> Iterator[Finding]:
    """Yield whether transactions may write, and what follows where they may not. Nothing is written to find out."""
    facts = look.verdict.facts
    if facts is None:
        return
    if not facts.read_only:
        yield Finding(Check.WRITABLE, Level.OK, look.role, "writable")
        return
    why = "in recovery: a physical standby" if facts.in_recovery else "read-only (default_transaction_read_only)"
    if look.role is Role.PRIMARY:
        fix = _PROMOTE if facts.in_recovery else _RESET
        yield Finding(Check.WRITABLE, Level.PROBLEM, look.role, f"{why}; no primary can be that", fix)
    elif not policy.allow_read_only:
        fix = "promote it or make it writable, or set DB_ALLOW_READ_ONLY=1"
        text = f"{why}: DB_ALLOW_READ_ONLY=0 lets no failover happen"
        yield Finding(Check.WRITABLE, Level.PROBLEM, look.role, text, fix)
    else:
        text = f"{why}: after a failover applications can read, but not write"
        level, fix = (Level.NOTE, _PROMOTE_THEN) if facts.in_recovery else (Level.WARNING, _RESET)
        yield Finding(Check.WRITABLE, level, look.role, text, fix)


def clock(look: Look) -> Iterator[Finding]:
    """Yield how far the server's clock is from this machine's, the round trip taken into account."""
    if look.details is None:
        return
    measured = look.details.clock
    direction = "ahead of" if measured.ahead_s > 0 else "behind"
    sure_s = abs(measured.ahead_s) - measured.uncertainty_s
    if sure_s < _SKEW_S:
        text = f"its clock agrees with this machine's (±{max(abs(measured.ahead_s), measured.uncertainty_s):.3f} s)"
        yield Finding(Check.CLOCK, Level.OK, look.role, text)
        return
    text = f"its clock is {abs(measured.ahead_s):.1f} s {direction} this machine's (±{measured.uncertainty_s:.3f} s)"
    fix = "set both by NTP (timedatectl set-ntp true): times of events and rows cannot be compared otherwise"
    yield Finding(Check.CLOCK, Level.WARNING, look.role, text, fix)


def connections(look: Look) -> Iterator[Finding]:
    """Yield how much room there is for clients."""
    facts, details = look.verdict.facts, look.details
    if facts is None or details is None:
        return
    usable = facts.max_connections - (0 if details.superuser else details.reserved)
    text = f"{facts.connections} of {usable} connections in use"
    if _is_full(facts.connections, usable):
        fix = "let applications share connections (the gateway does), look for leaked ones in pg_stat_activity, or raise max_connections"
        yield Finding(Check.CONNECTIONS, Level.WARNING, look.role, text, fix)
    else:
        yield Finding(Check.CONNECTIONS, Level.OK, look.role, text)
    if details.role_limit >= 0 and _is_full(details.role_connections, details.role_limit):
        text = f"{details.role_connections} of the {details.role_limit} connections that role {details.user} may have are in use"
        fix = f"raise it: ALTER ROLE {details.user} CONNECTION LIMIT …"
        yield Finding(Check.CONNECTIONS, Level.WARNING, look.role, text, fix)


def privileges(look: Look, policy: Policy, now_wall_s: float) -> Iterator[Finding]:
    """Yield what the role may not do and should, and the other way round."""
    details = look.details
    if details is None:
        return
    found = [*_missing(look, details, policy), *_expiry(look, details, now_wall_s)]
    if details.superuser:
        text = f"role {details.user} is a superuser, whose connections are not limited by anything"
        fix = "give the application a role of its own that owns its database"
        found.append(Finding(Check.PRIVILEGES, Level.NOTE, look.role, text, fix))
    text = f"role {details.user} may do what monitoring needs"
    yield from found or (Finding(Check.PRIVILEGES, Level.OK, look.role, text),)


def pooler(look: Look, *, looped: bool) -> Iterator[Finding]:
    """Yield that something else than the server answers, unless it is known to be the gateway itself (`looped`)."""
    if look.details is None or not look.details.pooler or looped:
        return
    place = look.dsn.address
    if look.local:
        text = f"{look.details.pooler} on this machine answers at {place}, not the server itself"
        fix = (
            "if it is the gateway, which applications use, name the database behind it instead: hotswap.env in the gateway's "
            "directory has the right URL"
        )
        yield Finding(Check.POOLER, Level.WARNING, look.role, text, fix)
        return
    text = f"{look.details.pooler} answers at {place}, not the server itself: when the pooler fails, the database counts as failed"
    yield Finding(Check.POOLER, Level.NOTE, look.role, text)


def _missing(look: Look, details: Details, policy: Policy) -> Iterator[Finding]:
    if look.identity is not None and look.identity.system_identifier is None:
        text = (
            "pg_control_system() is not allowed: servers are told apart by start time and address only, and a system identifier "
            "would be surer"
        )
        fix = f"GRANT EXECUTE ON FUNCTION pg_control_system() TO {details.user}, where the provider lets you"
        yield Finding(Check.PRIVILEGES, Level.NOTE, look.role, text, fix)
    if policy.write_check and not details.may_beat:
        text = f"DB_WRITE_CHECK=1, but role {details.user} may neither write nor make the table hotswap_heartbeat"
        fix = f"GRANT CREATE ON SCHEMA public TO {details.user}, or set DB_WRITE_CHECK=0"
        yield Finding(Check.PRIVILEGES, Level.WARNING, look.role, text, fix)


def _expiry(look: Look, details: Details, now_wall_s: float) -> Iterator[Finding]:
    if details.password_ends_s is None:
        return
    days = int((details.password_ends_s - now_wall_s) // _DAY_S)
    if days >= _EXPIRY_DAYS:
        return
    date = f"{datetime.fromtimestamp(details.password_ends_s, UTC):%Y-%m-%d}"
    text = f"the password of role {details.user} expires on {date}"
    fix = f"ALTER ROLE {details.user} VALID UNTIL 'infinity', or a new password in time"
    yield Finding(Check.PRIVILEGES, Level.WARNING, look.role, text, fix)


def _is_full(used: int, limit: int) -> bool:
    return limit - used < _FEWEST or used >= limit * _FULL_SHARE
