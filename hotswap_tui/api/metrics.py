"""What Prometheus scrapes. Imported at the first scrape: who is not scraped does not pay for the library.

The names are promised, and so are the numbers of states and healths. Labels have few values, all known beforehand, and what can
be counted is there, as 0, from the first scrape on.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from hotswap_tui import __version__
from hotswap_tui.api.families import counter, gauge
from hotswap_tui.api.health import serves
from hotswap_tui.api.moments import Moments
from hotswap_tui.api.sync_metrics import sync_families
from hotswap_tui.core.values import Fault, Health, Kind, Role, State, SwitchKind
from hotswap_tui.engine.tally import PASSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.core.traffic import Traffic
    from hotswap_tui.engine.local import LocalClient
    from hotswap_tui.engine.tally import Tally

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
STATES: Final[Mapping[State, int]] = {
    State.STARTING: 0,
    State.PRIMARY: 1,
    State.SUSPECT: 2,
    State.FAILING_OVER: 3,
    State.SECONDARY: 4,
    State.FAILING_BACK: 5,
    State.UNAVAILABLE: 6,
}
HEALTHS: Final[Mapping[Health, int]] = {
    Health.UNKNOWN: 0,
    Health.UP: 1,
    Health.DEGRADED: 2,
    Health.FAILING: 3,
    Health.DOWN: 4,
}
_CHECKS: Final = (PASSED, *(fault.value for fault in Fault))
_SWITCHES: Final = tuple(product((kind.value for kind in SwitchKind), ("done", "failed", "cancelled", "unknown")))


def _numbers(numbers: Mapping[State, int] | Mapping[Health, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in numbers.items())


_ENGINE: Final[Sequence[tuple[str, str, Callable[[Snapshot], float]]]] = (
    ("hotswap_state", f"State: {_numbers(STATES)}.", lambda now: STATES[now.state]),
    ("hotswap_serving", "1 while the active database is believed to serve, as /api/health says it.", serves),
    (
        "hotswap_active_since_timestamp_seconds",
        "Since when the active database serves without a break.",
        lambda now: Moments.of(now).wall_s(now.since_s),
    ),
    (
        "hotswap_start_timestamp_seconds",
        "When the engine started.",
        lambda now: Moments.of(now).wall_s(now.started_s),
    ),
    (
        "hotswap_secondary_configured",
        "1 when DATABASE_URL_SECONDARY is set.",
        lambda now: now.secondary is not None,
    ),
    ("hotswap_armed", "1 while automatic switching is on.", lambda now: now.mode.armed),
    (
        "hotswap_observing",
        "1 with HOTSWAP_OBSERVE: decisions are told, and nothing is moved.",
        lambda now: now.policy.observe,
    ),
    (
        "hotswap_failover_available",
        "1 when the other database passed its last check, no older than two of its intervals.",
        lambda now: now.failover_available,
    ),
    ("hotswap_switching", "1 while a switch is in flight.", lambda now: now.switch is not None),
    ("hotswap_holding", "1 while clients wait because a failure is being confirmed.", lambda now: now.hold is not None),
    ("hotswap_drill", "1 during a drill.", lambda now: now.drill is not None),
    (
        "hotswap_switches_in_hour",
        "Automatic switches that count against the hour's budget.",
        lambda now: now.switches_in_hour,
    ),
    (
        "hotswap_switches_per_hour_limit",
        "DB_MAX_SWITCHES_PER_HOUR.",
        lambda now: now.policy.max_switches_per_hour,
    ),
    ("hotswap_gateway_configured", "1 when a gateway moves traffic.", lambda now: now.router.routed),
    (
        "hotswap_gateway_readable",
        "1 when PgBouncer answered when it was last read.",
        lambda now: now.router.routed and not now.router.error,
    ),
    ("hotswap_gateway_paused", "1 while PgBouncer lets new work wait.", lambda now: now.router.paused),
    (
        "hotswap_disagrees",
        "1 while PgBouncer points to something else than the active database.",
        lambda now: now.disagrees,
    ),
)

_DATABASE: Final[Sequence[tuple[str, str, Callable[[Snapshot, DatabaseView], float | None]]]] = (
    (
        "hotswap_database_active",
        "1 for the database that serves or is chosen to.",
        lambda now, db: now.active is db.role,
    ),
    (
        "hotswap_database_up",
        "1 when the last check passed.",
        lambda _, db: db.verdict is not None and db.verdict.passed,
    ),
    ("hotswap_database_health", f"Health: {_numbers(HEALTHS)}.", lambda _, db: HEALTHS[db.health]),
    ("hotswap_database_failures", "Failed checks in a row that count toward failover.", lambda _, db: db.failures),
    (
        "hotswap_database_latency_seconds",
        "Round trip of the last check, while checks pass.",
        lambda _, db: _latency_s(db),
    ),
    (
        "hotswap_database_last_check_age_seconds",
        "Since the last check ended.",
        lambda now, db: None if db.verdict is None else max(0.0, now.now_s - db.verdict.finished_s),
    ),
    (
        "hotswap_database_last_pass_timestamp_seconds",
        "When a check passed last.",
        lambda now, db: None if db.last_pass_s is None else Moments.of(now).wall_s(db.last_pass_s),
    ),
    (
        "hotswap_database_read_only",
        "1 when the server last said that it takes no writes.",
        lambda _, db: None if db.facts is None else db.facts.read_only or db.facts.in_recovery,
    ),
    (
        "hotswap_database_connections",
        "Connections that the server had at the last check.",
        lambda _, db: None if db.facts is None else db.facts.connections,
    ),
    (
        "hotswap_database_max_connections",
        "Connections that the server allows.",
        lambda _, db: None if db.facts is None else db.facts.max_connections,
    ),
)


def _latency_s(view: DatabaseView) -> float | None:
    measured_ms = None if view.verdict is None else view.verdict.measured_ms
    return None if measured_ms is None else measured_ms / 1000


class EngineCollector(Collector):
    """Read picture and counters at the moment of the scrape."""

    def __init__(self, client: LocalClient) -> None:
        self._client = client

    def describe(self) -> Iterator[Metric]:
        """Promise nothing: the registry would scrape once only to learn the names."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        snapshot, tally = self._client.snapshot(), self._client.tally()
        yield InfoMetricFamily("hotswap", "The program.", {"version": __version__})
        for name, text, value in _ENGINE:
            yield GaugeMetricFamily(name, text, float(value(snapshot)))
        yield from _databases(snapshot)
        yield from _gateway(snapshot)
        yield from sync_families(snapshot)
        yield from _counters(snapshot, tally)


