"""What Prometheus reads: names, numbers and labels that stay, in a format that its parser understands."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hotswap_tui import __version__
from hotswap_tui.api.metrics import HEALTHS, STATES
from hotswap_tui.core.traffic import Hold
from hotswap_tui.core.values import Drill, Fault, Health, Kind, Role, State, SwitchKind
from hotswap_tui.engine.tally import Tally
from tests.support.pictures import (
    DISARMED,
    ELSEWHERE,
    NOBODY,
    NOW_S,
    ON_SECONDARY,
    POLICY,
    READ_ONLY,
    ROUTED,
    WALL_S,
    database,
    down,
    hostile,
    snapshot,
    switch,
)
from tests.support.public_api import LOCAL, ScriptedLocal, public
from tests.support.routed_pictures import pictures
from tests.support.sync_pictures import hostile_sync

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
TALLY = Tally(
    {(PRIMARY, "passed"): 41, (PRIMARY, "timeout"): 3, (SECONDARY, "passed"): 40},
    {("failover", "done"): 2, ("failback", "failed"): 1},
    {"switched": 2, "observed": 4},
    waited_clients=17,
    longest_waits_s=1.25,
)
NAMES = [
    "hotswap_active_since_timestamp_seconds",
    "hotswap_armed",
    "hotswap_checks",
    "hotswap_database_active",
    "hotswap_database_connections",
    "hotswap_database_failures",
    "hotswap_database_health",
    "hotswap_database_last_check_age_seconds",
    "hotswap_database_last_pass_timestamp_seconds",
    "hotswap_database_latency_seconds",
    "hotswap_database_max_connections",
    "hotswap_database_read_only",
    "hotswap_database_up",
    "hotswap_disagrees",
    "hotswap_dossier_verdict",
    "hotswap_drill",
    "hotswap_events",
    "hotswap_failover_available",
    "hotswap_gateway_configured",
    "hotswap_gateway_paused",
    "hotswap_gateway_points_to",
    "hotswap_gateway_readable",
    "hotswap_held_seconds",
    "hotswap_holding",
    "hotswap_info",
    "hotswap_observed",
    "hotswap_observing",
    "hotswap_pool_clients",
    "hotswap_pool_max_wait_seconds",
    "hotswap_pool_queries",
    "hotswap_pool_query_seconds",
    "hotswap_pool_servers",
    "hotswap_replication_failures",
    "hotswap_replication_lag_age_seconds",
    "hotswap_replication_lag_bytes",
    "hotswap_replication_lag_seconds",
    "hotswap_replication_streaming",
    "hotswap_rows_estimate",
    "hotswap_schema_differences",
    "hotswap_secondary_configured",
    "hotswap_secondary_rows_written",
    "hotswap_sequences_behind",
    "hotswap_serving",
    "hotswap_slot_full_in_seconds",
    "hotswap_slot_retained_bytes",
    "hotswap_slots_lost",
    "hotswap_start_timestamp_seconds",
    "hotswap_state",
    "hotswap_switches",
    "hotswap_switches_in_hour",
    "hotswap_switches_per_hour_limit",
    "hotswap_switching",
    "hotswap_sync_age_seconds",
    "hotswap_sync_relation",
    "hotswap_tables_not_copied",
    "hotswap_tables_not_replicated",
    "hotswap_waited_clients",
    "hotswap_write_rows_per_second",
]
"""What dashboards and alarms of others rest on: names may be added, never changed."""


async def scrape(picture, tally=TALLY):
    """Return the samples by name and labels, and the families."""
    client = ScriptedLocal(picture)
    client.counted = tally
    async with public(client, LOCAL) as api:
        answer = await api.ask("/metrics")
    assert (answer.status, api.faults) == (200, [])
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.body.decode()))
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value for family in families for sample in family.samples
    }
    return samples, families


async def test_the_names_are_those_that_were_promised():
    _, families = await scrape(snapshot(router=ROUTED))
    assert sorted(family.name for family in families if family.name.startswith("hotswap_")) == NAMES
    assert {family.name for family in families if not family.name.startswith("hotswap_")} >= {
        "process_resident_memory_bytes",
        "process_cpu_seconds",
    }
    assert all(family.documentation for family in families)


async def test_the_numbers_of_states_are_promised_and_explained():
    assert [STATES[state] for state in State] == [0, 1, 2, 3, 4, 5, 6]
    assert [HEALTHS[health] for health in Health] == [0, 1, 2, 3, 4]
    _, families = await scrape(snapshot())
    texts = {family.name: family.documentation for family in families}
    assert texts["hotswap_state"] == (
        "State: 0 STARTING, 1 PRIMARY, 2 SUSPECT, 3 FAILING_OVER, 4 SECONDARY, 5 FAILING_BACK, 6 UNAVAILABLE."
    )
    assert texts["hotswap_database_health"] == "Health: 0 unknown, 1 up, 2 degraded, 3 failing, 4 down."


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"state": 1, "serving": 1, "armed": 1, "failover_available": 1, "secondary_configured": 1}),
        (ON_SECONDARY, {"state": 4, "serving": 1, "active_since_timestamp_seconds": WALL_S - 151}),
        (NOBODY, {"state": 6, "serving": 0, "failover_available": 0}),
        ({"mode": DISARMED}, {"armed": 0}),
        ({"policy": replace(POLICY, observe=True)}, {"observing": 1, "switches_per_hour_limit": 6}),
        ({"secondary": None}, {"secondary_configured": 0}),
        ({"switch": switch()}, {"switching": 1, "holding": 0}),
        ({"hold": Hold(NOW_S - 1, NOW_S + 4)}, {"holding": 1}),
        ({"drill": Drill("pi", NOW_S, NOW_S + 5)}, {"drill": 1}),
        ({"router": ELSEWHERE, "disagrees": True}, {"disagrees": 1, "gateway_configured": 1, "gateway_readable": 1}),
        ({"router": replace(ROUTED, error="timeout", paused=True)}, {"gateway_readable": 0, "gateway_paused": 1}),
        (
            {"switches_in_hour": 3, "started_s": NOW_S - 60},
            {"switches_in_hour": 3, "start_timestamp_seconds": WALL_S - 60},
        ),
    ],
)
async def test_a_picture_in_numbers(changes, expected):
    samples, _ = await scrape(snapshot(**changes))
    assert {name: samples[f"hotswap_{name}",] for name in expected} == pytest.approx(expected)


async def test_a_moment_is_the_same_number_at_every_scrape():
    """The clocks of a picture are read some microseconds apart; `changes()` must not count that."""
    name = "hotswap_active_since_timestamp_seconds"
    told = {(await scrape(snapshot(wall_s=WALL_S + 0.2513 + step * 1e-6)))[0][name,] for step in range(-40, 40, 7)}
    assert len(told) == 1


async def test_a_database_in_numbers():
    failing = down(PRIMARY, facts=READ_ONLY)
    samples, _ = await scrape(snapshot(primary=failing, secondary=database(SECONDARY)))

    def of(name, role):
        return samples.get((f"hotswap_database_{name}", role))

    assert (of("up", "primary"), of("health", "primary"), of("failures", "primary")) == (0, 4, 5)
    assert (of("up", "secondary"), of("health", "secondary"), of("failures", "secondary")) == (1, 1, 0)
    assert (of("active", "primary"), of("active", "secondary")) == (1, 0)
    assert (of("latency_seconds", "primary"), of("latency_seconds", "secondary")) == (None, pytest.approx(0.0316))
    assert of("last_check_age_seconds", "primary") == pytest.approx(0.4)
    assert of("last_pass_timestamp_seconds", "primary") == pytest.approx(WALL_S - 42)
    assert (of("read_only", "primary"), of("read_only", "secondary")) == (1, 0)
    assert (of("connections", "secondary"), of("max_connections", "secondary")) == (12, 100)


async def test_traffic_in_numbers():
    samples, _ = await scrape(snapshot(router=ROUTED))
    assert samples["hotswap_gateway_points_to", "primary"] == 1
    assert samples["hotswap_gateway_points_to", "secondary"] == 0
    assert (samples["hotswap_pool_clients", "active"], samples["hotswap_pool_clients", "waiting"]) == (42, 0)
    assert (samples["hotswap_pool_servers", "active"], samples["hotswap_pool_servers", "idle"]) == (3, 5)
    assert samples["hotswap_pool_queries_total",] == 1_234_567
    assert samples["hotswap_pool_query_seconds_total",] == pytest.approx(617.2835)


async def test_counters_are_there_from_the_first_scrape_on():
    """An alarm on a counter that appears with its first failure would miss that one."""
    empty, _ = await scrape(snapshot(), Tally({}, {}, {}, 0, 0.0))
    assert len([key for key in empty if key[0] == "hotswap_switches_total"]) == len(SwitchKind) * 4
    assert len([key for key in empty if key[0] == "hotswap_checks_total"]) == 2 * (len(Fault) + 1)
    assert len([key for key in empty if key[0] == "hotswap_events_total"]) == len(Kind)
    samples, _ = await scrape(snapshot())
    assert samples.keys() == empty.keys()
    assert samples["hotswap_checks_total", "passed", "primary"] == 41
    assert samples["hotswap_checks_total", "primary", "timeout"] == 3
    assert samples["hotswap_switches_total", "done", "failover"] == 2
    assert samples["hotswap_switches_total", "failback", "failed"] == 1
    assert samples["hotswap_events_total", "switched"] == 2
    assert samples["hotswap_waited_clients_total",] == 17
    assert samples["hotswap_held_seconds_total",] == 1.25
    assert samples["hotswap_observed_total",] == 4


@pytest.mark.parametrize("picture", [hostile(), hostile_sync()], ids=["hostile", "hostile data"])
async def test_labels_hold_nothing_that_others_wrote(picture):
    _, families = await scrape(picture)
    labels = {
        (name, value) for family in families for sample in family.samples for name, value in sample.labels.items()
    }
    assert {name for name, _ in labels} <= {"database", "kind", "relation", "result", "source", "state", "version"}
    assert ("version", __version__) in labels
    assert all(value.replace("_", "").replace(".", "").isalnum() for _, value in labels)


@pytest.mark.parametrize("name", pictures())
async def test_every_picture_can_be_scraped(name):
    samples, _ = await scrape(pictures()[name])
    assert all(value == value for value in samples.values()), "no NaN"  # noqa: PLR0124 - what only NaN is not


def test_who_is_not_scraped_does_not_pay():
    program = "import sys; import hotswap_tui.api.public; print('prometheus_client' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
