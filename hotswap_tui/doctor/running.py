"""Whether an engine runs, and with the settings that were looked at."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

from hotswap_tui.doctor.finding import Check, Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.values import Role
    from hotswap_tui.doctor.facts import EngineLook

_SUBJECT: Final = "engine"
_VARIABLES: Final[Mapping[str, str]] = {
    "check_interval_s": "DB_HEALTH_CHECK_INTERVAL",
    "connection_timeout_s": "DB_CONNECTION_TIMEOUT",
    "failure_threshold": "DB_FAILURE_THRESHOLD",
    "primary_retry_interval_s": "DB_PRIMARY_RETRY_INTERVAL",
    "failure_retry_interval_s": "DB_FAILURE_RETRY_INTERVAL",
    "recovery_threshold": "DB_RECOVERY_THRESHOLD",
    "failback_auto": "DB_FAILBACK",
    "max_switches_per_hour": "DB_MAX_SWITCHES_PER_HOUR",
    "standby_check_interval_s": "DB_STANDBY_CHECK_INTERVAL",
    "fresh_connect_every": "DB_FRESH_CONNECT_EVERY",
    "allow_read_only": "DB_ALLOW_READ_ONLY",
    "write_check": "DB_WRITE_CHECK",
    "hold_max_s": "DB_HOLD_MAX",
    "observe": "HOTSWAP_OBSERVE",
    "sync_interval_s": "DB_SYNC_CHECK_INTERVAL",
    "max_lag_s": "DB_MAX_LAG",
    "failback_guarded": "DB_FAILBACK_GUARD",
}
_URLS: Final[Mapping[str, str]] = {"primary": "DATABASE_URL", "secondary": "DATABASE_URL_SECONDARY"}
_START: Final = "hotswap-tui service install keeps one running; the dashboard runs one while it is open"


def running(
    look: EngineLook, policy: Policy, urls: Mapping[Role, str], *, gateway: EngineLook | None = None
) -> Iterator[Finding]:
    """Yield who watches, and where that differs from what was looked at here.

    `policy` and `urls` (masked) are those of the settings, `gateway` is who controls the gateway's directory.
    """
    if look.trouble:
        why, _, fix = look.trouble.partition("; ")
        text = f"whether one runs cannot be seen: {why}"
        yield Finding(
            Check.ENGINE, Level.UNSEEN, _SUBJECT, text, fix or "run this check as the user that runs the engine"
        )
    elif look.locked or (look.elsewhere and look.urls == urls):
        yield from _compared(look, policy, urls)
    elif look.elsewhere:
        yield from _another(look)
    elif gateway is not None and gateway.locked:
        text = f"one with another state directory runs and controls the gateway{_who(gateway)}"
        fix = "give this check the settings that engine has (--env-file), above all HOTSWAP_STATE_DIR"
        yield Finding(Check.ENGINE, Level.WARNING, _SUBJECT, text, fix)
    else:
        text = "none runs here: nobody would fail over now"
        yield Finding(Check.ENGINE, Level.NOTE, _SUBJECT, text, _START)
    if look.journal_trouble:
        fix = "the engine begins a new one where this one is damaged, and keeps the old one beside it"
        yield Finding(Check.ENGINE, Level.WARNING, "journal", look.journal_trouble, fix)
    if look.disarmed:
        text = f"automatic switching is off ({look.disarmed})"
        yield Finding(Check.ENGINE, Level.WARNING, _SUBJECT, text, "hotswap-tui arm turns it on")


def _another(look: EngineLook) -> Iterator[Finding]:
    if look.policy is None:
        text = f"one runs at {look.elsewhere}, which may not be asked as this user; for which databases is not known"
        yield Finding(Check.ENGINE, Level.UNSEEN, _SUBJECT, text, "run this check as root, or join its group")
        return
    text = f"none runs for these databases; the one at {look.elsewhere}{_who(look)} has other connection strings"
    fix = "give this check the settings that engine has (--env-file), or start one for these"
    yield Finding(Check.ENGINE, Level.NOTE, _SUBJECT, text, fix)


def _compared(look: EngineLook, policy: Policy, urls: Mapping[Role, str]) -> Iterator[Finding]:
    who = f"one runs{_who(look)}"
    if look.policy is None:
        text = f"{who}; with which settings cannot be seen from here"
        yield Finding(Check.ENGINE, Level.OK, _SUBJECT, text)
        return
    others = [*_other_settings(look.policy, policy), *_other_urls(look.urls, urls)]
    if others:
        text = f"{who}, with other settings than those looked at: {', '.join(others)}"
        fix = "restart it (or SIGHUP) where the new ones are meant, or give this check the same ones (--env-file)"
        yield Finding(Check.ENGINE, Level.WARNING, _SUBJECT, text, fix)
    else:
        yield Finding(Check.ENGINE, Level.OK, _SUBJECT, f"{who}, with these settings")


def _other_settings(theirs: Policy, ours: Policy) -> list[str]:
    different = [each.name for each in fields(ours) if getattr(theirs, each.name) != getattr(ours, each.name)]
    if all(policy.standby_check_interval_s == policy.check_interval_s for policy in (theirs, ours)):
        different = [name for name in different if name != "standby_check_interval_s"]  # it follows the other one
    return [_VARIABLES[name] for name in different if name in _VARIABLES]


def _other_urls(theirs: Mapping[Role, str], ours: Mapping[Role, str]) -> list[str]:
    return [name for role, name in _URLS.items() if _of(theirs, role) != _of(ours, role)]


def _of(urls: Mapping[Role, str], role: str) -> str:
    return next((url for each, url in urls.items() if each == role), "")


def _who(look: EngineLook) -> str:
    return f" ({look.holder})" if look.holder else ""