def _databases(snapshot: Snapshot) -> Iterator[Metric]:
    views = [view for view in (snapshot.primary, snapshot.secondary) if view is not None]
    for name, text, value in _DATABASE:
        yield gauge(name, text, ("database",), [((view.role.value,), value(snapshot, view)) for view in views])


def _gateway(snapshot: Snapshot) -> Iterator[Metric]:
    pointed = [((role.value,), snapshot.router.points_to is role) for role in Role if snapshot.router.routed]
    yield gauge("hotswap_gateway_points_to", "1 for the database that PgBouncer points to.", ("database",), pointed)
    traffic = snapshot.router.traffic
    if traffic is not None:
        yield from _pool(traffic)


def _pool(traffic: Traffic) -> Iterator[Metric]:
    clients = [(("active",), traffic.clients_active), (("waiting",), traffic.clients_waiting)]
    yield gauge("hotswap_pool_clients", "Clients of PgBouncer.", ("state",), clients)
    servers = [(("active",), traffic.servers_active), (("idle",), traffic.servers_idle)]
    yield gauge("hotswap_pool_servers", "PgBouncer's connections to the database.", ("state",), servers)
    text = "How long the client has waited that waits longest."
    yield GaugeMetricFamily("hotswap_pool_max_wait_seconds", text, traffic.max_wait_s)
    yield CounterMetricFamily("hotswap_pool_queries", "Queries since PgBouncer's start.", traffic.queries)
    text = "Time of these queries at the database."
    yield CounterMetricFamily("hotswap_pool_query_seconds", text, traffic.query_time_us / 1e6)


def _counters(snapshot: Snapshot, tally: Tally) -> Iterator[Metric]:
    roles = [Role.PRIMARY] if snapshot.secondary is None else list(Role)
    checks = [((role.value, result), tally.checks.get((role, result), 0)) for role in roles for result in _CHECKS]
    yield counter("hotswap_checks", "Checks by result: passed, or the fault.", ("database", "result"), checks)
    switches = [(pair, tally.switches.get(pair, 0)) for pair in _SWITCHES]
    yield counter("hotswap_switches", "Switches that have ended.", ("kind", "result"), switches)
    events = [((kind.value,), tally.events.get(kind.value, 0)) for kind in Kind]
    yield counter("hotswap_events", "Events.", ("kind",), events)
    yield CounterMetricFamily("hotswap_waited_clients", "Clients that holds kept waiting.", tally.waited_clients)
    text = "The longest wait of each hold, summed up."
    yield CounterMetricFamily("hotswap_held_seconds", text, tally.longest_waits_s)
    text = "How often an engine that only observes would have moved traffic."
    yield CounterMetricFamily("hotswap_observed", text, tally.observed)


class Metrics:
    """The metrics of one engine and of the process that it runs in."""

    def __init__(self, client: LocalClient) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(EngineCollector(client))
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format, CONTENT_TYPE."""
        return generate_latest(self._registry)
