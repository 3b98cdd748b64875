"""Pictures of an engine in every state, as values: what the screens are drawn from."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from hotswap_tui.core.latency import LatencyHistory
from hotswap_tui.core.plan import PoolMode
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.snapshot import Countdown, DatabaseView, Snapshot, SwitchOutcome
from hotswap_tui.core.traffic import Traffic
from hotswap_tui.core.values import (
    ARMED,
    Drill,
    Event,
    Fault,
    Health,
    Kind,
    Level,
    Mode,
    Role,
    RouterReading,
    ServerFacts,
    State,
    Switch,
    SwitchKind,
    Verdict,
)

NOW_S = 500_000.0
WALL_S = 1_763_116_927.0
"""2025-11-14T10:42:07Z"""
POLICY = Policy(check_interval_s=1.0, failure_retry_interval_s=1.0, standby_check_interval_s=1.0)
ADDRESSES = {Role.PRIMARY: "localhost:5432", Role.SECONDARY: "ep-cool-name.neon.tech"}
FACTS = ServerFacts("18.6", False, False, WALL_S - 90_000, 12, 100)
DAYS_S = 3 * 86400 + 4 * 3600 + 12 * 60
UNROUTED = RouterReading(routed=False)
TRAFFIC = Traffic(
    at_s=NOW_S - 0.4,
    clients_active=42,
    clients_waiting=0,
    servers_active=3,
    servers_idle=5,
    max_wait_s=0.0,
    queries=1_234_567,
    query_time_us=617_283_500,
    queries_per_s=812.4,
    mean_query_ms=0.42,
)
ROUTED = RouterReading(
    routed=True,
    points_to=Role.PRIMARY,
    address="localhost:5432",
    version=(1, 18, 0),
    pool_mode=PoolMode.TRANSACTION,
    traffic=TRAFFIC,
)
HOSTILE = (
    "[/x][bold red]\x1b[31;2J\x07line\nbreak\r\u202eevil\u2066 漢字漢字 e\u0301\u0301\u0301 👩\u200d👩 " + "x" * 10_000
)


def passed(role: Role, ago_s: float = 0.4, latency_ms: float = 2.4, **changes: Any) -> Verdict:
    """Return a passed check that ended `ago_s` before now."""
    end = NOW_S - ago_s
    verdict = Verdict(role, end - latency_ms / 1000, end, latency_ms=latency_ms, facts=FACTS)
    return replace(verdict, **changes)


def failed(
    role: Role, fault: Fault = Fault.TIMEOUT, detail: str = "no answer within 500 ms", **changes: Any
) -> Verdict:
    """Return a failed check."""
    verdict = Verdict(role, NOW_S - 0.9, NOW_S - 0.4, fresh=True, fault=fault, detail=detail)
    return replace(verdict, **changes)


def database(role: Role, **changes: Any) -> DatabaseView:
    """Return a healthy database."""
    latency_ms = 2.4 if role is Role.PRIMARY else 31.6
    view = DatabaseView(
        role=role,
        address=ADDRESSES[role],
        url=f"postgresql://ccfinapp:****@{ADDRESSES[role]}/cc_financial",
        health=Health.UP,
        failures=0,
        passes=4711,
        verdict=passed(role, latency_ms=latency_ms),
        facts=FACTS,
        last_pass_s=NOW_S - 0.4,
        down_since_s=None,
        next_check_s=NOW_S + 0.6,
        checking=False,
    )
    return replace(view, **changes)


def down(
    role: Role, failures: int = 5, for_s: float = 42.0, health: Health = Health.DOWN, **changes: Any
) -> DatabaseView:
    """Return a database that fails."""
    return database(
        role,
        health=health,
        failures=failures,
        passes=0,
        verdict=changes.pop("verdict", failed(role)),
        last_pass_s=NOW_S - for_s,
        down_since_s=NOW_S - for_s,
        **changes,
    )


def snapshot(**changes: Any) -> Snapshot:
    """Return the steady picture: the primary serves, both are well."""
    picture = Snapshot(
        version=7,
        now_s=NOW_S,
        wall_s=WALL_S,
        name="cc_financial",
        pid=812,
        started_s=NOW_S - DAYS_S,
        state=State.PRIMARY,
        active=Role.PRIMARY,
        serving=True,
        since_s=NOW_S - DAYS_S,
        mode=ARMED,
        primary=database(Role.PRIMARY),
        secondary=database(Role.SECONDARY),
        switch=None,
        last_switch=None,
        router=UNROUTED,
        hold=None,
        disagrees=False,
        failover_available=True,
        unavailable_since_s=None,
        suspicion_since_s=None,
        blocked="",
        blocked_until_s=None,
        countdown=None,
        switches_in_hour=0,
        policy=POLICY,
    )
    return replace(picture, **changes)


def switch(kind: SwitchKind = SwitchKind.FAILOVER, target: Role = Role.SECONDARY, **changes: Any) -> Switch:
    """Return a switch that began half a second ago."""
    made = Switch(3, kind, target.other, target, NOW_S - 0.5, "primary failed 3 checks: timeout", step="canary")
    return replace(made, **changes)


EVENTS = (
    Event(1, WALL_S - 2644, Kind.STARTED, Level.INFO, "engine started, pid 812"),
    Event(2, WALL_S - 2643, Kind.CONNECTED, Level.GOOD, "connected to primary database", Role.PRIMARY),
    Event(
        3,
        WALL_S - 1227,
        Kind.CHECK_FAILED,
        Level.WARNING,
        "primary: check failed 1/3 after 500 ms: timeout",
        Role.PRIMARY,
        {"error": "no answer within 500 ms", "fault": "timeout", "count": 1, "threshold": 3},
    ),
    Event(4, WALL_S - 1226, Kind.CHECK_FAILED, Level.WARNING, "primary: check failed 2/3 after 500 ms: timeout"),
    Event(5, WALL_S - 1225, Kind.RECOVERED, Level.GOOD, "primary: back after 2 failures, 2.1s; no switch (3 needed)"),
)


def history(base_ms: float, failures_ago_s: tuple[float, ...] = (), for_s: int = 280) -> LatencyHistory:
    """Return a repeatable history of one check a second that ends now."""
    made = LatencyHistory()
    for ago_s in range(for_s, -1, -1):
        wave = 1 + 0.4 * math.sin(ago_s * 1.7) + (1.5 if ago_s % 37 == 0 else 0) + (9 if ago_s == 61 else 0)
        made.add(NOW_S - ago_s - 0.4, None if ago_s in failures_ago_s else base_ms * wave)
    return made


DISARMED = Mode(armed=False, by="pi@tty1", since_s=NOW_S - 371)
FAILING = {
    "state": State.SUSPECT,
    "primary": down(Role.PRIMARY, 2, 2.1, Health.FAILING),
    "suspicion_since_s": NOW_S - 2.1,
    "countdown": Countdown("switch to secondary", NOW_S + 1.0),
}
ON_SECONDARY = {
    "state": State.SECONDARY,
    "active": Role.SECONDARY,
    "since_s": NOW_S - 151,
    "primary": down(Role.PRIMARY, for_s=154),
    "failover_available": False,
    "last_switch": SwitchOutcome(switch(started_s=NOW_S - 151), NOW_S - 150.92, "done"),
}
NOBODY = {
    "state": State.UNAVAILABLE,
    "serving": False,
    "primary": down(Role.PRIMARY),
    "failover_available": False,
    "unavailable_since_s": NOW_S - 42,
}
REFUSED = failed(Role.SECONDARY, Fault.REFUSED, "connection refused", sqlstate="57P03")
NO_NAME = failed(Role.SECONDARY, Fault.RESOLVER, "Name or service not known")
FULL = failed(Role.PRIMARY, Fault.TOO_MANY, "sorry, too many clients already", sqlstate="53300")
REFUSED_LOGIN = failed(
    Role.PRIMARY, Fault.CREDENTIALS, 'password authentication failed for user "app"', sqlstate="28P01"
)
NO_WRITES = failed(Role.PRIMARY, Fault.READ_ONLY, "the primary refuses writes")
READ_ONLY = replace(FACTS, read_only=True)
TO_SECONDARY = replace(ROUTED, points_to=Role.SECONDARY, address="ep-cool-name.neon.tech")
ELSEWHERE = replace(ROUTED, points_to=None, address="10.0.0.12:5432")


def unrouted_pictures() -> dict[str, Snapshot]:
    """Return a picture for every state that a screen must tell apart without a gateway."""
    return _serving() | _moving() | _troubled()


def _serving() -> dict[str, Snapshot]:
    return {
        "steady": snapshot(),
        "failed-over": snapshot(**ON_SECONDARY),
        "disarmed": snapshot(mode=DISARMED),
        "disarmed-returning": snapshot(**{**ON_SECONDARY, "primary": database(Role.PRIMARY), "mode": DISARMED}),
        "single": snapshot(secondary=None, failover_available=False),
        "stale": snapshot(now_s=NOW_S - 12, wall_s=WALL_S - 12),
        "observing": snapshot(policy=replace(snapshot().policy, observe=True)),
    }


def _moving() -> dict[str, Snapshot]:
    back = {**ON_SECONDARY, "primary": database(Role.PRIMARY, passes=1)}
    return {
        "failing-back": snapshot(**back, countdown=Countdown("fail back to primary", NOW_S + 83)),
        "failing": snapshot(**FAILING),
        "drill": snapshot(**FAILING, drill=Drill("pi@tty1", NOW_S - 3, NOW_S + 57)),
        "starting": snapshot(
            state=State.STARTING,
            serving=False,
            since_s=NOW_S,
            failover_available=False,
            primary=_unchecked(Role.PRIMARY),
            secondary=_unchecked(Role.SECONDARY),
        ),
    }


def _troubled() -> dict[str, Snapshot]:
    return {
        "both-down": snapshot(**NOBODY, secondary=down(Role.SECONDARY, verdict=REFUSED)),
        "disarmed-dead": snapshot(**NOBODY, mode=DISARMED, blocked="automatic switching is off (pi@tty1)"),
        "starting-refused": starting_refused(),
        "single-down": snapshot(**NOBODY, secondary=None),
        "standby-down": snapshot(secondary=down(Role.SECONDARY, verdict=NO_NAME), failover_available=False),
        "degraded": snapshot(primary=database(Role.PRIMARY, health=Health.DEGRADED, verdict=FULL)),
        "read-only": snapshot(
            state=State.SUSPECT,
            primary=down(Role.PRIMARY, 2, 2.1, Health.FAILING, verdict=NO_WRITES, facts=READ_ONLY),
            secondary=database(Role.SECONDARY, facts=replace(READ_ONLY, in_recovery=True)),
            blocked="never from a read-only primary to a read-only secondary",
        ),
        "hostile": hostile(),
    }


def _unchecked(role: Role) -> DatabaseView:
    return database(role, health=Health.UNKNOWN, passes=0, verdict=None, facts=None, last_pass_s=None, checking=True)


def starting_refused(**changes: Any) -> Snapshot:
    """Return the picture of a start with a wrong password for the primary."""
    refused = database(
        Role.PRIMARY, health=Health.DEGRADED, passes=0, verdict=REFUSED_LOGIN, facts=None, last_pass_s=None
    )
    return snapshot(**{"state": State.STARTING, "serving": False, "since_s": NOW_S, "primary": refused, **changes})


def hostile() -> Snapshot:
    """Return a picture in which every text that a server, a URL or a person can choose is an attack."""
    facts = replace(FACTS, version=HOSTILE)
    bad = failed(Role.PRIMARY, Fault.UNKNOWN, HOSTILE, sqlstate=HOSTILE, facts=facts)
    return snapshot(
        name=HOSTILE,
        mode=Mode(armed=False, by=HOSTILE, since_s=NOW_S - 5, why=HOSTILE),
        router=RouterReading(routed=True, points_to=None, address=HOSTILE, error=HOSTILE),
        last_switch=SwitchOutcome(
            switch(started_s=NOW_S - 9, why=HOSTILE, by=HOSTILE), NOW_S - 8, "unknown", HOSTILE, proof=HOSTILE
        ),
        blocked=HOSTILE,
        primary=down(
            Role.PRIMARY,
            2,
            2.1,
            Health.FAILING,
            verdict=bad,
            facts=facts,
            address=HOSTILE,
            url=HOSTILE,
            notes=(HOSTILE,),
        ),
    )
